"""Variety and Frechet distance of sets whose answers are arithmetic."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_backend.evaluation.distances import Normal, frechet_distance, mean_distance, normalised, pair_distances

RNG = np.random.default_rng(4)


def test_features_are_counted_in_the_references_deviations() -> None:
    reference = np.array(
        [[0.0, 5.0, 1.0], [2.0, 5.0, 3.0]]
    )  # means 1 and 2, deviations 1 and 1; the middle is constant
    np.testing.assert_allclose(normalised(np.array([[3.0, 9.0, 2.0]]), reference), [[2.0, 0.0]])


def test_mean_distance_of_three_points_on_a_line() -> None:
    distances = pair_distances(np.array([[0.0], [1.0], [3.0]]))
    assert mean_distance(distances, np.arange(3)) == pytest.approx((1 + 3 + 2) / 3)


def test_a_clip_drawn_twice_is_no_pair_with_itself() -> None:
    distances = pair_distances(np.array([[0.0], [1.0], [3.0]]))
    assert mean_distance(distances, np.array([0, 0, 1])) == pytest.approx(1.0)
    assert np.isnan(mean_distance(distances, np.array([2, 2])))


def test_a_set_has_no_distance_from_itself() -> None:
    features = RNG.standard_normal((50, 6))
    assert frechet_distance(features, Normal.through(features)) == pytest.approx(0, abs=1e-9)


@given(st.floats(-10, 10), st.floats(0.1, 5))
def test_in_one_dimension_it_is_the_means_and_the_deviations(shift: float, scale: float) -> None:
    features = np.linspace(-1, 1, 20)[:, None]
    deviation = features.std(ddof=1)
    expected = shift**2 + (scale * deviation - deviation) ** 2
    assert frechet_distance(scale * features + shift, Normal.through(features)) == pytest.approx(
        expected, rel=1e-6, abs=1e-9
    )


def test_rotated_covariances_are_distinguished() -> None:
    """Two ellipses with axes 2 and 1 across each other: 2 (2^2 + 1^2) - 2 tr((S1^.5 S2 S1^.5)^.5) = 10 - 8 = 2."""
    one = np.array([[2.0, 0], [-2, 0], [0, 1], [0, -1]]) * np.sqrt(3 / 2)  # covariance diag(4, 1)
    other = one[:, ::-1]
    assert frechet_distance(one, Normal.through(other)) == pytest.approx(2.0)


def test_fewer_clips_than_two_have_no_distance() -> None:
    assert np.isnan(frechet_distance(np.ones((1, 3)), Normal.through(RNG.standard_normal((9, 3)))))
