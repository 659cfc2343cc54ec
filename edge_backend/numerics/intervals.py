"""Intervals of frames: where a mask is True, and each frame's distance from there."""

from collections.abc import Iterable
from itertools import groupby

import numpy as np

from .array import Array


def runs(mask: Array) -> list[tuple[int, int]]:
    """The maximal intervals of True in a mask (T,), as (first frame, frame after the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def consecutive(numbers: Iterable[int]) -> list[range]:
    """Group ascending numbers into maximal ranges of consecutive ones."""
    stretches = groupby(enumerate(numbers), lambda numbered: numbered[1] - numbered[0])
    ends = [(members[0][1], members[-1][1]) for members in (list(group) for _, group in stretches)]
    return [range(first, last + 1) for first, last in ends]


def distance(mask: Array) -> Array:
    """Frames to the nearest True along axis 0 of a mask (T, ...); infinite where there is none. float64 (T, ...)."""
    frame = np.arange(len(mask), dtype=np.float64).reshape(-1, *[1] * (mask.ndim - 1))
    last = np.maximum.accumulate(np.where(mask, frame, -np.inf), axis=0)
    following = np.minimum.accumulate(np.where(mask, frame, np.inf)[::-1], axis=0)[::-1]
    return np.minimum(frame - last, following - frame)
