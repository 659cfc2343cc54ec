"""The density of a take's keys: every frame, curves with few keys, or poses on the beats."""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import bpy
import numpy as np

from .. import compat
from ..edge_backend.motion.curves import LegBones, Thinned, Tolerance, Track, thin_in_steps
from ..edge_backend.motion.retarget import Rig
from ..edge_backend.motion.rotations import continuous_quaternions
from ..edge_backend.numerics.array import Array
from ..rig.looking import found
from ..rig.paths import bone_of, bone_path, rotation_property
from ..rig.retarget import Measured, measure
from .channel_keys import ChannelKeys, values_at, write_channel
from .cycles import make_cyclic, repetition_of
from .take_details import PROPERTY, note_keys, span

Density = Literal["FRAMES", "CURVES", "BLOCKING"]


@dataclass(frozen=True, slots=True)
class RigSnapshot:
    """The data of an armature that thinning keys needs, copied so that the armature may change meanwhile.

    modes: rotation modes of the bones. up: (3,) the vertical in armature space. unit: armature units per metre.
    """

    modes: dict[str, str]
    rig: Rig
    legs: tuple[LegBones, ...]
    up: Array
    unit: float


def rig_snapshot(armature: bpy.types.Object, measured: Measured | None = None) -> RigSnapshot:
    """The snapshot of the armature. measured: the result of `measure`, if it is there. Raises EdgeError rig_unfit."""
    bone_map, fit = measured or measure(armature)
    legs = (
        LegBones(*(bone_map.bones[f"{part}.{side}"] for part in ("thigh", "shin", "foot")), bone_map.bones.get(toes))
        for side, toes in (("L", "toes.L"), ("R", "toes.R"))
        if f"foot.{side}" in bone_map.bones
    )
    hanging = tuple(leg for leg in legs if {leg.thigh, leg.shin} <= set(fit.rig.ancestors(leg.foot)))
    return RigSnapshot(modes_of(armature), fit.rig, hanging, fit.axes[:, 2], fit.scale * fit.growth)


def modes_of(armature: bpy.types.Object) -> dict[str, str]:
    """Bone -> its rotation mode."""
    return {bone.name: bone.rotation_mode for bone in armature.pose.bones}


def in_density(
    snapshot: RigSnapshot,
    keys: Sequence[ChannelKeys],
    density: Density,
    tolerance: Tolerance,
    *,
    beats: Iterable[float] = (),
    exact: Iterable[float] = (),
    constrained: Iterable[float] = (),
) -> Generator[float, None, list[ChannelKeys]]:
    """Keys of another density for linear keys on every frame, in small steps that yield the fraction done.

    FRAMES returns the keys unchanged; the other densities have keys on whole frames. CURVES deviate by the tolerance at
    most, BLOCKING has constant poses from beat to beat. All frames are the scene's: beats; exact: poses that are keyed
    unchanged; constrained: curves deviate by 0.5 degrees and 2 mm at most.
    """
    if density == "FRAMES":
        return list(keys)
    first, last = keys[0].frames[0], keys[0].frames[-1]
    frames = np.arange(np.ceil(first - 1e-3), np.floor(last + 1e-3) + 1)
    tracks = _tracks(keys, snapshot.modes, frames)
    beats, exact = ([round(frame - frames[0]) for frame in some] for some in (beats, exact))
    if density == "BLOCKING":
        keyed = np.array(sorted({0, len(frames) - 1, *(at for at in (*beats, *exact) if 0 <= at < len(frames))}))
        return [
            ChannelKeys(track.bone, channel, frames[keyed], values[keyed], "CONSTANT")
            for track in tracks
            for channel, values in _channels(track, track.values)
        ]
    known = {track.bone for track in tracks}
    legs = [leg for leg in snapshot.legs if known.issuperset(leg.aimed)]  # others are moved by IK controls
    thinned = yield from thin_in_steps(
        tracks, tolerance, snapshot.rig, keyed=beats, exact=exact,
        constrained=sorted({round(frame - frames[0]) for frame in constrained}),
        legs=legs, up=snapshot.up, unit=snapshot.unit,
    )  # fmt: skip
    return [keys for bone in thinned for keys in _bezier(bone, frames)]


