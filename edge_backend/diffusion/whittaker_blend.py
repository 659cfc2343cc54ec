"""Smooth joins between free and constrained frames, by Whittaker smoothing of the free frames (numpy only)."""

from dataclasses import replace

import numpy as np

from ..motion.motion import Motion
from ..motion.representation import CONTACTS, ROOT, ROTATIONS
from ..motion.rotations import rows_to_matrix
from ..numerics.array import Array
from ..numerics.banded import add_bending, solve_pentadiagonal
from ..numerics.intervals import distance

EASE = 4  # frames on each side of constrained ones
_FIXED = 1e9


def blended(motion: Motion, constrained: Array) -> Motion:
    """The motion of T frames with the free frames next to constrained ones smoothed towards them.

    constrained: (T, 151) bool, channels of the motion vector, the same for all six of a joint's rotation. Rotations are
    smoothed as the first two rows of their matrices.
    """
    rows = motion.rotations[..., :2, :]
    flat = whittaker_blend(rows.reshape(motion.frames, -1), constrained[:, ROTATIONS])
    return replace(
        motion,
        rotations=rows_to_matrix(flat.reshape(rows.shape)),
        root=whittaker_blend(motion.root, constrained[:, ROOT]),
        contacts=whittaker_blend(motion.contacts, constrained[:, CONTACTS]).clip(0, 1),
    )


def whittaker_blend(values: Array, constrained: Array) -> Array:
    """Values (T, C) with the free frames next to constrained ones smoothed towards them.

    constrained: (T, C) bool. A constrained frame may be off by a fraction of a degree from what a smooth movement would
    pass through, and the sampling ends at that noise. So the EASE frames d = 1, 2, ... beside it become the y that
    minimise |second differences of y|^2 + sum (d / EASE)^4 (y - values)^2 (Whittaker 1923). Everything else stays.
    """
    if len(values) < 3:
        return values
    eased = values.copy()
    patterns, pattern_of = np.unique(constrained, axis=1, return_inverse=True)
    for index, pattern in enumerate(patterns.T):
        away = distance(pattern)
        near = (away > 0) & (away <= EASE)
        if near.any():
            columns = np.flatnonzero(pattern_of.ravel() == index)
            weight = np.where(near, (away / EASE) ** 4, _FIXED)
            diagonal, first, second = weight.copy(), *np.zeros((2, len(weight)))
            add_bending(diagonal, first, second, 1.0)
            smooth = solve_pentadiagonal(
                diagonal, first, second, weight[:, None] * values[:, columns].astype(np.float64)
            )
            eased[np.ix_(near, columns)] = smooth[near]
    return eased
