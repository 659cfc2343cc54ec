"""Sound at another rate, in numpy: a windowed sinc, applied as matrix products.

J. O. Smith, "Digital Audio Resampling Home Page", https://ccrma.stanford.edu/~jos/resample: band-limited interpolation.
"""

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

ZEROS = 16  # zero crossings of the sinc on either side
PASSBAND = 0.95  # of half of the lower rate: there the filter is 6 dB down
BETA = 8.0  # of the Kaiser window: 80 dB
GROUP = 128  # samples that a row of a product makes, or a few more
MOST = 2048
PHASES = 64  # between two samples, where groups do not begin on one
ROWS = 512  # of a product


def resampled(samples: Samples, rate: int, target: int) -> Samples:
    """The sound (n,) at `target` samples a second: (ceil(n * target / rate),). Before and behind it there is silence.

    Linear phase: nothing moves in time. What lies above half of the lower rate is removed.
    """
    if rate == target:
        return samples
    length = math.ceil(len(samples) * target / rate)
    ratio = Fraction(target, rate)
    whole = ratio.numerator * math.ceil(GROUP / ratio.numerator)
    count = whole if whole <= MOST else GROUP  # whole: every group begins on a sample
    reach = _reach(ratio)
    heard = np.pad(samples, (reach, reach + math.ceil(count / ratio) + 2))
    windows = np.lib.stride_tricks.sliding_window_view(heard, 2 * reach + math.ceil(count / ratio) + 1)
    numbers = np.arange(math.ceil(length / count), dtype=np.int64)
    begins, rest = np.divmod(numbers * count * ratio.denominator, ratio.numerator)
    phases = np.round(rest * (PHASES / ratio.numerator)).astype(int)
    result = np.empty((len(numbers), count), np.float32)
    for phase in np.unique(phases):
        matrix = _matrix(ratio, count, int(phase))
        groups = np.flatnonzero(phases == phase)
        for block in np.split(groups, range(ROWS, len(groups), ROWS)):
            result[block] = windows[begins[block]] @ matrix
    return result.reshape(-1)[:length]


def _cutoff(ratio: Fraction) -> float:
    """Where the filter ends, of half of the rate that comes in."""
    return PASSBAND * min(float(ratio), 1.0)


def _reach(ratio: Fraction) -> int:
    """Samples on either side that a sample is made of."""
    return math.ceil(ZEROS / _cutoff(ratio))


@lru_cache(maxsize=2 * PHASES)
def _matrix(ratio: Fraction, count: int, phase: int) -> Samples:
    """Weights (n, count) that make `count` samples of n, the first of them `phase` / PHASES behind sample `reach`."""
    cutoff, reach = _cutoff(ratio), _reach(ratio)
    places = reach + phase / PHASES + np.arange(count) / float(ratio)
    apart = np.arange(2 * reach + math.ceil(count / ratio) + 1)[:, None] - places
    window = np.i0(BETA * np.sqrt(np.clip(1 - (apart / reach) ** 2, 0, None)))
    weights = np.sinc(cutoff * apart) * window * (np.abs(apart) < reach)
    return (weights / weights.sum(axis=0)).astype(np.float32)
