"""The last touch where free frames meet held ones: no jolt, even where the held pose trembles (numpy and scipy)."""

import numpy as np

from ..motion.rotations import Array
from .constraints import frames_to

EASE = 4  # frames on each side of what is held
_FIXED = 1e9


def ease(vectors: Array, held: Array) -> Array:
    """Motion vectors (T, C) in which free frames close to held ones lead up to them with little acceleration.

    held: (T, C) bool. A held frame may be off by a fraction of a degree from what a smooth movement would pass through,
    and the sampling ends at that noise. So the EASE frames d = 1, 2, ... beside it become the y that minimise
    |second differences of y|^2 + sum (d / EASE)^4 (y - vectors)^2 (Whittaker 1923). Everything else stays.
    """
    from scipy.linalg import solveh_banded  # noqa: PLC0415 - a tenth of a second that no start needs

    if len(vectors) < 3:
        return vectors
    eased = vectors.copy()
    patterns, pattern_of = np.unique(held, axis=1, return_inverse=True)
    for index, pattern in enumerate(patterns.T):
        distance = frames_to(pattern[:, None])[:, 0]
        near = (distance > 0) & (distance <= EASE)
        if near.any():
            columns = np.flatnonzero(pattern_of.ravel() == index)
            loyalty = np.where(near, (distance / EASE) ** 4, _FIXED)
            smooth = solveh_banded(_roughness_and(loyalty), loyalty[:, None] * vectors[:, columns].astype(np.float64))
            eased[np.ix_(near, columns)] = smooth[near]
    return eased


def _roughness_and(loyalty: Array) -> Array:
    """D^T D + diag(loyalty), D = second differences over T >= 3 frames, as its upper diagonals (3, T)."""
    first = np.ones(len(loyalty) - 2)  # one for each second difference
    banded = np.zeros((3, len(loyalty)))
    banded[0, 2:] = first
    banded[1, 1:-1] -= 2 * first
    banded[1, 2:] -= 2 * first
    for shift, square in enumerate((1, 4, 1)):
        banded[2, shift : shift + len(first)] += square * first
    banded[2] += loyalty
    return banded
