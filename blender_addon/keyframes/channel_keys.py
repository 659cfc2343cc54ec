"""Writing keys: whole arrays per F-curve; key by key only where keys are appended."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import bpy
import numpy as np
from mathutils import Euler, Quaternion

from .. import compat
from ..edge_backend.motion.curves.spline import draw
from ..edge_backend.numerics.array import Array
from ..rig.channels import BoneChannels
from ..rig.paths import bone_of, bone_path, rotation_property

_KEYFRAME: Any = bpy.types.Keyframe.bl_rna.properties
# The attributes of a key: name, number of values, their type.
_KEY_PARTS: tuple[tuple[str, int, Any], ...] = (
    ("co", 2, np.float32),
    ("interpolation", 1, np.int32),
    ("easing", 1, np.int32),
    ("handle_left_type", 1, np.int32),
    ("handle_right_type", 1, np.int32),
    ("handle_left", 2, np.float32),
    ("handle_right", 2, np.float32),
)


Interpolation = Literal["LINEAR", "CONSTANT", "BEZIER"]
_INTERPOLATIONS = {item.identifier: item.value for item in _KEYFRAME["interpolation"].enum_items}
_ALIGNED = _KEYFRAME["handle_left_type"].enum_items["ALIGNED"].value


@dataclass(frozen=True, slots=True)
class ChannelKeys:
    """The keys of a bone's channel, for all its F-curves.

    channel: the bone's property. frames: (K,) of the scene. values: (K, n), one column for each F-curve. slopes: (K,
    n), per frame, for Bezier keys. still_once: an F-curve whose values are all equal gets the first key alone.
    """

    bone: str
    channel: str
    frames: Array
    values: Array
    interpolation: Interpolation = "LINEAR"
    slopes: Array | None = None
    still_once: bool = False


def bone_keys(
    mode: str, frames: Array, channels: BoneChannels, before: Sequence[float] | None = None
) -> list[ChannelKeys]:
    """The keys of a bone with this rotation mode at `frames` (T,). before: as in `rotation_values`."""
    keys = []
    if channels.location is not None:
        keys.append(ChannelKeys(channels.bone, "location", frames, channels.location))
    values = rotation_values(mode, channels.quaternions, before)
    return [*keys, ChannelKeys(channels.bone, rotation_property(mode), frames, values)]


def smooth_keys(keys: ChannelKeys) -> ChannelKeys:
    """The same keys as Bezier keys, with slopes of a smooth curve."""
    slopes = np.gradient(keys.values, keys.frames, axis=0) if len(keys.frames) > 1 else np.zeros_like(keys.values)
    return replace(keys, interpolation="BEZIER", slopes=slopes)


def without_repeats(keys: ChannelKeys) -> ChannelKeys:
    """Linear keys without those between two keys of equal values; the curve is exactly the same."""
    same = (keys.values[1:] == keys.values[:-1]).all(axis=1)
    repeats, repeated = np.append(False, same), np.append(same, False)
    needed = ~(repeats & repeated)
    if same.all():
        needed = np.arange(len(needed)) == 0
    return replace(keys, frames=keys.frames[needed], values=keys.values[needed])


def values_at(keys: ChannelKeys, frames: Array) -> Array:
    """What the channel's F-curves have (F, n) at these frames (F,), which ascend."""
    if keys.slopes is not None:
        return draw(keys.values, keys.slopes, keys.frames, np.clip(frames, keys.frames[0], keys.frames[-1]))
    if keys.interpolation == "CONSTANT":
        return np.asarray(keys.values[np.maximum(np.searchsorted(keys.frames, frames, side="right") - 1, 0)])
    return np.stack([np.interp(frames, keys.frames, column) for column in keys.values.T], axis=1)


def write_channel(curves: Any, keys: ChannelKeys) -> None:
    """Set the keys of the bone's channel, replacing earlier ones, in a group with the bone's name.

    curves: as compat.new_action returned it.
    """
    for index in range(keys.values.shape[1]):
        write_curve(curves, keys, index)


def write_curve(curves: Any, keys: ChannelKeys, index: int) -> None:
    """As `write_channel`, for one of the channel's F-curves."""
    path, column = f"{bone_path(keys.bone)}.{keys.channel}", keys.values[:, index]
    once = keys.still_once and bool((column == column[0]).all())
    fcurve = curves.fcurves.find(path, index=index)
    if fcurve and len(fcurve.keyframe_points) > (1 if once else len(column)):
        curves.fcurves.remove(fcurve)
        fcurve = None
    fcurve = fcurve or compat.new_fcurve(curves, path, index, keys.bone)
    if once:
        _write_one(fcurve, keys.frames[0], column[0], keys.interpolation)
    elif keys.slopes is not None:
        write_bezier(fcurve, keys.frames, column, keys.slopes[:, index])
    else:
        _write(fcurve, keys.frames, column, keys.interpolation)
        fcurve.update()


def add_to_curve(curves: Any, keys: ChannelKeys, index: int) -> None:
    """Append linear keys to an F-curve of the bone's channel, which has keys; none of these is read or changed.

    foreach_set and update() would go through all keys of the curve.
    """
    points = curves.fcurves.find(f"{bone_path(keys.bone)}.{keys.channel}", index=index).keyframe_points
    first, kind = len(points), keys.interpolation
    points.add(len(keys.frames))
    values = zip(keys.frames.tolist(), keys.values[:, index].tolist(), strict=True)
    for point, place in zip(points[first:], values, strict=True):
        point.co = point.handle_left = point.handle_right = place
        point.interpolation = kind
        point.select_control_point = point.select_left_handle = point.select_right_handle = False


