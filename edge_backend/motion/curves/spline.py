"""Cubic curves through keys: what an F-curve with Bezier handles at a third of the way to its neighbours draws.

With handles there, time runs evenly along the curve, and a segment is the cubic that has the keys' values and slopes
(Hermite's form). Frames are counted from 0; keys are some of them, in rising order, the first and the last among them.
"""

import numpy as np

from ..rotations import Array

_FEW = 24  # so many blocks are solved as one matrix, faster than halving them five times more
_SIGNS = np.array([[1, -1], [-1, 1]])
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
    fitted = _solve_blocks(diagonal, products[:, :2, 2:], right)
    return fitted[:, 0], fitted[:, 1]


def _solve_blocks(diagonal: Array, above: Array, right: Array) -> Array:
    """Solve A x = right (K, 2, n) for a symmetric positive definite A of 2 by 2 blocks.

    diagonal: (K, 2, 2). above: (K - 1, 2, 2), the blocks beside it. Every other unknown is eliminated, which leaves
    half as many of the same kind (cyclic reduction; Hockney 1965).
    """
    if len(diagonal) <= _FEW:
        return _solve_few(diagonal, above, right)
    inverse, odd = _inverse(diagonal[1::2]), right[1::2]
    before, after = above[0::2], above[1::2]  # from an odd block to the even ones on both sides
    pairs = len(after)
    to_odd, from_odd = before @ inverse, np.swapaxes(after, 1, 2) @ inverse[:pairs]
    even, rest = diagonal[0::2].copy(), right[0::2].copy()
    even[: len(inverse)] -= to_odd @ np.swapaxes(before, 1, 2)
    rest[: len(inverse)] -= to_odd @ odd
    even[1 : pairs + 1] -= from_odd @ after
    rest[1 : pairs + 1] -= from_odd @ odd[:pairs]
    x = np.empty_like(right)
    x[0::2] = _solve_blocks(even, (-to_odd[:pairs] @ after)[: len(even) - 1], rest)
    remaining = odd - np.swapaxes(before, 1, 2) @ x[0::2][: len(inverse)]
    remaining[:pairs] -= after @ x[0::2][1 : pairs + 1]
    x[1::2] = inverse @ remaining
    return x


def _inverse(matrices: Array) -> Array:
    """Inverses of matrices (K, 2, 2): many times as fast as LAPACK, which is called for each."""
    turned = matrices[:, ::-1, ::-1].swapaxes(1, 2) * _SIGNS
    return turned / (matrices[:, 0, 0] * matrices[:, 1, 1] - matrices[:, 0, 1] * matrices[:, 1, 0])[:, None, None]


def _solve_few(diagonal: Array, above: Array, right: Array) -> Array:
    """The same, as one full matrix."""
    count = len(diagonal)
    full, blocks = np.zeros((count, 2, count, 2)), np.arange(count)
    full[blocks, :, blocks] = diagonal
    full[blocks[:-1], :, blocks[1:]] = above
    full[blocks[1:], :, blocks[:-1]] = above.swapaxes(1, 2)
    return np.linalg.solve(full.reshape(2 * count, -1), right.reshape(2 * count, -1)).reshape(right.shape)


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
