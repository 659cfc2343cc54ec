"""Root motion: moves a take's horizontal translation from the hips to the root bone or the object, and back.

The path over the floor is a linear function of the hips' location channels, so keys and handles are converted exactly.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal, get_args

import bpy
import numpy as np

from .. import compat
from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.retarget.rig import Rig, location_axes, turn_bones
from ..edge_backend.numerics.array import Array
from ..keyframes.channel_keys import ChannelKeys, copy_keys
from ..keyframes.cycles import copy_cycles
from ..keyframes.take_details import PROPERTY, details
from ..rig.paths import bone_of, bone_path
from ..rig.retarget import measure
from ..rig.standing import carried_from

Place = Literal["HIPS", "BONE", "OBJECT", "IN_PLACE"]
PLACES: tuple[str, ...] = get_args(Place)

_PARTS = ("co", "handle_left", "handle_right")
_OBJECT = "Object Transforms"


def root_motion_of(action: bpy.types.Action) -> Place:
    """Where the take's horizontal translation is."""
    return details(action).get("root_motion", {}).get("place", "HIPS")


def root_bone(armature: bpy.types.Object) -> str:
    """The topmost ancestor of the bone that moves the body.

    Raises EdgeError root_bone_none where there is none, rig_unfit.
    """
    _, measured = measure(armature)
    above = [name for name in measured.rig.ancestors(measured.travel) if not measured.rig[name].connected]
    if not above:
        raise EdgeError(
            "root_bone_none",
            f"{armature.name} has no bone above {measured.travel}, which carries the body.",
            "Choose Object, or add a root bone and make it the parent.",
        )
    return above[-1]


def check_root_motion(armature: bpy.types.Object, place: Place) -> None:
    """Raise EdgeError root_bone_none, rig_unfit if the armature's root motion cannot be there."""
    if place == "BONE":
        root_bone(armature)


def set_root_motion(armature: bpy.types.Object, action: bpy.types.Action, place: Place) -> None:
    """Move the take's horizontal translation to the hips, the root bone or the object.

    The dance looks the same. IN_PLACE mutes the curves of the root bone, or of the object, so that the dancer stays in
    place; they are unmuted by the next change. Height and heading remain in the hips. Raises EdgeError root_bone_none,
    root_keys, rig_unfit.
    """
    if place == root_motion_of(action):
        return
    check_root_motion(armature, place)
    _back_to_hips(armature, action)
    if place == "HIPS":
        return
    bone = ""
    if place != "OBJECT":
        try:
            bone = root_bone(armature)
        except EdgeError:  # in place, on a character without a root bone
            bone = ""
    _from_hips(armature, action, bone)
    if place == "IN_PLACE":
        for curve in _location_curves(action, _path(bone)):
            curve.mute = True
        _put(armature, bone, _stored(action)["start"])
    _store(action, place=place)


@contextmanager
def carried_by_hips(armature: bpy.types.Object, action: bpy.types.Action) -> Iterator[bpy.types.Action]:
    """The action with its horizontal translation on the hips, in this block: itself, or a temporary copy.

    Raises EdgeError root_keys, rig_unfit.
    """
    if root_motion_of(action) == "HIPS":
        yield action
        return
    copy = action.copy()
    try:
        _back_to_hips(armature, copy)
        yield copy
    finally:
        bpy.data.actions.remove(copy)


def keys_on_hips(
    armature: bpy.types.Object, action: bpy.types.Action, keys: Sequence[ChannelKeys]
) -> list[ChannelKeys]:
    """Linear keys that were sampled from the action, with its translation over the floor on the hips.

    Raises EdgeError root_keys, rig_unfit.
    """
    stored = _stored(action)
    if not stored:
        return list(keys)
    bone, names, rig = stored["bone"], list(stored["bones"]), measure(armature)[1].rig
    curves, to_armature = _curves(action, bone), _to_armature(armature, rig, bone)
    found = []
    for channel in keys:
        if channel.channel == "location" and channel.bone in names:
            moved = np.array([[curve.evaluate(frame) for curve in curves] for frame in channel.frames])
            floor_path = (moved - np.array(stored["start"])) @ to_armature.T
            values = channel.values + floor_path @ np.linalg.inv(_axes(rig, channel.bone)).T
            found.append(replace(channel, values=values))
        elif (channel.bone, channel.channel) != (bone, "location"):
            found.append(channel)
    return found


