"""Exact constraints as keys: a take's channels are set to what they were at constrained frames.

A dance from the model passes through the proportions of the rig and the foot cleanup. At frames with an exact
constraint the bones' channels are therefore set to their former values, and the difference fades out beside them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import bpy
import numpy as np

from .. import compat
from ..edge_backend.motion.skeleton import Joint
from ..edge_backend.numerics.array import Array
from ..keyframes.channel_keys import ChannelKeys
from ..keyframes.density import sample
from ..keyframes.timing import Timing
from ..rig.dancer import is_dancer
from ..rig.hands import fingers_of
from ..rig.paths import bone_path, rotation_property
from ..rig.retarget import bone_map_of
from ..rig.skeleton import BONE_NAMES
from ..takes.take_list import current_take
from .body_parts import bones_of
from .rows import Row, exact_frames

FADE_S = 0.3
_HANDS = {"L": Joint.LEFT_HAND, "R": Joint.RIGHT_HAND}
_NEAR, _END, _EVERY = 0.5, 2, 10
"""Frames from a finger's key within which an exact frame is keyed; exact frames keyed at each end of a range; frames
from one to the next that are keyed in any case, for a new dance has its keys elsewhere."""


@dataclass(frozen=True)
class ExactChannel:
    """A channel of a bone at frames of the scene: values (n, 4 or 3) at the frames (n,), in rising order."""

    bone: str
    channel: str
    frames: Array
    values: Array


def exact_channels_of_rows(armature: bpy.types.Object, rows: Sequence[Row], timing: Timing) -> list[ExactChannel]:
    """The channels of the bones with an exact constraint.

    Of a rig that is keyed on other bones than those whose pose is read, only if the action is a take, in which the read
    bones follow the keyed ones.
    """
    bone_map = bone_map_of(armature)
    if bone_map.read and current_take(armature) is None:
        return []
    exact: list[ExactChannel] = []
    for row, frames, shown in exact_frames(rows, timing):
        body = row.body
        if is_dancer(armature):
            bones = [BONE_NAMES[joint] for joint in sorted(body.joints)]
        else:
            bones = bones_of(bone_map.bones, body)
        exact += exact_channels(armature, bones, frames, shown, places=body.root)
        for finger, chain in fingers_of(armature).items():
            if _HANDS[finger[-1]] in body.joints:
                exact += _finger_channels(armature, chain, np.array(frames), np.array(shown))
    return exact


def _finger_channels(
    armature: bpy.types.Object, bones: Sequence[str], frames: Array, shown: Array
) -> list[ExactChannel]:
    """Exact channels of finger bones: where they have keys, which are few, every ten frames, and at both ends."""
    data = armature.animation_data
    if not data or not data.action:
        return []
    places = np.arange(len(shown))
    always = (np.minimum(places, places[::-1]) < _END) | (places % _EVERY == 0)
    exact = []
    curves = compat.fcurves_of(data.action, armature)
    for name in bones:
        channel = rotation_property(armature.pose.bones[name].rotation_mode)
        keyed = [curve for index in range(4) if (curve := curves.find(f"{bone_path(name)}.{channel}", index=index))]
        keys = np.array([point.co.x for curve in keyed for point in curve.keyframe_points])
        near = np.abs(shown[:, None] - keys[None]).min(axis=1, initial=np.inf) < _NEAR
        chosen = always | near
        exact += exact_channels(armature, [name], frames[chosen].tolist(), shown[chosen].tolist(), places=False)
    return exact


def exact_channels(
    armature: bpy.types.Object, bones: Sequence[str], frames: Sequence[float], shown: Sequence[float], places: bool
) -> list[ExactChannel]:
    """Values of these bones' channels at the frames `shown`, to be restored at `frames`. Keyed channels only.

    places: include the locations.
    """
    data = armature.animation_data
    if not data or not data.action or not len(frames):
        return []
    curves = compat.fcurves_of(data.action, armature)
    exact = []
    for name in bones:
        bone = armature.pose.bones[name]
        for channel in (rotation_property(bone.rotation_mode), *(("location",) if places else ())):
            if curves.find(f"{bone_path(name)}.{channel}"):
                exact.append(
                    ExactChannel(name, channel, np.array(frames), sample(curves, bone, channel, np.array(shown)))
                )
    return exact


def with_exact_keys(keys: Sequence[ChannelKeys], exact: Sequence[ExactChannel], rate: float) -> list[ChannelKeys]:
    """The keys of a new dance, one at each of its frames, changed to pass through the exact channels.

    rate: the scene's frames per second.
    """
    together: dict[tuple[str, str], list[ExactChannel]] = {}
    for item in exact:
        together.setdefault((item.bone, item.channel), []).append(item)
    drawn = []
    for channel in keys:
        items = together.get((channel.bone, channel.channel))
        drawn.append(_drawn_to(channel, items, FADE_S * rate) if items else channel)
    return drawn


def _drawn_to(keys: ChannelKeys, items: Sequence[ExactChannel], fade: float) -> ChannelKeys:
    wanted_frames = np.concatenate([item.frames for item in items])
    wanted, order = np.unique(np.round(wanted_frames, 3), return_index=True)
    targets = np.concatenate([item.values for item in items])[order]
    inside = (wanted > keys.frames[0] - 1e-2) & (wanted < keys.frames[-1] + 1e-2)
    frames, values = through_targets(
        keys.frames, keys.values, wanted[inside], targets[inside], channel=keys.channel, fade=fade
    )
    return replace(keys, frames=frames, values=values)


def through_targets(
    frames: Array, values: Array, wanted: Array, targets: Array, *, channel: str, fade: float
) -> tuple[Array, Array]:
    """Keys at frames (T,) with values (T, n), changed to pass through targets (m, n) at the frames `wanted` (m,).

    `wanted` is in rising order; a target without a key gets one. The difference fades out over `fade` frames; between
    targets closer than twice that, it blends from one difference to the next. channel: the bone's property, for
    rotations.
    """
    if not len(wanted):
        return frames, values
    nearest = np.abs(frames[:, None] - wanted[None]).min(axis=0)
    extra = wanted[nearest > 1e-2]
    merged = np.sort(np.concatenate([frames, extra]))
    columns = [np.interp(merged, frames, column) for column in values.T]
    values = np.stack(columns, axis=1)
    now = np.stack([np.interp(wanted, merged, column) for column in columns], axis=1)
    exact = _same_turn(targets, now, channel)
    difference = exact - now
    before = np.searchsorted(wanted, merged + 1e-2, side="right") - 1
    after = np.searchsorted(wanted, merged - 1e-2)
    ahead = np.where(before >= 0, merged - wanted[np.maximum(before, 0)], np.inf)
    behind = np.where(after < len(wanted), wanted[np.minimum(after, len(wanted) - 1)] - merged, np.inf)
    reach_before, reach_after = np.full(len(merged), fade), np.full(len(merged), fade)
    gap = ahead + behind
    close = gap < 2 * fade
    reach_before[close], reach_after[close] = gap[close], gap[close]
    weight_before, weight_after = _falloff(ahead, reach_before), _falloff(behind, reach_after)
    weight_after[before == after] = 0  # on a target, which is the one before and the one after
    values = values + weight_before[:, None] * difference[np.maximum(before, 0)]
    values = values + weight_after[:, None] * difference[np.minimum(after, len(wanted) - 1)]
    if channel == "rotation_quaternion":
        values = values / np.linalg.norm(values, axis=1, keepdims=True)
    values[np.searchsorted(merged, wanted - 1e-2)] = exact  # to the bit
    return merged, values


def _falloff(distance: Array, reach: Array) -> Array:
    """Weight that falls from 1 at distance 0 to 0 at `reach`, smooth at both ends; two with one reach sum to 1."""
    share = np.clip(np.where(np.isfinite(distance), distance, reach) / np.maximum(reach, 1e-9), 0, 1)
    return 1 - share * share * (3 - 2 * share)


def _same_turn(targets: Array, now: Array, channel: str) -> Array:
    """The targets, with quaternions in the hemisphere of `now` and Euler angles in the same turn."""
    if channel == "rotation_quaternion":
        return np.where(np.sum(targets * now, axis=1, keepdims=True) < 0, -targets, targets)
    if channel == "rotation_euler":
        return targets + 2 * np.pi * np.round((now - targets) / (2 * np.pi))
    return targets
