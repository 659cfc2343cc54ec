"""Cubic curves through keys: what an F-curve with Bezier handles at a third of the way to its neighbours draws.

With handles there, time runs evenly along the curve, and a segment is the cubic that has the keys' values and slopes
(Hermite's form). Frames are counted from 0; keys are some of them, in rising order, the first and the last among them.
"""

import numpy as np

from ..rotations import Array

_GENTLE = 1e-4  # of a frame's weight: how much the motion's own values and slopes count at the keys


def fit_keys(values: Array, keys: Array, weight: Array) -> tuple[Array, Array]:
    """Values and slopes per frame (K, n) at the keys (K,) of the curve that comes nearest to the values (T, n).

    weight: (T,), how much each frame's squared error counts. What no frame tells, as the slopes between keys on
    neighbouring frames, is the motion's own.
    """
    segment, span, (here, there, slope_here, slope_there) = _basis(np.arange(len(values)), keys)
    count = len(keys)
    columns = (
        (segment, here),
        (segment + 1, there),
        (count + segment, slope_here * span),
        (count + segment + 1, slope_there * span),
    )
    matrix = np.zeros((2 * count, 2 * count))
    right = np.zeros((2 * count, values.shape[1]))
    for row, factor in columns:
        np.add.at(right, row, (weight * factor)[:, None] * values)
        for column, other in columns:
            np.add.at(matrix, (row, column), weight * factor * other)
    gentle = _GENTLE * weight[keys]
    own = np.concatenate([values[keys], np.gradient(values, axis=0)[keys]])
    gentle = np.concatenate([gentle, gentle])
    matrix[np.diag_indices(2 * count)] += gentle
    fitted = np.linalg.solve(matrix, right + gentle[:, None] * own)
    return fitted[:count], fitted[count:]


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
    return segment, span, ((1 + 2 * t) * (1 - t) ** 2, t**2 * (3 - 2 * t), t * (1 - t) ** 2, t**2 * (t - 1))
