"""Loops: motions whose last frame is their first one, moved over the floor by the loop's travel."""

import math

import numpy as np

from ..numerics.array import Array
from .motion import Motion

MARGIN = 150  # frames beyond both ends of a loop that postprocessing of its ends depends on


def is_loop(motion: Motion) -> bool:
    """Whether the motion was generated as a loop."""
    return "loop" in motion.meta


def loop_start(motion: Motion) -> float:
    """Seconds from the requested start in the song to the loop's first bar line; 0 for other motions."""
    return float(motion.meta["loop"]["start"]) if is_loop(motion) else 0.0


def travel_of(loop: Motion) -> Array:
    """The loop's travel (3,) per lap, metres, world; z is 0."""
    return np.array([*(loop.root[-1] - loop.root[0])[:2], 0.0], loop.root.dtype)


def laps(frames: int) -> int:
    """The number of laps of a loop of `frames` frames that last MARGIN frames or more."""
    return math.ceil(MARGIN / frames)


def lap_motion(loop: Motion) -> tuple[Motion, slice]:
    """Several laps of a loop, at least MARGIN frames on each side of one, and the slice (T + 1 frames) of that one.

    For computations that depend on neighbouring frames: both ends of the middle lap have the same neighbours.
    """
    period = loop.frames - 1
    around = laps(period)
    lap, frame = np.divmod(np.arange((2 * around + 1) * period + 1), period)
    root = loop.root[frame] + (lap - around)[:, None].astype(loop.root.dtype) * travel_of(loop)
    beats = loop.beats + np.arange(2 * around + 1)[:, None] * (period / Motion.fps)
    unrolled = Motion(loop.rotations[frame], root, loop.contacts[frame], beats.ravel().astype(np.float32), loop.meta)
    return unrolled, slice(around * period, (around + 1) * period + 1)
