"""Gaussian smoothing of a motion over time, against jitter."""

from dataclasses import replace

import numpy as np

from ..numerics.array import Array
from ..numerics.filters import gaussian
from ..numerics.intervals import distance
from .motion import Motion
from .rotations import rows_to_matrix

WIDEST = 3.0  # frames: the Gaussian's standard deviation at strength 1; at 30 fps it halves amplitudes at 1.9 Hz


def smoothed(motion: Motion, strength: float, constrained: Array | None = None) -> Motion:
    """The dance with local rotations (their matrices' first two rows) and root position smoothed over time.

    strength: standard deviation over WIDEST; 0 returns the motion itself. constrained: bool (T, 24), joints that are
    not changed in these frames; the pelvis' entry covers the root position too. Beside constrained frames the smoothing
    fades over three standard deviations. Raises ValueError if strength is not within 0 to 1.
    """
    if not 0 <= strength <= 1:
        raise ValueError(f"smoothness is {strength:g}, not between 0 and 1")
    if strength == 0 or motion.frames < 2:
        return motion
    width = strength * WIDEST
    constrained = np.zeros(motion.rotations.shape[:2], dtype=bool) if constrained is None else constrained
    share = np.clip(distance(constrained) / (3 * width), 0, 1)[..., None, None]
    rows = motion.rotations[..., :2, :]
    reach = int(np.ceil(3 * width))
    rows = rows + share * (gaussian(rows, width, reach, "odd") - rows)
    root = motion.root + share[:, 0, 0] * (gaussian(motion.root, width, reach, "odd") - motion.root)
    rotations = np.where(share > 0, rows_to_matrix(rows), motion.rotations)
    return replace(motion, rotations=rotations.astype(np.float32), root=root.astype(np.float32))
