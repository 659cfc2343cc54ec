"""Inertialised blending: a jump between two frames of a motion is spread over the frames around it (Bollo 2018)."""

from dataclasses import replace

import numpy as np

from ..numerics.array import Array
from .motion import Motion
from .rotations import axis_angle_to_matrix, matrix_to_axis_angle


def without_jump(motion: Motion, join: int) -> Motion:
    """The motion without its jump before frame `join`, in poses and speeds: each side takes half of both.

    What a side takes fades to its first or last frame, as a cubic. Rotations take the shorter way. There are at least
    two frames on each side.
    """
    rotations, root = motion.rotations.astype(np.float64), motion.root.astype(np.float64)
    before, behind = _turn(rotations, join - 2), _turn(rotations, join)
    turned = _fading(_turn(rotations, join - 1), before, behind, motion.frames, join)
    step = np.diff(root, axis=0)
    moved = _fading(step[join - 1], step[join - 2], step[join], motion.frames, join)
    return replace(
        motion,
        rotations=(axis_angle_to_matrix(turned) @ rotations).astype(np.float32),
        root=(root + moved).astype(np.float32),
    )


def _turn(rotations: Array, frame: int) -> Array:
    """The turn (24, 3), radians, axis-angle, from a frame to the next."""
    return matrix_to_axis_angle(rotations[frame + 1] @ rotations[frame].swapaxes(-1, -2))


def _fading(across: Array, before: Array, behind: Array, frames: int, join: int) -> Array:
    """What is added to each frame (frames, ...). across, before, behind: the steps over the join and beside it."""
    jump, change = across - (before + behind) / 2, behind - before
    frame = np.arange(frames) + 0.5 - join  # from the middle of the join
    reach = np.where(frame < 0, join, frames - join)
    left = 1 - np.abs(frame) / reach
    apart, slope = left**2 * (3 - 2 * left), reach * (1 - left) * left**2
    shape = (-1, *[1] * across.ndim)
    return 0.5 * ((-np.sign(frame) * apart).reshape(shape) * jump - slope.reshape(shape) * change)
