"""Cubic curves through keys: what an F-curve with Bezier handles at a third of the way to its neighbours draws.

With handles there, time runs evenly along the curve, and a segment is the cubic that has the keys' values and slopes
(Hermite's form). Frames are counted from 0; keys are some of them, in rising order, the first and the last among them.
"""

import numpy as np

from ...numerics.array import Array
from ...numerics.banded import solve_block_tridiagonal
from ...numerics.hermite import hermite_basis

_GENTLE = 1e-4  # of a frame's weight: how much the motion's own values and slopes count at the keys


def fit_keys(values: Array, keys: Array, weight: Array) -> tuple[Array, Array]:
    """Values and slopes per frame (K, n) at the keys (K,) of the curve that comes nearest to the values (T, n).

    weight: (T,), how much each frame's squared error counts. What no frame tells, as the slopes between keys on
    neighbouring frames, is the motion's own.
    """
    _, span, (here, there, slope_here, slope_there) = _basis(np.arange(len(values)), keys)
    columns = np.stack([here, slope_here * span, there, slope_there * span], axis=1)
    weighted = columns * weight[:, None]
    starts = keys[:-1]
    # Of each segment, what its four numbers (value and slope at either end) have to do with each other and the values.
    products = np.add.reduceat(weighted[:, :, None] * columns[:, None, :], starts)
    pulls = np.add.reduceat(weighted[:, :, None] * values[:, None, :], starts)
    count = len(keys)
    diagonal, right = np.zeros((count, 2, 2)), np.zeros((count, 2, values.shape[1]))
    diagonal[:-1] += products[:, :2, :2]
    diagonal[1:] += products[:, 2:, 2:]
    right[:-1] += pulls[:, :2]
    right[1:] += pulls[:, 2:]
    gentle = (_GENTLE * weight[keys])[:, None, None]
    diagonal += gentle * np.eye(2)
    right += gentle * np.stack([values[keys], np.gradient(values, axis=0)[keys]], axis=1)
    fitted = solve_block_tridiagonal(diagonal, products[:, :2, 2:], right)
    return fitted[:, 0], fitted[:, 1]


def draw(values: Array, slopes: Array, keys: Array, frames: Array) -> Array:
    """The curve (F, n) at the frames (F,), fractions too. values, slopes: (K, n) at the keys (K,)."""
    if len(keys) == 1:
        return np.tile(values, (len(frames), 1))
    segment, span, (here, there, slope_here, slope_there) = _basis(frames, keys)
    return (
        here[:, None] * values[segment]
        + there[:, None] * values[segment + 1]
        + (slope_here * span)[:, None] * slopes[segment]
        + (slope_there * span)[:, None] * slopes[segment + 1]
    )


def _basis(frames: Array, keys: Array) -> tuple[Array, Array, tuple[Array, Array, Array, Array]]:
    """For each frame: its segment, that segment's length, and Hermite's four cubics there."""
    segment = np.clip(np.searchsorted(keys, frames, side="right") - 1, 0, len(keys) - 2)
    span = (keys[segment + 1] - keys[segment]).astype(float)
    t = (frames - keys[segment]) / span
    return segment, span, hermite_basis(t)
