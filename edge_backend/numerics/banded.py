"""Solvers for banded symmetric positive definite systems, in linear time."""

import numpy as np

from .array import Array

_FEW_COLUMNS = 8
_FEW_BLOCKS = 24
"""Up to this many 2 by 2 blocks are solved as one full matrix, which is faster than further cyclic reduction."""
_SIGNS = np.array([[1, -1], [-1, 1]])


def solve_pentadiagonal(diagonal: Array, first: Array, second: Array, right: Array) -> Array:
    """Solve A x = right (T, n) for a symmetric positive definite A (T, T) with two bands beside its diagonal.

    diagonal, first, second: (T,), A at [t, t], [t, t + 1] and [t, t + 2]; entries beyond the last row are ignored.
    """
    if right.shape[1] > _FEW_COLUMNS:
        return _solve_rows(diagonal, first, second, right)
    frames, columns = right.shape
    count = -(-frames // 2)
    bands = np.zeros((3, 2 * count))
    bands[0, frames:] = 1  # padding
    for offset, band in enumerate((diagonal, first, second)):
        bands[offset, : max(frames - offset, 0)] = band[: max(frames - offset, 0)]
    own, beside, behind = bands.reshape(3, count, 2)
    blocks, above = np.zeros((2, count, 2, 2))
    blocks[:, [0, 1], [0, 1]] = own
    blocks[:, 0, 1] = blocks[:, 1, 0] = beside[:, 0]
    above[:, [0, 1], [0, 1]] = behind
    above[:, 1, 0] = beside[:, 1]
    padded = np.zeros((2 * count, columns))
    padded[:frames] = right
    solved = solve_block_tridiagonal(blocks, above[:-1], padded.reshape(count, 2, columns))
    return solved.reshape(-1, columns)[:frames]


def _solve_rows(diagonal: Array, first: Array, second: Array, right: Array) -> Array:
    """`solve_pentadiagonal` for many columns, by A = L D L^T, a row at a time."""
    frames = len(right)
    d, one, two = [1.0, 1.0], [0.0, 0.0], [0.0, 0.0]  # D, and L at [t + 1, t] and [t + 2, t]; two entries of padding
    for a, b, c in zip(diagonal.tolist(), first.tolist(), second.tolist(), strict=True):
        pivot = a - one[-1] ** 2 * d[-1] - two[-2] ** 2 * d[-2]
        below = (b - one[-1] * two[-1] * d[-1]) / pivot
        d.append(pivot)
        one.append(below)
        two.append(c / pivot)
    padding = np.zeros(right.shape[1])
    x = [padding, padding, *right, padding, padding]
    for t in range(2, frames + 2):
        x[t] = x[t] - (one[t - 1] * x[t - 1] + two[t - 2] * x[t - 2])
    for t in range(frames + 1, 1, -1):
        x[t] = x[t] / d[t] - one[t] * x[t + 1] - two[t] * x[t + 2]
    return np.array(x[2:-2])


def add_bending(diagonal: Array, first: Array, second: Array, weight: float) -> None:
    """Add weight * D^T D, D = second differences over T frames, to bands (T, ...) in place: penalises acceleration."""
    inner = max(len(diagonal) - 2, 0)
    for offset, factor in enumerate((1, 4, 1)):
        diagonal[offset : inner + offset] += weight * factor
    first[:inner] -= 2 * weight
    first[1 : inner + 1] -= 2 * weight
    second[:inner] += weight


def solve_block_chain(own: Array, later: Array, right: Array) -> Array:
    """Solve A x = right (K, m) for a symmetric positive definite A of m by m blocks, each coupled to the next one.

    own: (K, m, m), the blocks on the diagonal. later: (K, m, c), the blocks beside them, whose columns are the first c
    unknowns of the following block, the only ones that are coupled to a block before; the last one is ignored. Block
    Thomas algorithm: forward elimination and back substitution.
    """
    coupled = later.shape[2]
    blocks, values = own.copy(), right.copy()
    sides = np.concatenate([later, np.empty((*right.shape, 1))], axis=2)
    sides[-1, :, :-1] = 0
    for group in range(len(blocks)):
        sides[group, :, -1] = values[group]
        sides[group] = np.linalg.solve(blocks[group], sides[group])
        if group + 1 < len(blocks):
            carried = later[group].T @ sides[group]
            blocks[group + 1, :coupled, :coupled] -= carried[:, :-1]
            values[group + 1, :coupled] -= carried[:, -1]
    solution = sides[..., -1]
    for group in range(len(blocks) - 2, -1, -1):
        solution[group] -= sides[group, :, :-1] @ solution[group + 1, :coupled]
    return solution


def solve_block_tridiagonal(diagonal: Array, above: Array, right: Array) -> Array:
    """Solve A x = right (K, 2, n) for a symmetric positive definite A of 2 by 2 blocks.

    diagonal: (K, 2, 2). above: (K - 1, 2, 2), the blocks above it. Cyclic reduction (Hockney 1965): eliminating every
    other unknown leaves a system of the same form and half the size.
    """
    if len(diagonal) <= _FEW_BLOCKS:
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
    x[0::2] = solve_block_tridiagonal(even, (-to_odd[:pairs] @ after)[: len(even) - 1], rest)
    remaining = odd - np.swapaxes(before, 1, 2) @ x[0::2][: len(inverse)]
    remaining[:pairs] -= after @ x[0::2][1 : pairs + 1]
    x[1::2] = inverse @ remaining
    return x


def _inverse(matrices: Array) -> Array:
    """Inverses of matrices (K, 2, 2) in closed form; much faster than np.linalg.inv, which calls LAPACK for each."""
    turned = matrices[:, ::-1, ::-1].swapaxes(1, 2) * _SIGNS
    return turned / (matrices[:, 0, 0] * matrices[:, 1, 1] - matrices[:, 0, 1] * matrices[:, 1, 0])[:, None, None]


def _solve_few(diagonal: Array, above: Array, right: Array) -> Array:
    """`solve_block_tridiagonal` by one full matrix."""
    count = len(diagonal)
    full, blocks = np.zeros((count, 2, count, 2)), np.arange(count)
    full[blocks, :, blocks] = diagonal
    full[blocks[:-1], :, blocks[1:]] = above
    full[blocks[1:], :, blocks[:-1]] = above.swapaxes(1, 2)
    return np.linalg.solve(full.reshape(2 * count, -1), right.reshape(2 * count, -1)).reshape(right.shape)
