"""Least squares over time."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_backend.numerics.banded import (
    add_bending,
    solve_block_chain,
    solve_block_tridiagonal,
    solve_pentadiagonal,
)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(1, 9), st.integers(1, 9), st.integers(0, 10**6))
def test_chained_blocks_are_solved_as_the_full_matrix_is(blocks, unknowns, coupled, seed):
    """Some of the next block's unknowns are coupled, or all of them."""
    random = np.random.default_rng(seed)
    later = random.normal(size=(blocks, unknowns, min(coupled, unknowns)))  # the last one has to be ignored
    own = random.normal(size=(blocks, unknowns, unknowns))
    own = own @ own.swapaxes(1, 2) + 20 * unknowns * np.eye(unknowns)
    right = random.normal(size=(blocks, unknowns))
    full = np.zeros((blocks, unknowns, blocks, unknowns))
    for number in range(blocks):
        full[number, :, number] = own[number]
    for number in range(blocks - 1):
        full[number, :, number + 1, : later.shape[2]] = later[number]
        full[number + 1, : later.shape[2], number] = later[number].T
    expected = np.linalg.solve(full.reshape(blocks * unknowns, -1), right.ravel())
    assert np.allclose(solve_block_chain(own, later, right).ravel(), expected, atol=1e-9)


@given(st.integers(1, 30), st.integers(1, 20), st.integers(0, 10**6))
def test_five_diagonals_are_solved_as_the_full_matrix_is(frames, columns, seed):
    """Few and many columns are solved by different code."""
    random = np.random.default_rng(seed)
    weight, right = random.uniform(0.1, 2, frames), random.normal(size=(frames, columns))
    diagonal, first, second = weight.copy(), *np.zeros((2, frames))
    add_bending(diagonal, first, second, 3.0)
    bends = np.diff(np.eye(frames), n=2, axis=0) if frames > 2 else np.zeros((0, frames))
    full = np.diag(weight) + 3.0 * bends.T @ bends
    solved = solve_pentadiagonal(diagonal, first, second, right)
    assert np.allclose(solved, np.linalg.solve(full, right), atol=1e-8)


@given(st.integers(1, 90), st.integers(1, 4), st.integers(0, 10**6))
def test_two_by_two_blocks_are_solved_as_the_full_matrix_is(blocks, columns, seed):
    """Few and many blocks are solved by different code."""
    random = np.random.default_rng(seed)
    above = random.normal(size=(blocks - 1, 2, 2))
    diagonal = random.normal(size=(blocks, 2, 2))
    diagonal = diagonal @ diagonal.swapaxes(1, 2) + 8 * np.eye(2)
    right = random.normal(size=(blocks, 2, columns))
    full = np.zeros((blocks, 2, blocks, 2))
    for number in range(blocks):
        full[number, :, number] = diagonal[number]
    for number in range(blocks - 1):
        full[number, :, number + 1] = above[number]
        full[number + 1, :, number] = above[number].T
    expected = np.linalg.solve(full.reshape(2 * blocks, -1), right.reshape(2 * blocks, -1))
    assert np.allclose(solve_block_tridiagonal(diagonal, above, right).reshape(2 * blocks, -1), expected, atol=1e-8)
