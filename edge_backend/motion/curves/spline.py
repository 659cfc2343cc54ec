"""Cubic Hermite splines: the curves of F-curves whose Bezier handles are a third of the way to the next key in time.

With such handles the curve's time is linear in its parameter, so a segment is the cubic with the keys' values and
slopes. Frames are counted from 0; keys are some of them in rising order, including the first and the last.
"""

import numpy as np

from ...numerics.array import Array
from ...numerics.banded import solve_block_tridiagonal
from ...numerics.hermite import hermite_basis

_REGULARISATION = 1e-4  # of a frame's weight: the weight of the motion's own values and slopes at the keys


def fit_keys(values: Array, keys: Array, weight: Array) -> tuple[Array, Array]:
    """Least-squares fit: values and slopes per frame, each (K, n), at the keys (K,), to values (T, n).

    weight: (T,), of each frame's squared error. What the frames do not determine, as slopes at keys on adjacent frames,
    is regularised towards the motion's own values and slopes.
    """
    _, span, (here, there, slope_here, slope_there) = _basis(np.arange(len(values)), keys)
    columns = np.stack([here, slope_here * span, there, slope_there * span], axis=1)
    weighted = columns * weight[:, None]
    starts = keys[:-1]
    # Normal equations of each segment, in its four unknowns: value and slope at either end.
    products = np.add.reduceat(weighted[:, :, None] * columns[:, None, :], starts)
    pulls = np.add.reduceat(weighted[:, :, None] * values[:, None, :], starts)
    count = len(keys)
    diagonal, right = np.zeros((count, 2, 2)), np.zeros((count, 2, values.shape[1]))
    diagonal[:-1] += products[:, :2, :2]
    diagonal[1:] += products[:, 2:, 2:]
    right[:-1] += pulls[:, :2]
    right[1:] += pulls[:, 2:]
    prior = (_REGULARISATION * weight[keys])[:, None, None]
    diagonal += prior * np.eye(2)
    right += prior * np.stack([values[keys], np.gradient(values, axis=0)[keys]], axis=1)
    fitted = solve_block_tridiagonal(diagonal, products[:, :2, 2:], right)
    return fitted[:, 0], fitted[:, 1]


def draw(values: Array, slopes: Array, keys: Array, frames: Array) -> Array:
    """The curve (F, n) at the frames (F,), which may be fractions. values, slopes: (K, n) at the keys (K,)."""
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
    """For frames (F,): the numbers and lengths of their segments, and the four Hermite basis functions, each (F,)."""
    segment = np.clip(np.searchsorted(keys, frames, side="right") - 1, 0, len(keys) - 2)
    span = (keys[segment + 1] - keys[segment]).astype(float)
    t = (frames - keys[segment]) / span
    return segment, span, hermite_basis(t)
