"""Long dances: windows of 150 frames, each 75 after the last, that agree where they overlap (EDGE, section 3.3)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..motion.motion import Motion
from ..motion.representation import unpack
from ..motion.rotations import matrix_to_quaternion, quaternion_to_matrix, slerp
from ..numerics.array import Array
from ..schema.frames import HOP, WINDOW
from .samplers import Denoiser


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """The windows over a song of `frames` frames. Window k covers the frames from k * HOP to k * HOP + WINDOW."""

    frames: int
    windows: int

    @property
    def padded_frames(self) -> int:
        """Frames that the windows cover: `frames` or a little more."""
        return HOP * (self.windows + 1)

    def cut(self, values: Array) -> Array:
        """Windows (W, 150, channels) of values (at least padded_frames, channels) over the song."""
        return np.stack([values[start : start + WINDOW] for start in range(0, HOP * self.windows, HOP)])


def plan_windows(frames: int) -> WindowPlan:
    """The fewest windows that cover `frames` frames. Raises ValueError if frames < 1."""
    if frames < 1:
        raise ValueError(f"a dance of {frames} frames has no windows")
    return WindowPlan(frames, max(1, math.ceil(frames / HOP) - 1))


def share_overlap(x: Array, _t: int) -> Array:
    """Windows (W, 150, channels) in which each begins as the one before it ends (EDGE's rule between steps)."""
    return np.concatenate([x[:1], np.concatenate([x[:-1, HOP:], x[1:, HOP:]], axis=1)])


def agreeing(denoise: Denoiser) -> Denoiser:
    """The denoiser with the predictions of windows (W, 150, channels) blended where they overlap.

    EDGE's rule copies x forward, so that no window can adapt to the next one. With the predictions blended at
    every step (as Bar-Tal et al. 2023 do with images, eq. 5), both sides of a seam are one dance.
    """

    def blended(x: Array, t: int) -> Array:
        x0 = denoise(x, t)
        weight = np.linspace(0, 1, HOP, dtype=x0.dtype)[:, None]
        first, last = x0[1:, :HOP], x0[:-1, HOP:]
        shared = last + weight * (first - last)
        return np.concatenate([np.concatenate([x0[:1, :HOP], shared]), np.concatenate([shared, x0[-1:, HOP:]])], axis=1)

    return blended


def stitch(windows: Array) -> Motion:
    """One dance of 75 (W + 1) frames from windows of motion vectors (W, 150, 151), metres, not normalised.

    Over the frames that two windows share, the earlier fades into the later: contacts and root linearly, rotations
    along the shorter arc.
    """
    contacts, root, rotations = unpack(windows)
    quaternions = _cross_fade(matrix_to_quaternion(rotations), slerp)  # of unit length, whatever was predicted
    return Motion(quaternion_to_matrix(quaternions), _cross_fade(root, _linear), _cross_fade(contacts, _linear))


def _cross_fade(windows: Array, mix: Callable[[Array, Array, Array], Array]) -> Array:
    """(75 (W + 1), ...) from (W, 150, ...): mix(earlier, later, weight from 0 to 1) where two overlap."""
    first, last = windows[:, :HOP], windows[:, HOP:]
    weight = np.linspace(0, 1, HOP, dtype=windows.dtype).reshape(HOP, *[1] * (windows.ndim - 3))
    shared = mix(last[:-1], first[1:], weight)
    return np.concatenate([first[0], *shared, last[-1]])


def _linear(start: Array, end: Array, weight: Array) -> Array:
    return start + weight[..., None] * (end - start)