def _from_hips(armature: bpy.types.Object, action: bpy.types.Action, bone: str) -> None:
    """Move the translation over the floor from the bones that have it to `bone`, "" for the object."""
    _, measured = measure(armature)
    rig = measured.rig
    carried = _carried(rig, action, bone)
    axes = {name: _axes(rig, name) for name in carried}
    values = {name: _read(action, name) for name in carried}
    if measured.travel not in values:
        raise EdgeError("root_keys", f"{action.name} does not move {measured.travel}.", "Choose another take.")
    times, hips = values[measured.travel]
    level = _level(armature)
    floor_path = (hips - hips[0, 0]) @ axes[measured.travel].T @ level.T
    for name, (own_times, own) in values.items():
        _check_times(own_times, times, f"{measured.travel} and {name}")
        _write(action, name, own - floor_path @ np.linalg.inv(axes[name]).T)
    start = _start(armature, action, bone)
    to_root = _object_axes(armature) if not bone else np.linalg.inv(_axes(rig, bone))
    _add_curves(action, bone, measured.travel, start + floor_path @ to_root.T)
    action[PROPERTY]["root_motion"] = {"bone": bone, "start": start.tolist(), "bones": list(carried)}


def _back_to_hips(armature: bpy.types.Object, action: bpy.types.Action) -> None:
    """Move the translation over the floor back to the bones that had it."""
    stored = _stored(action)
    if not stored:
        return
    bone, start, names = stored["bone"], np.array(stored["start"]), list(stored["bones"])
    rig = measure(armature)[1].rig
    times, moved = _read(action, bone)
    floor_path = (moved - start) @ _to_armature(armature, rig, bone).T
    before = {name: _read(action, name) for name in names}
    for name, (own_times, _) in before.items():
        _check_times(own_times, times, f"{name} and {bone or 'the object'}")
    for name, (_, own) in before.items():
        _write(action, name, own + floor_path @ np.linalg.inv(_axes(rig, name)).T)
    for curve in _location_curves(action, _path(bone)):
        compat.fcurves_of(action).remove(curve)
    if bone:
        for index, value in enumerate(start):
            curve = compat.new_fcurve(compat.curves_owner(action), _path(bone), index, bone)
            curve.keyframe_points.insert(action.frame_range[0], value).interpolation = "CONSTANT"
    _put(armature, bone, start)
    del action[PROPERTY]["root_motion"]


def _carried(rig: Rig, action: bpy.types.Action, bone: str) -> list[str]:
    """The topmost bones with keyed locations among the descendants of `bone`, "" for the object."""
    moving = {bone_of(curve.data_path) for curve in compat.fcurves_of(action) if _moves(curve)}
    below = [name for name in rig if name in moving and (not bone or bone in rig.ancestors(name))]
    return [name for name in below if not {*rig.ancestors(name)} & {*below}]


def _moves(curve: bpy.types.FCurve) -> bool:
    return curve.data_path.endswith("].location") and len(curve.keyframe_points) > 1


def _axes(rig: Rig, bone: str) -> Array:
    """The axes (3, 3) of a bone's location channels, columns in armature space, with its ancestors' present poses."""
    posed = turn_bones(rig, {bone: rig[bone].axes[None]}, 1, [bone])
    axes: Array = location_axes(rig, bone, posed.space[bone])[0]
    return axes


def _level(armature: bpy.types.Object) -> Array:
    """The projection (3, 3) of armature space along the world's vertical."""
    up = np.linalg.inv(np.array(armature.matrix_world)[:3, :3])[:, 2]
    up /= np.linalg.norm(up)
    return np.eye(3) - np.outer(up, up)


def _to_armature(armature: bpy.types.Object, rig: Rig, bone: str) -> Array:
    """The matrix (3, 3) from the location channels of the bone, "" for the object, to vectors in armature space."""
    to_armature: Array = _axes(rig, bone) if bone else np.linalg.inv(_object_axes(armature))
    return to_armature


def _object_axes(armature: bpy.types.Object) -> Array:
    """The matrix (3, 3) from vectors in armature space to the object's location channels."""
    return np.array(armature.matrix_basis)[:3, :3]


