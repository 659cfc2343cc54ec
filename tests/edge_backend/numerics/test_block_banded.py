"""Least squares over time."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_backend.numerics.block_banded import solve_bands


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(1, 7), st.integers(0, 10**6))
def test_bands_are_solved_as_the_full_matrix_is(frames, unknowns, seed):
    """Any number of frames: fewer than a group, a whole number of groups, and some over."""
    random = np.random.default_rng(seed)
    first, second = random.normal(size=(2, frames, unknowns, unknowns))
    first[-1:], second[-2:] = 0, 0
    diagonal = random.normal(size=(frames, unknowns, unknowns))
    diagonal = diagonal @ diagonal.swapaxes(1, 2) + 20 * unknowns * np.eye(unknowns)
    right = random.normal(size=(frames, unknowns))
    full = np.zeros((frames, unknowns, frames, unknowns))
    for offset, blocks in enumerate((diagonal, first, second)):
        for t in range(frames - offset):
            full[t, :, t + offset] = blocks[t]
            full[t + offset, :, t] = blocks[t].T
    expected = np.linalg.solve(full.reshape(frames * unknowns, -1), right.ravel())
    assert np.allclose(solve_bands(diagonal, first, second, right).ravel(), expected, atol=1e-9)
