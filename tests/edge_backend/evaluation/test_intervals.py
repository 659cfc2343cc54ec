"""Bootstrap intervals of figures whose spread is known."""

import numpy as np
import pytest

from edge_backend.evaluation.intervals import bootstrap


def mean_of(values: np.ndarray):
    return lambda chosen: float(values[chosen].mean())


def test_equal_dances_leave_no_doubt() -> None:
    estimate = bootstrap(mean_of(np.full(8, 2.5)), 8)
    assert (estimate.value, estimate.low, estimate.high) == (2.5, 2.5, 2.5)


def test_the_interval_of_a_mean_is_two_standard_errors() -> None:
    values = 10 + np.random.default_rng(1).standard_normal(200)
    estimate = bootstrap(mean_of(values), 200)
    error = values.std() / np.sqrt(200)
    assert estimate.value == pytest.approx(values.mean())
    assert estimate.low == pytest.approx(values.mean() - 1.96 * error, abs=0.5 * error)  # 500 draws: +- 0.1 errors
    assert estimate.high == pytest.approx(values.mean() + 1.96 * error, abs=0.5 * error)


def test_one_dance_has_a_value_but_no_interval() -> None:
    estimate = bootstrap(mean_of(np.array([3.0])), 1)
    assert estimate.value == 3.0
    assert np.isnan(estimate.low)
    assert np.isnan(estimate.high)


def test_nothing_is_below_zero() -> None:
    assert bootstrap(mean_of(np.array([0.0, 0.0, 0.0, 9.0])), 4).low == 0.0


def test_the_same_dances_give_the_same_interval() -> None:
    values = np.random.default_rng(2).random(12)
    assert bootstrap(mean_of(values), 12) == bootstrap(mean_of(values), 12)
