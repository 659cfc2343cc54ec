"""Keys of fingers: each bone's own few, where its motion needs them, as smooth curves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np

from ..edge_backend.motion.looping import is_loop
from ..edge_backend.motion.motion import Motion
from ..edge_backend.numerics.array import Array
from ..edge_backend.numerics.hermite import hermite_basis
from ..rig.channels import closed
from ..rig.hands import Hands
from .channel_keys import ChannelKeys, bone_keys, smooth_keys

_TOLERANCE = np.radians(0.5)
"""By how much the curves may turn a bone otherwise than with a key every ten frames."""
_STILL = np.radians(0.5)
"""A value that changes by less is keyed once, in the middle, and so is off by half of it at most."""
_STRIDES = (2, 4, 8)
"""Numbers of sections between keys that are tried as one section."""


def finger_keys(
    hands: Hands,
    motion: Motion,
    modes: Mapping[str, str],
    frames: Array,
    transform: Callable[[list[ChannelKeys]], list[ChannelKeys]] = list,
) -> list[ChannelKeys]:
    """The keys of the fingers at some of the frames (T,) of the scene, those of the motion.

    modes: rotation modes of the bones. transform: returns unchanged channels as the same objects; the others keep all
    their keys.
    """
    moments, bones = hands.channels(motion)
    bones = [closed(one) for one in bones] if is_loop(motion) else bones
    keys = [key for one in bones for key in bone_keys(modes[one.bone], frames[moments], one)]
    found, unchanged = transform(keys), set(map(id, keys))
    few = [key for _, alike in groupby((k for k in found if id(k) in unchanged), _shape) for key in few_keys([*alike])]
    return [*few, *(smooth_keys(key) for key in found if id(key) not in unchanged)]


def _shape(keys: ChannelKeys) -> tuple[str, int]:
    return keys.channel, len(keys.frames)


def few_keys(channels: Sequence[ChannelKeys]) -> list[ChannelKeys]:
    """The channels as smooth curves with fewer keys, within half a degree, and values that stay keyed once.

    channels: rotations of one kind, with keys at the same frames.
    """
    frames = channels[0].frames
    values = np.stack([keys.values for keys in channels], axis=1)
    radian = 0.5 if channels[0].channel == "rotation_quaternion" else 1.0
    low, high = values.min(axis=0), values.max(axis=0)
    values = np.where(high - low < radian * _STILL, (low + high) / 2, values)
    slopes = np.gradient(values, frames, axis=0) if len(frames) > 1 else np.zeros_like(values)
    needed = _needed(frames, values, slopes, radian * _TOLERANCE)
    return [
        replace(
            keys, frames=frames[at], values=values[at, number], interpolation="BEZIER", slopes=slopes[at, number],
            still_once=True,
        )
        for number, (keys, at) in enumerate(zip(channels, map(np.flatnonzero, needed.T), strict=True))
    ]  # fmt: skip


def _needed(frames: Array, values: Array, slopes: Array, tolerance: float) -> Array:
    """Which keys (K, channels) smooth curves need to be off by `tolerance` at most, over all of a channel's values.

    frames: (K,). values, slopes: (K, channels, n), slopes per frame. Sections are tried against the keys between their
    ends and the middles between these.
    """
    needed = np.ones(values.shape[:2], bool)
    times = np.interp(np.arange(2 * len(frames) - 1) / 2, np.arange(len(frames)), frames)
    exact = np.empty((len(times), *values.shape[1:]))
    exact[::2] = values
    lengths = np.diff(frames)[:, None, None]
    exact[1::2] = (values[:-1] + values[1:]) / 2 + lengths * (slopes[:-1] - slopes[1:]) / 8
    for stride in _STRIDES:
        first = np.arange(0, len(frames) - stride, stride)
        inside = 2 * first[:, None] + np.arange(1, 2 * stride)
        starts, lengths = frames[first, None], (frames[first + stride] - frames[first])[:, None]
        start, end, go, come = (b[..., None, None] for b in hermite_basis((times[inside] - starts) / lengths))
        lengths = lengths[..., None, None]
        curve = start * values[first, None] + end * values[first + stride, None]
        curve += lengths * (go * slopes[first, None] + come * slopes[first + stride, None])
        curve -= exact[inside]
        fits = (np.square(curve).sum(axis=-1) < tolerance**2).all(axis=1)
        between = first[:, None] + np.arange(1, stride)
        needed[between] &= ~fits[:, None]
    return needed
