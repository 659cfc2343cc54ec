"""Starting positions at which dancers never come too close. No bpy.

Positions are in the leader's frame of reference: the leader starts at the origin and faces -y; +x is to its left, +y
behind it. Metres.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Literal

import numpy as np

from ..edge_backend.numerics.array import Array

Formation = Literal["PLACED", "LINE", "WEDGE"]

SAME_PLACE = 0.01  # metres; what lies between is rounding, not where somebody was put


def formation(kind: Formation, count: int) -> Array:
    """Starting positions (count, 2) with a spacing of 1, the leader first: a line, or a wedge behind the leader."""
    ranks = (np.arange(count) + 1) // 2
    sides = np.where(np.arange(count) % 2, 1.0, -1.0)
    return np.stack([sides * ranks, ranks * (1.0 if kind == "WEDGE" else 0.0)], axis=-1)


def spread(starts: Array, paths: Sequence[Array], distance: float, least: float) -> float:
    """The smallest factor, at least `least`, that scales the starting positions so that no two dancers come too close.

    starts: (n, 2). paths: positions of each dancer relative to its start (T, 2), all at the same frames. distance: the
    least distance of two dancers at every frame. The squared distance of a pair at a frame is a quadratic in the
    factor, so each frame of each pair excludes one interval; the result is the first value from `least` on outside all
    of them. Raises ValueError if two dancers that come too close start nearer to each other than SAME_PLACE: they would
    be sent far away.
    """
    forbidden = []
    for one, other in combinations(range(len(starts)), 2):
        apart = starts[one] - starts[other]
        between = paths[one] - paths[other]
        square, mixed = apart @ apart, between @ apart
        rest = (between**2).sum(axis=1) - distance**2
        if square < SAME_PLACE**2:
            if (rest < 0).any():
                raise ValueError(f"dancers {one} and {other} start at the same position")
            continue
        inside = mixed**2 - square * rest
        close = inside > 0
        middle, half = -mixed[close] / square, np.sqrt(inside[close]) / square
        forbidden.append(np.stack([middle - half, middle + half], axis=-1))
    factor = least
    intervals = np.concatenate([np.zeros((0, 2)), *forbidden])
    for low, high in intervals[np.argsort(intervals[:, 0])].tolist():
        if low >= factor:
            break
        factor = max(factor, high)
    return float(factor)
