"""Where dancers begin so that their ways never come too close. No bpy.

Plans are those of the leader, who begins at the origin and faces -y: x is to the leader's left, y behind.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Literal

import numpy as np

from ..edge_backend.numerics.array import Array

Formation = Literal["PLACED", "LINE", "WEDGE"]


def formation(kind: Formation, count: int) -> Array:
    """Where `count` dancers begin (count, 2), the leader first, at a spacing of 1: side by side, or a wedge behind."""
    ranks = (np.arange(count) + 1) // 2
    sides = np.where(np.arange(count) % 2, 1.0, -1.0)
    return np.stack([sides * ranks, ranks * (1.0 if kind == "WEDGE" else 0.0)], axis=-1)


def spread(starts: Array, ways: Sequence[Array], distance: float, least: float) -> float:
    """The smallest factor, `least` or more, by which starts have to be drawn apart so that nobody meets anybody.

    starts: (n, 2). ways: of each dancer from its start (T, 2), all at the same frames. Two dancers are at least
    `distance` apart in every frame. Whether two of them are too close at a frame is a quadratic in the factor, so each
    frame of each pair forbids one interval; the answer is the first point from `least` on that none of them covers.
    Raises ValueError if two starts that are one point would have to be apart.
    """
    forbidden = []
    for one, other in combinations(range(len(starts)), 2):
        apart = starts[one] - starts[other]
        between = ways[one] - ways[other]
        square, mixed = apart @ apart, between @ apart
        rest = (between**2).sum(axis=1) - distance**2
        if square < 1e-12:
            if (rest < 0).any():
                raise ValueError(f"dancers {one} and {other} begin in one place")
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