def key_switch(curves: Any, path: str, group: str, frame: float, value: float) -> None:
    """Key a property once, with constant interpolation."""
    fcurve = compat.new_fcurve(curves, path, 0, group)
    fcurve.keyframe_points.insert(frame, value).interpolation = "CONSTANT"


def write_keys(fcurve: bpy.types.FCurve, frames: Array, values: Array) -> None:
    """Set the keys of an F-curve at frames (T,) to values (T,), linear. The F-curve has at most T keys."""
    _write(fcurve, frames, values, "LINEAR")
    fcurve.update()  # sets the handles, which are undefined otherwise


def write_bezier(fcurve: bpy.types.FCurve, frames: Array, values: Array, slopes: Array) -> None:
    """Set the keys of an F-curve as a smooth curve with these slopes (T,), per frame.

    The handles are aligned, at a third of the distance to the next key: there the curve is the cubic of motion.curves.
    """
    points = _write(fcurve, frames, values, "BEZIER")
    kinds = np.full(len(frames), _ALIGNED, np.int32)
    reach = np.ones(len(frames) + 1)
    if len(frames) > 1:
        reach[1:-1] = np.diff(frames) / 3
        reach[0], reach[-1] = reach[1], reach[-2]
    for side, offset in (("handle_left", -reach[:-1]), ("handle_right", reach[1:])):
        points.foreach_set(f"{side}_type", kinds)
        points.foreach_set(side, _pairs(frames + offset, values + offset * slopes))
    fcurve.update()


def _write_one(fcurve: bpy.types.FCurve, frame: float, value: float, interpolation: Interpolation) -> None:
    """Set the only key of an F-curve, several times as fast as arrays do it."""
    points: Any = fcurve.keyframe_points
    points.add(1 - len(points))
    point = points[0]
    point.co = point.handle_left = point.handle_right = (frame, value)
    point.interpolation = interpolation
    point.select_control_point = point.select_left_handle = point.select_right_handle = False


def _write(fcurve: bpy.types.FCurve, frames: Array, values: Array, interpolation: Interpolation) -> Any:
    points: Any = fcurve.keyframe_points
    points.add(len(frames) - len(points))
    points.foreach_set("co", _pairs(frames, values))
    points.foreach_set("interpolation", np.full(len(frames), _INTERPOLATIONS[interpolation], np.int32))
    unselected = np.zeros(len(frames), dtype=bool)
    for part in ("select_control_point", "select_left_handle", "select_right_handle"):
        points.foreach_set(part, unselected)  # new keys would be selected
    return points


def _pairs(frames: Array, values: Array) -> Array:
    """Frames (T,) and values (T,) in turn (2 T,), as `foreach_set` takes them."""
    pairs = np.empty(2 * len(frames), np.float32)
    pairs[::2], pairs[1::2] = frames, values
    return pairs


def make_linear(action: bpy.types.Action) -> None:
    """Interpolate linearly between all keys of the action."""
    linear = _INTERPOLATIONS["LINEAR"]
    for curve in compat.fcurves_of(action):
        points: Any = curve.keyframe_points
        points.foreach_set("interpolation", np.full(len(points), linear, np.int32))
        curve.update()


def copy_others(source: bpy.types.Action, action: bpy.types.Action) -> None:
    """Copy the source's F-curves that the action does not have: fingers, faces, properties.

    A channel of a dancing bone with a single key counts as not keyed: the location of a moved shoulder is copied too.
    """
    own_curves = compat.fcurves_of(action)
    moving = {curve.data_path for curve in own_curves if len(curve.keyframe_points) > 1}
    danced = set(map(bone_of, moving))
    for curve in compat.fcurves_of(source):
        if own := own_curves.find(curve.data_path, index=curve.array_index):
            if curve.data_path in moving or bone_of(curve.data_path) not in danced:
                continue
            own_curves.remove(own)
        group = curve.group.name if curve.group else bone_of(curve.data_path) or "Object"
        copy = compat.new_fcurve(compat.curves_owner(action), curve.data_path, curve.array_index, group)
        copy_keys(curve, copy)


def copy_keys(source: bpy.types.FCurve, target: bpy.types.FCurve) -> None:
    """Give a curve without keys those of another, and its extrapolation."""
    count = len(source.keyframe_points)
    target.keyframe_points.add(count)
    for name, width, kind in _KEY_PARTS:
        values = np.empty(width * count, kind)
        source.keyframe_points.foreach_get(name, values)
        target.keyframe_points.foreach_set(name, values)
    target.extrapolation = source.extrapolation
    target.update()


def rotation_values(mode: str, quaternions: Array, before: Sequence[float] | None = None) -> Array:
    """Values (T, 4 or 3) of a bone's rotation in this mode, from quaternions (T, 4) without sign flips.

    before: Euler angles (3,) that the first values continue without a jump.
    """
    if mode == "QUATERNION":
        return quaternions
    if mode == "AXIS_ANGLE":
        half = np.linalg.norm(quaternions[:, 1:], axis=1, keepdims=True)
        axes = np.where(half > 1e-9, quaternions[:, 1:] / np.maximum(half, 1e-9), (0.0, 1.0, 0.0))
        return np.hstack([2 * np.arctan2(half, quaternions[:, :1]), axes])
    last = [Euler(before, mode)] if before is not None else []
    angles = []
    for quaternion in quaternions.tolist():
        last = [Quaternion(quaternion).to_euler(mode, *last)]
        angles.append(last[0][:])  # a slice: numpy converts Euler objects ten times slower
    return np.array(angles)
