"""Solvers for banded symmetric positive definite systems, in linear time."""

import numpy as np

from .array import Array

_FEW_COLUMNS = 8
_GROUP = 6
"""Frames of blocks that are eliminated together: with fewer, numpy's call overhead dominates, with more, arithmetic."""
_FEW_BLOCKS = 24
"""Up to this many 2 by 2 blocks are solved as one full matrix, which is faster than further cyclic reduction."""
_SIGNS = np.array([[1, -1], [-1, 1]])


def solve_pentadiagonal(diagonal: Array, first: Array, second: Array, right: Array) -> Array:
    """Solve A x = right (T, n) for A (T, T) with two bands beside its diagonal, by A = L D L^T.

    diagonal, first, second: (T,), A at [t, t], [t, t + 1] and [t, t + 2]; entries beyond the last row are ignored.
    """
    frames, columns = right.shape
    d, one, two = [1.0, 1.0], [0.0, 0.0], [0.0, 0.0]  # D, and L at [t + 1, t] and [t + 2, t]; two entries of padding
    for a, b, c in zip(diagonal.tolist(), first.tolist(), second.tolist(), strict=True):
        pivot = a - one[-1] ** 2 * d[-1] - two[-2] ** 2 * d[-2]
        below = (b - one[-1] * two[-1] * d[-1]) / pivot
        d.append(pivot)
        one.append(below)
        two.append(c / pivot)
    # In a recursion Python floats are several times as fast as numpy scalars; for many columns, numpy rows are faster.
    few = columns <= _FEW_COLUMNS
    solved = []
    for column in right.T.tolist() if few else [list(right)]:
        x = [0.0, 0.0, *column, 0.0, 0.0]
        for t in range(2, frames + 2):
            x[t] = x[t] - (one[t - 1] * x[t - 1] + two[t - 2] * x[t - 2])
        for t in range(frames + 1, 1, -1):
            x[t] = x[t] / d[t] - one[t] * x[t + 1] - two[t] * x[t + 2]
        solved.append(x[2:-2])
    return np.array(solved).T if few else np.array(solved[0])


def add_bending(diagonal: Array, first: Array, second: Array, weight: float) -> None:
    """Add weight * D^T D, D = second differences over T frames, to bands (T, ...) in place: penalises acceleration."""
    inner = max(len(diagonal) - 2, 0)
    for offset, factor in enumerate((1, 4, 1)):
        diagonal[offset : inner + offset] += weight * factor
    first[:inner] -= 2 * weight
    first[1 : inner + 1] -= 2 * weight
    second[:inner] += weight


def solve_block_pentadiagonal(diagonal: Array, first: Array, second: Array, right: Array) -> Array:
    """Solve A x = right (T, n) for a symmetric positive definite A of n by n blocks.

    diagonal: (T, n, n). first, second: (T, n, n), the blocks at [t, t + 1] and [t, t + 2]; those that would lie beyond
    the last frame are 0. Block elimination, in linear time.
    """
    frames, unknowns = right.shape
    count, size = -(-frames // _GROUP), _GROUP * unknowns
    own, later = np.zeros((2, count, _GROUP, unknowns, _GROUP, unknowns))
    blocks = [_grouped(part, count) for part in (diagonal, first, second)]
    for row in range(_GROUP):
        own[:, row, :, row] = blocks[0][:, row]
        for offset in (1, 2):
            place, column = (own, row + offset) if row + offset < _GROUP else (later, row + offset - _GROUP)
            place[:, row, :, column] = blocks[offset][:, row]
            if place is own:
                own[:, column, :, row] = blocks[offset][:, row].swapaxes(1, 2)
    padding = np.arange(frames - (count - 1) * _GROUP, _GROUP)
    own[-1, padding, :, padding] = np.eye(unknowns)
    solved = _eliminated(own.reshape(count, size, size), later.reshape(count, size, size), _grouped(right, count))
    return solved.reshape(-1, unknowns)[:frames]


def _grouped(part: Array, count: int) -> Array:
    padded = np.zeros((count * _GROUP, *part.shape[1:]))
    padded[: len(part)] = part
    return padded.reshape(count, _GROUP, *part.shape[1:])


def _eliminated(own: Array, later: Array, right: Array) -> Array:
    """Block Thomas algorithm. own, later: (K, m, m), blocks on and above the diagonal. right: (K, ...) of m numbers."""
    block, value = own[0], right[0].ravel()
    steps = []
    for group, beside in enumerate(later):
        ahead = np.linalg.solve(block, np.column_stack([beside, value]))
        steps.append(ahead)
        if group + 1 < len(own):
            carried = beside.T @ ahead
            block, value = own[group + 1] - carried[:, :-1], right[group + 1].ravel() - carried[:, -1]
    solution = [steps[-1][:, -1]]
    for ahead in reversed(steps[:-1]):
        solution.append(ahead[:, -1] - ahead[:, :-1] @ solution[-1])
    return np.array(solution[::-1])


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
