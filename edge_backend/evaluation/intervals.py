"""How sure a figure is: intervals by the bootstrap (Efron 1979) over dances."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..numerics.array import Array

DRAWS = 500
LEVEL = 95  # per cent


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval, NaN where there is none."""

    value: float
    low: float
    high: float


def bootstrap(statistic: Callable[[Array], float], dances: int, seed: int = 0) -> Estimate:
    """The statistic of all dances, and the interval that it falls in when dances are drawn again with repeats.

    statistic: of an array of dance numbers; 0 or more, as all metrics here are. Repeats bias statistics of variety (two
    equal dances are not varied), so the draws are centred on the value.
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
