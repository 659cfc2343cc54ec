"""Least squares over time: frames that have to do with the two before and after them, several unknowns a frame."""

import numpy as np

from ..motion.rotations import Array

# So many frames are eliminated at once: fewer, and numpy's calls cost most; more, and its arithmetic does.
_GROUP = 6


def solve_bands(diagonal: Array, first: Array, second: Array, right: Array) -> Array:
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
    """Block Thomas. own, later: (K, m, m), the groups' blocks and those beside them. right: (K, ...) of m numbers."""
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
