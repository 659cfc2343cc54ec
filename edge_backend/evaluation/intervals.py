"""Confidence intervals of metrics, by the bootstrap (Efron 1979) over dances."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..numerics.array import Array

DRAWS = 500
LEVEL = 95  # per cent


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its 95 % interval, NaN where it is not defined."""

    value: float
    low: float
    high: float


def bootstrap(statistic: Callable[[Array], float], dances: int, seed: int = 0) -> Estimate:
    """The statistic of all dances and its bootstrap interval.

    statistic: a function of dance numbers (n,), with values >= 0. dances: their number. Repeated dances bias measures
    of diversity, so the distribution of the draws is centred on the value.
    """
    value = statistic(np.arange(dances))
    if dances < 2 or not np.isfinite(value):
        return Estimate(value, float("nan"), float("nan"))
    numbers = np.random.default_rng(seed).integers(dances, size=(DRAWS, dances))
    draws = np.array([statistic(drawn) for drawn in numbers])
    draws = draws[np.isfinite(draws)]
    if not len(draws):
        return Estimate(value, float("nan"), float("nan"))
    tail = (100 - LEVEL) / 2
    low, high = np.percentile(draws, [tail, 100 - tail]) - draws.mean() + value
    return Estimate(value, max(float(low), 0.0), float(high))
