"""Tremble taken out of a dance."""

from dataclasses import replace

import numpy as np

from ..numerics.array import Array
from ..numerics.filters import gaussian
from ..numerics.intervals import distance
from .motion import Motion
from .rotations import matrix_to_rot6d, rot6d_to_matrix

WIDEST = 3.0  # frames: the Gaussian's standard deviation at full strength; halves what swings 2.5 times a second


def smoothed(motion: Motion, strength: float, held: Array | None = None) -> Motion:
    """The dance with every joint's turn and the root's way smoothed over time.

    strength: 0 changes nothing, bit for bit, 1 is WIDEST. held: bool (T, 24), what must not move, the pelvis standing
    for the root's place too; the smoothing fades out towards it. Raises ValueError if strength is not from 0 to 1.
    """
    if not 0 <= strength <= 1:
        raise ValueError(f"smoothness is {strength:g}, not between 0 and 1")
    if strength == 0 or motion.frames < 2:
        return motion
    width = strength * WIDEST
    held = np.zeros(motion.rotations.shape[:2], dtype=bool) if held is None else held
    share = np.clip(distance(held) / (3 * width), 0, 1)[..., None]
    turns = matrix_to_rot6d(motion.rotations)
    reach = int(np.ceil(3 * width))
    turns = turns + share * (gaussian(turns, width, reach, "odd") - turns)
    root = motion.root + share[:, 0] * (gaussian(motion.root, width, reach, "odd") - motion.root)
    rotations = np.where(share[..., None] > 0, rot6d_to_matrix(turns), motion.rotations)
    return replace(motion, rotations=rotations.astype(np.float32), root=root.astype(np.float32))
