"""Resampling of audio in numpy: a windowed sinc filter, applied as matrix products.

J. O. Smith, "Digital Audio Resampling Home Page", https://ccrma.stanford.edu/~jos/resample: band-limited interpolation.
"""

import math
from fractions import Fraction
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

ZEROS = 16  # zero crossings of the sinc on either side
PASSBAND = 0.95  # cutoff (-6 dB), as a share of half of the lower rate
BETA = 8.0  # of the Kaiser window: 80 dB
GROUP = 128  # least number of output samples per row of a product
MOST = 2048  # largest such number; above it, groups start between input samples
PHASES = 64  # positions between two input samples for that case
ROWS = 512  # of a product


class Readable(Protocol):
    """What samples are read from: an array (n,), or `Resampled`."""

    def __len__(self) -> int:
        """Number of samples."""

    def __getitem__(self, part: slice, /) -> Samples:
        """The samples from part.start to part.stop, exclusive."""


class Resampled:
    """Samples (n,) at `rate` a second as ceil(n * target / rate) samples at `target`, computed where they are read.

    A linear-phase low-pass with a cutoff just below half of the lower rate. Beyond the ends the samples are taken as 0.
    """

    def __init__(self, samples: Samples, rate: int, target: int) -> None:
        self._samples = samples
        self._ratio = Fraction(target, rate)
        whole = self._ratio.numerator * math.ceil(GROUP / self._ratio.numerator)
        self._count = whole if whole <= MOST else GROUP  # whole: every group starts at an input sample
        self._length = math.ceil(len(samples) * target / rate)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, part: slice) -> Samples:
        """The samples from part.start to part.stop, exclusive; steps are not taken."""
        start, stop, _ = part.indices(self._length)
        if self._ratio == 1:
            return self._samples[start:stop]
        row = ROWS * self._count  # whole products, so that no number depends on what is read with it
        first = start // row
        return self._products(first, math.ceil(stop / row))[start - first * row :][: max(stop - start, 0)]

    def _products(self, first: int, stop: int) -> Samples:
        """The samples of the products `first` to `stop`, exclusive, of ROWS groups of `_count` samples each."""
        ratio, reach = self._ratio, _reach(self._ratio)
        width = 2 * reach + math.ceil(self._count / ratio) + 1
        last = min(stop * ROWS, math.ceil(self._length / self._count))
        numbers = np.arange(first * ROWS, max(last, first * ROWS), dtype=np.int64)
        begins, rest = np.divmod(numbers * self._count * ratio.denominator, ratio.numerator)
        phases = np.round(rest * (PHASES / ratio.numerator)).astype(int)
        result = np.empty((len(numbers), self._count), np.float32)
        for phase in np.unique(phases):
            matrix = _matrix(ratio, self._count, int(phase))
            groups = np.flatnonzero(phases == phase)
            for block in np.split(groups, range(ROWS, len(groups), ROWS)):
                begin = int(begins[block[0]])
                near = _between(self._samples, begin - reach, int(begins[block[-1]]) - reach + width)
                windows = np.lib.stride_tricks.sliding_window_view(near, width)
                result[block] = windows[begins[block] - begin] @ matrix
        return result.reshape(-1)


def resampled(samples: Samples, rate: int, target: int) -> Samples:
    """Resample samples (n,) from `rate` to `target` samples a second, as Resampled: (ceil(n * target / rate),)."""
    return Resampled(samples, rate, target)[:]


def _between(samples: Samples, first: int, stop: int) -> Samples:
    """The samples from number `first` to `stop`, exclusive; 0 beyond the ends. A song of an hour is not copied."""
    return np.pad(samples[max(first, 0) : max(stop, 0)], (max(-first, 0), max(stop - max(len(samples), first), 0)))


def _cutoff(ratio: Fraction) -> float:
    """The cutoff, as a share of half of the input rate."""
    return PASSBAND * min(float(ratio), 1.0)


def _reach(ratio: Fraction) -> int:
    """The filter's length on either side, in input samples."""
    return math.ceil(ZEROS / _cutoff(ratio))


@lru_cache(maxsize=2 * PHASES)
def _matrix(ratio: Fraction, count: int, phase: int) -> Samples:
    """Weights (n, count) from n input samples to `count` output samples.

    The first output sample is `phase` / PHASES after input sample number `reach`.
    """
    cutoff, reach = _cutoff(ratio), _reach(ratio)
    places = reach + phase / PHASES + np.arange(count) / float(ratio)
    apart = np.arange(2 * reach + math.ceil(count / ratio) + 1)[:, None] - places
    window = np.i0(BETA * np.sqrt(np.clip(1 - (apart / reach) ** 2, 0, None)))
    weights = np.sinc(cutoff * apart) * window * (np.abs(apart) < reach)
    return (weights / weights.sum(axis=0)).astype(np.float32)
