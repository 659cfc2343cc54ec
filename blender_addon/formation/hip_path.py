"""The path of a dancer's hips by the keys of its dance, which nothing has to show."""

from collections.abc import Generator, Iterable, Sequence

import numpy as np

from ..edge_backend.motion.curves.posing import pose_bones
from ..edge_backend.motion.curves.rotation import rotation_matrices
from ..edge_backend.motion.retarget import Rig
from ..edge_backend.numerics.array import Array
from ..keyframes.channel_keys import ChannelKeys, values_at
from ..rig.paths import rotation_property

_STRETCH = 600  # frames that are computed in one step


def hip_path_in_steps(
    rig: Rig, thighs: Sequence[str], modes: dict[str, str], keys: Iterable[ChannelKeys], frames: Array
) -> Generator[float, None, Array]:
    """The centre between the heads of the thighs (T, 3), armature space, at these frames (T,) of the scene.

    modes: rotation modes of the bones. keys: of the dance. Bones without keys keep their present channels, and
    constraints have no effect, as in the retargeting. Yields the fraction done.
    """
    carriers = set(rig.with_ancestors(thighs))
    moving = [channel for channel in keys if channel.bone in carriers]
    path = np.empty((len(frames), 3))
    for first in range(0, len(frames), _STRETCH):
        here = slice(first, first + _STRETCH)
        path[here] = _hips(rig, thighs, modes, moving, frames[here])
        yield min(first + _STRETCH, len(frames)) / len(frames)
    return path


def _hips(rig: Rig, thighs: Sequence[str], modes: dict[str, str], keys: Iterable[ChannelKeys], frames: Array) -> Array:
    turns, places = {}, {}
    for channel in keys:
        if channel.channel == "location":
            places[channel.bone] = values_at(channel, frames)
        elif channel.channel == rotation_property(modes[channel.bone]):
            turns[channel.bone] = rotation_matrices(values_at(channel, frames), modes[channel.bone])
    poses = pose_bones(rig, turns, places, thighs)
    return np.asarray(np.mean([poses[name][:, :3, 3] for name in thighs], axis=0))
