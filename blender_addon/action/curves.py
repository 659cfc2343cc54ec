"""How dense a take's keys are: every frame, curves through few keys, or poses on the beats."""

from collections.abc import Iterable
from typing import Any, Literal

import bpy
import numpy as np

from .. import compat
from ..edge_backend.motion.curves import LegBones, Thinned, Tolerance, Track, thin
from ..edge_backend.motion.rotations import Array, continuous_quaternions
from ..rig.retarget import measure
from .keys import bone_of, bone_path, rotation_property, write_bezier, write_constant
from .takes import PROPERTY, beat_frames, span

Density = Literal["FRAMES", "CURVES", "BLOCKING"]


def set_density(
    armature: bpy.types.Object,
    action: bpy.types.Action,
    density: Density,
    tolerance: Tolerance | None = None,
    *,
    exact: Iterable[float] = (),
    kept: Iterable[float] = (),
) -> None:
    """Key the take's bones anew, on whole frames: curves within the tolerance, or poses that hold until the next beat.

    exact: frames of the scene whose poses come out as they are. kept: those where curves stray by half a degree and
    2 mm at most. FRAMES leaves the take as it is. Raises EdgeError rig_unfit.
    """
    if density == "FRAMES":
        return
    first, last = span(action)
    frames = np.arange(np.ceil(first - 1e-3), np.floor(last + 1e-3) + 1)
    tracks = _tracks(armature, action, frames)
    beats = [round(frame - frames[0]) for frame in beat_frames(action)]
    at = [round(frame - frames[0]) for frame in exact]
    near = sorted({round(frame - frames[0]) for frame in kept})
    if density == "CURVES":
        thinned = _thinned(armature, tracks, tolerance or Tolerance(), keyed=beats, exact=at, kept=near)
    else:
        held = sorted({0, len(frames) - 1, *(frame for frame in (*beats, *at) if 0 <= frame < len(frames))})
        thinned = [_held(track, np.array(held)) for track in tracks]
    for bone_keys in thinned:
        _write(armature, action, frames[bone_keys.keys], bone_keys, density)
    kept_details: Any = action[PROPERTY]
    kept_details["density"] = density


def key_count(action: bpy.types.Action) -> int:
    """How many keys the action has, those of all F-curves together."""
    return sum(len(curve.keyframe_points) for curve in compat.fcurves_of(action))


def _thinned(
    armature: bpy.types.Object, tracks: list[Track], tolerance: Tolerance, **frames: list[int]
) -> list[Thinned]:
    bone_map, fit = measure(armature)
    legs = [
        LegBones(*(bone_map.bones[f"{part}.{side}"] for part in ("thigh", "shin", "foot")), bone_map.bones.get(toes))
        for side, toes in (("L", "toes.L"), ("R", "toes.R"))
        if f"foot.{side}" in bone_map.bones
    ]
    return thin(tracks, tolerance, fit.rig, legs=legs, up=fit.axes[:, 2], unit=fit.scale, **frames)


def _held(track: Track, keys: Array) -> Thinned:
    values = track.values[keys]
    return Thinned(track, keys, values, np.zeros_like(values))


def _tracks(armature: bpy.types.Object, action: bpy.types.Action, frames: Array) -> list[Track]:
    """The channels of every bone that the action keys, on these frames."""
    curves = compat.fcurves_of(action)
    keyed = dict.fromkeys(bone_of(curve.data_path) for curve in curves)
    moved = {bone_of(curve.data_path) for curve in curves if curve.data_path.endswith(".location")}
    tracks = []
    for name in keyed:
        bone = armature.pose.bones.get(name) if name else None
        if bone is None or not curves.find(f"{bone_path(name)}.{rotation_property(bone.rotation_mode)}"):
            continue
        rotation = sample(curves, bone, rotation_property(bone.rotation_mode), frames)
        if bone.rotation_mode == "QUATERNION":
            rotation = continuous_quaternions(rotation / np.linalg.norm(rotation, axis=1, keepdims=True))
        place = sample(curves, bone, "location", frames) if name in moved else None
        tracks.append(Track(name, bone.rotation_mode, rotation, place))
    return tracks


def sample(curves: Any, bone: bpy.types.PoseBone, channel: str, frames: Array) -> Array:
    """A channel of the bone (T, n) at these frames; what is not keyed is as it is now."""
    now = list(getattr(bone, channel))
    columns = []
    for index, value in enumerate(now):
        curve = curves.find(f"{bone_path(bone.name)}.{channel}", index=index)
        columns.append([curve.evaluate(frame) for frame in frames] if curve else np.full(len(frames), value))
    return np.array(columns, dtype=np.float64).T


def _write(
    armature: bpy.types.Object, action: bpy.types.Action, frames: Array, thinned: Thinned, density: Density
) -> None:
    """Put these keys in the place of the bone's own."""
    track = thinned.track
    curves = compat.fcurves_of(action)
    width = track.rotation.shape[1]
    kind = rotation_property(armature.pose.bones[track.bone].rotation_mode)
    for column in range(thinned.values.shape[1]):
        channel, index = (kind, column) if column < width else ("location", column - width)
        path = f"{bone_path(track.bone)}.{channel}"
        if old := curves.find(path, index=index):
            curves.remove(old)
        fcurve = compat.new_fcurve(compat.curves_owner(action), path, index, track.bone)
        if density == "BLOCKING":
            write_constant(fcurve, frames, thinned.values[:, column])
        else:
            write_bezier(fcurve, frames, thinned.values[:, column], thinned.slopes[:, column])
