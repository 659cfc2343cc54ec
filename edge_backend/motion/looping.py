"""Loops: motions whose last frame is their first one, moved over the floor by the loop's travel."""

import math

import numpy as np

from ..numerics.array import Array
from .motion import Motion

MARGIN = 150  # frames on both sides of a loop from which what is done to its ends follows


def is_loop(motion: Motion) -> bool:
    """Whether the motion was generated as a loop."""
    return "loop" in motion.meta


def loop_start(motion: Motion) -> float:
    """Seconds from the start of the song that was asked for to the loop's bar line; 0 for other motions."""
    return float(motion.meta["loop"]["start"]) if is_loop(motion) else 0.0


def travel_of(loop: Motion) -> Array:
    """How far (3,) each lap leads, metres, world; z is 0."""
    return np.array([*(loop.root[-1] - loop.root[0])[:2], 0.0], loop.root.dtype)


def laps(frames: int) -> int:
    """How many laps of a loop of so many frames are MARGIN frames or more."""
    return math.ceil(MARGIN / frames)


def lap_motion(loop: Motion) -> tuple[Motion, slice]:
    """The loop between further laps, MARGIN frames or more on each side, and which frames (T + 1) are the loop.

    For work that looks at neighbouring frames: in the middle, both ends of the loop have the same neighbours.
    """
    period = loop.frames - 1
    around = laps(period)
    lap, frame = np.divmod(np.arange((2 * around + 1) * period + 1), period)
    root = loop.root[frame] + (lap - around)[:, None].astype(loop.root.dtype) * travel_of(loop)
    beats = loop.beats + np.arange(2 * around + 1)[:, None] * (period / Motion.fps)
    unrolled = Motion(loop.rotations[frame], root, loop.contacts[frame], beats.ravel().astype(np.float32), loop.meta)
    return unrolled, slice(around * period, (around + 1) * period + 1)