def rekey(action: bpy.types.Action, keys: Sequence[ChannelKeys], density: Density) -> None:
    """Replace the keys of the take's channels. A loop repeats as before."""
    travels = repetition_of(action)
    for channel in keys:
        write_channel(compat.curves_owner(action), channel)
    if travels is not None:
        make_cyclic(action, travels)
    details: Any = action[PROPERTY]
    details["density"] = density
    note_keys(action)


def key_count(action: bpy.types.Action) -> int:
    """The number of keys of the action, over all F-curves."""
    return sum(len(curve.keyframe_points) for curve in compat.fcurves_of(action))


def sampled_in_steps(armature: bpy.types.Object, action: bpy.types.Action) -> Generator[float, None, list[ChannelKeys]]:
    """The channels of every bone whose rotation the action animates, sampled at whole frames as linear keys.

    A channel in each step, which yields the fraction done. Raises EdgeError dancer_gone if armature or action is
    removed meanwhile.
    """
    character, take = armature.session_uid, action.session_uid
    first, last = span(action)
    frames = np.arange(np.ceil(first - 1e-3), np.floor(last + 1e-3) + 1)
    wanted, keys = _animated_channels(armature, action), []
    for number, (name, channel) in enumerate(wanted):
        yield number / len(wanted)
        armature, curves = found(bpy.data.objects, character), compat.fcurves_of(found(bpy.data.actions, take))
        if bone := armature.pose.bones.get(name):
            keys.append(ChannelKeys(name, channel, frames, sample(curves, bone, channel, frames)))
    return keys


def _animated_channels(armature: bpy.types.Object, action: bpy.types.Action) -> list[tuple[str, str]]:
    """(bone, channel): rotation of every bone whose rotation the action animates, and location if that moves."""
    curves = compat.fcurves_of(action)
    moving = [curve for curve in curves if len(curve.keyframe_points) > 1]
    keyed = dict.fromkeys(bone_of(curve.data_path) for curve in moving)
    moved = {bone_of(curve.data_path) for curve in moving if curve.data_path.endswith(".location")}
    channels = []
    for name in keyed:
        bone = armature.pose.bones.get(name) if name else None
        channel = rotation_property(bone.rotation_mode) if bone else ""
        if name and bone and curves.find(f"{bone_path(name)}.{channel}"):
            channels += [(name, wanted) for wanted in ((channel, "location") if name in moved else (channel,))]
    return channels


def sample(curves: Any, bone: bpy.types.PoseBone, channel: str, frames: Array) -> Array:
    """A channel of the bone (T, n) at these frames; without an F-curve, its current value."""
    now = list(getattr(bone, channel))
    columns = []
    for index, value in enumerate(now):
        curve = curves.find(f"{bone_path(bone.name)}.{channel}", index=index)
        columns.append([curve.evaluate(frame) for frame in frames] if curve else np.full(len(frames), value))
    return np.array(columns, dtype=np.float64).T


def _tracks(keys: Sequence[ChannelKeys], modes: dict[str, str], frames: Array) -> list[Track]:
    """Linear keys as the motion of bones at these frames."""
    channels = {(channel.bone, channel.channel): channel for channel in keys}
    tracks = []
    for bone in dict.fromkeys(channel.bone for channel in keys):
        rotation = values_at(channels[bone, rotation_property(modes[bone])], frames)
        if modes[bone] == "QUATERNION":
            rotation = continuous_quaternions(rotation / np.linalg.norm(rotation, axis=1, keepdims=True))
        place = channels.get((bone, "location"))
        tracks.append(Track(bone, modes[bone], rotation, values_at(place, frames) if place else None))
    return tracks


def _bezier(thinned: Thinned, frames: Array) -> list[ChannelKeys]:
    track, at = thinned.track, frames[thinned.keys]
    pairs = zip(_channels(track, thinned.values), _channels(track, thinned.slopes), strict=True)
    return [ChannelKeys(track.bone, channel, at, values, "BEZIER", slopes) for (channel, values), (_, slopes) in pairs]


def _channels(track: Track, values: Array) -> list[tuple[str, Array]]:
    """Rotation and location, with the names of the bone's properties."""
    width = track.rotation.shape[1]
    both = (rotation_property(track.mode), values[:, :width]), ("location", values[:, width:])
    return [*both] if track.location is not None else [both[0]]
