"""The least squares for the translations of hips and stances, beside the same problem as one full matrix."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_backend.motion.feet.stances import StanceProblem


def problem(frames, legs, seed):
    """Stances of one to twelve frames, with breaks and without, as `stance_numbers` counts them."""
    random = np.random.default_rng(seed)
    stances = np.full((frames, legs), -1)
    for leg in range(legs):
        at, number = int(random.integers(0, 4)), 0
        while at < frames:
            length = int(random.integers(1, 13))
            stances[at : at + length, leg] = number
            at, number = at + length + int(random.integers(0, 6)), number + 1
    half = random.normal(size=(frames, legs, 3, 3))
    precision = half @ half.swapaxes(2, 3) * 10 + np.eye(3)
    precision[stances < 0] = np.diag([0.0, 0.0, 5.0])
    off, middle = random.normal(size=(frames, legs, 3)), random.normal(size=(frames, 3))
    return StanceProblem(precision, off, stances, 2.0, middle, random.uniform(0.5, 2, frames), 7.0)


def as_one_matrix(case):
    """x and p by numpy's least squares over weighted rows, with one p for each stance."""
    frames, legs = case.stances.shape
    counts = case.stances.max(axis=0) + 1
    starts = 3 * frames + 2 * np.concatenate([[0], np.cumsum(counts)])
    rows, values = [], []

    def add(row, value, weight):
        rows.append(np.sqrt(weight) * row)
        values.append(np.sqrt(weight) * value)

    identity = np.eye(starts[-1])
    for t in range(frames):
        for axis in range(3):
            add(identity[3 * t + axis], case.middle[t, axis], case.firm[t])
            if 0 < t < frames - 1:
                bend = identity[3 * (t - 1) + axis] - 2 * identity[3 * t + axis] + identity[3 * (t + 1) + axis]
                add(bend, 0.0, case.stiffness)
        for leg in range(legs):
            reads = identity[3 * t : 3 * t + 3].copy()
            if (number := case.stances[t, leg]) >= 0:
                at = starts[leg] + 2 * number
                reads[:2] -= identity[at : at + 2]
                for row in identity[at : at + 2]:
                    add(row, 0.0, case.prior)
            scale, axes = np.linalg.eigh(case.precision[t, leg])
            for weight, axis in zip(np.maximum(scale, 0), axes.T, strict=True):
                add(axis @ reads, axis @ case.off[t, leg], weight)
    found = np.linalg.lstsq(np.array(rows), np.array(values), rcond=None)[0]
    places = np.zeros((frames, legs, 2))
    for t, leg in np.argwhere(case.stances >= 0):
        at = starts[leg] + 2 * case.stances[t, leg]
        places[t, leg] = found[at : at + 2]
    return found[: 3 * frames].reshape(-1, 3), places


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 47), st.integers(1, 2), st.integers(0, 10**6))
def test_stances_are_placed_as_one_matrix_places_them(frames, legs, seed):
    """Fewer frames than a group, whole groups, and some over; several stances in a group, and over many."""
    case = problem(frames, legs, seed)
    x, places = case.solve()
    expected_x, expected_places = as_one_matrix(case)
    assert np.allclose(x, expected_x, atol=1e-6) and np.allclose(places, expected_places, atol=1e-6)
    assert not places[case.stances < 0].any()
