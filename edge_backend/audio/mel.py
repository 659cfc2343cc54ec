"""The mel spectrum of a sound, in numpy alone: librosa, which has it too, takes seconds to import.

The mel scale is that of Slaney's Auditory Toolbox (1998): linear up to 1 kHz, logarithmic above it.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..numerics.resampling import Readable

LINEAR_HZ, LINEAR_MEL = 1000.0, 15.0  # where the scale bends
HZ_PER_MEL = LINEAR_HZ / LINEAR_MEL
LOG_STEP = np.log(6.4) / 27.0
LEAST_POWER = 1e-10
BLOCK = 512  # frames that are transformed at a time

Spectrum = NDArray[np.float32]


def mel_frequencies(bands: int, highest: float) -> NDArray[np.float64]:
    """(bands,) Hz from 0 to `highest`, at equal distances on the mel scale."""
    if highest <= LINEAR_HZ:
        return np.linspace(0.0, highest, bands)
    mels = np.linspace(0.0, LINEAR_MEL + np.log(highest / LINEAR_HZ) / LOG_STEP, bands)
    above = LINEAR_HZ * np.exp(LOG_STEP * (mels - LINEAR_MEL))
    return np.where(mels < LINEAR_MEL, HZ_PER_MEL * mels, above)


def mel_spectrum(samples: Readable, rate: int, window: int, hop: int, bands: int) -> Spectrum:
    """Power (bands, 1 + n // hop) of samples (n,) at `rate` a second, in triangular mel bands of equal energy.

    window, hop: samples. Frame i is centred on sample i * hop; outside the samples there is silence.
    """
    triangles = _triangles(rate, window, bands)
    hann = np.sin(np.pi * np.arange(window) / window) ** 2  # float64: so every numpy transforms in the same precision
    count = 1 + len(samples) // hop
    starts = range(0, count, BLOCK)
    result = np.empty((bands, count), np.float32)
    for start in starts:
        which = range(start, min(start + BLOCK, count))
        result[:, which.start : which.stop] = triangles @ _power(frames_of(samples, which, window, hop) * hann).T
    return result


def decibels(power: ArrayLike, depth: float) -> Spectrum:
    """Power of any shape in dB relative to its maximum, 0 to -`depth`."""
    level = np.maximum(np.asarray(power, np.float32), LEAST_POWER)
    np.log10(level, out=level)  # in place: for 10 minutes of song every copy is 16 MB
    level *= 10
    level -= level.max()
    return np.maximum(level, -depth, out=level)


def frames_of(samples: Readable, which: range, window: int, hop: int) -> NDArray[np.float32]:
    """The frames (n, window) with the numbers `which`, silent beyond the samples' ends. Frame i is centred on sample
    i * hop."""
    first, stop = which.start * hop - window // 2, (which.stop - 1) * hop + window // 2
    padded = np.pad(samples[max(first, 0) : stop], (max(-first, 0), max(stop - len(samples), 0)))
    return np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]


def _power(frames: NDArray[np.float64]) -> NDArray[np.float32]:
    spectrum = np.fft.rfft(frames)
    return (np.square(spectrum.real) + np.square(spectrum.imag)).astype(np.float32)


def _triangles(rate: int, window: int, bands: int) -> NDArray[np.float32]:
    """Weights (bands, 1 + window / 2) of triangular filters, each between its two neighbours' centre frequencies."""
    edges = mel_frequencies(bands + 2, rate / 2)
    bins = np.arange(1 + window // 2) * rate / window
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    area = 2 / (edges[2:] - edges[:-2])
    return (area[:, None] * np.maximum(0, np.minimum(rising, falling))).astype(np.float32)