def _start(armature: bpy.types.Object, action: bpy.types.Action, bone: str) -> Array:
    """The location (3,) of the bone, "" for the object, at the take's start.

    Without keys, it is the present one, or that at the start of the current take if it carries that.
    """
    owner: Any = armature.pose.bones[bone] if bone else armature
    root, where = carried_from(armature) or (None, None)
    start = np.array(where if root == bone else owner.location, float)
    for curve in _location_curves(action, _path(bone)):
        start[curve.array_index] = curve.evaluate(action.frame_range[0])
    return start


def _put(armature: bpy.types.Object, bone: str, start: Any) -> None:
    owner: Any = armature.pose.bones[bone] if bone else armature
    owner.location = start


def _path(bone: str) -> str:
    return f"{bone_path(bone)}.location" if bone else "location"


def _location_curves(action: bpy.types.Action, path: str) -> list[bpy.types.FCurve]:
    return [curve for curve in compat.fcurves_of(action) if curve.data_path == path]


def _curves(action: bpy.types.Action, bone: str) -> list[bpy.types.FCurve]:
    """The three curves of the bone's location. Raises EdgeError root_keys where one is missing or they differ."""
    found = sorted(_location_curves(action, _path(bone)), key=lambda curve: curve.array_index)
    if len(found) != 3 or len({len(curve.keyframe_points) for curve in found}) != 1:
        raise EdgeError(
            "root_keys",
            f"The location curves of {bone or 'the object'} in {action.name} have different keys.",
            "Give them keys at the same frames.",
        )
    return found


def _read(action: bpy.types.Action, bone: str) -> tuple[Array, Array]:
    """Times (parts, K) and values (parts, K, 3) of keys and handles of the bone's location."""
    columns = [list(_points(curve)) for curve in _curves(action, bone)]
    parts = np.array(columns, np.float64)  # (3, parts, K, 2)
    if np.ptp(parts[..., 0], axis=0).max() > 1e-3:
        raise EdgeError(
            "root_keys",
            f"The location curves of {bone or 'the object'} in {action.name} have keys or handles at different frames.",
            "Give them keys at the same frames.",
        )
    return parts[0, ..., 0], np.moveaxis(parts[..., 1], 0, -1)


def _check_times(times: Array, others: Array, names: str) -> None:
    """Raise EdgeError root_keys if keys or handles of two locations are at different frames."""
    if times.shape != others.shape or not np.allclose(times, others, atol=1e-3):
        raise EdgeError(
            "root_keys",
            f"{names} have location keys at different frames.",
            "Make the take anew with Keys on Every Frame.",
        )


def _points(curve: bpy.types.FCurve) -> Iterator[Array]:
    points: Any = curve.keyframe_points
    for part in _PARTS:
        values = np.empty(2 * len(points), np.float32)
        points.foreach_get(part, values)
        yield values.reshape(-1, 2)


def _write(action: bpy.types.Action, bone: str, values: Array) -> None:
    """Set the values (parts, K, 3) of keys and handles of the bone's location."""
    for curve, column in zip(_curves(action, bone), np.moveaxis(values, -1, 0), strict=True):
        points: Any = curve.keyframe_points
        for part, own, new in zip(_PARTS, _points(curve), column, strict=True):
            own[:, 1] = new
            points.foreach_set(part, own.ravel())
        curve.update()


def _add_curves(action: bpy.types.Action, bone: str, like: str, values: Array) -> None:
    """Give the bone, "" for the object, location curves with these values at the keys of `like`, and its modifiers."""
    for curve in _location_curves(action, _path(bone)):
        compat.fcurves_of(action).remove(curve)
    for index, model in enumerate(_curves(action, like)):
        curve = compat.new_fcurve(compat.curves_owner(action), _path(bone), index, bone or _OBJECT)
        copy_keys(model, curve)
        copy_cycles(model, curve)
    _write(action, bone, values)


def _stored(action: bpy.types.Action) -> dict[str, Any]:
    stored: dict[str, Any] = details(action).get("root_motion", {})
    return stored


def _store(action: bpy.types.Action, **values: Any) -> None:
    action[PROPERTY]["root_motion"] = _stored(action) | values
