"""scipy's cubics without scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline, PchipInterpolator

from edge_backend.numerics.splines import monotone_spline, natural_spline

WITHIN = 1e-12  # of the largest value: both are float64


def between(x):
    """Places on and between the points, and the ends."""
    return np.unique(np.concatenate([x, np.linspace(x[0], x[-1], 997)]))


def points(number, seed=0):
    random = np.random.default_rng(seed)
    return np.cumsum(random.uniform(0.01, 1, number)), random


@pytest.mark.parametrize("number", [2, 3, 4, 50, 2000])
def test_the_monotone_spline_is_scipys(number):
    x, random = points(number)
    for y in (random.normal(0, 5, number), np.cumsum(random.uniform(0, 2, number)), random.integers(0, 3, number)):
        expected = PchipInterpolator(x, y)(between(x))
        assert np.abs(monotone_spline(x, y, between(x)) - expected).max() <= WITHIN * max(1, np.abs(y).max())


@given(
    st.lists(
        st.tuples(st.floats(0.001, 10), st.sampled_from([-1.0, 0.0, 0.0, 1e-6, 0.5, 40.0])), min_size=2, max_size=9
    )
)
def test_the_monotone_spline_is_scipys_over_plateaus_and_turns(steps):
    x, y = np.cumsum(np.array(steps), axis=0).T
    expected = PchipInterpolator(x, y)(between(x))
    assert np.abs(monotone_spline(x, y, between(x)) - expected).max() <= WITHIN * max(1, np.abs(y).max())


def test_the_monotone_spline_never_runs_back():
    x, random = points(300, seed=1)
    y = np.cumsum(random.choice([0.0, 1e-9, 1.0, 100.0], 300))
    assert np.diff(monotone_spline(x, y, between(x))).min() > -1e-9  # float64 of values up to 1e4


@pytest.mark.parametrize("number", [2, 3, 4, 50, 2000])
@pytest.mark.parametrize("evenly", [True, False])
def test_the_natural_spline_is_scipys(number, evenly):
    x, random = points(number)
    x = np.linspace(0, 1, number) if evenly else x
    y = random.normal(0, 5, (number, 3))
    expected = CubicSpline(x, y, bc_type="natural")(between(x))
    assert np.abs(natural_spline(x, y, between(x)) - expected).max() <= WITHIN * np.abs(expected).max()
