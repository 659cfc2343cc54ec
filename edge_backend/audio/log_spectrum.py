"""The input of the beat network: a spectrum with logarithmically spaced triangular bands, 50 frames a second; numpy.

Filter banks as in Boeck, Krebs and Schedl, "Evaluating the Online Capabilities of Onset Detection Methods" (2012).
"""

import numpy as np
from numpy.typing import NDArray

from ..numerics.resampling import Readable
from .mel import frames_of

RATE = 22050  # samples a second
HOP = 441
FRAME_RATE = RATE // HOP  # frames a second
WINDOW = 2048
PER_OCTAVE = 12
LOWEST_HZ, HIGHEST_HZ = 30.0, 10000.0
LEVEL = 0.1  # root mean square to which sound is normalised
COMPRESSION = 1000.0  # values are log10(1 + COMPRESSION * magnitude)
BLOCK = 1024  # frames transformed at a time
LARGE_BLOCK = 1 << 15  # the same where blocks change the rounding: 11 minutes
SUM = 1 << 22  # samples squared at a time

Spectrum = NDArray[np.float32]


def log_spectrum(samples: Readable) -> Spectrum:
    """Log magnitudes (1 + n // HOP, bands) of sound (n,) at RATE.

    Frame i is centred on sample i * HOP; before the beginning and after the end there is silence. Sound is normalised
    to LEVEL first, so that quiet and loud songs have the same values.
    """
    power = sum(float(np.square(samples[i : i + SUM], dtype=np.float64).sum()) for i in range(0, len(samples), SUM))
    loud = float(np.sqrt(power / len(samples))) if len(samples) else 0.0
    scale = COMPRESSION * LEVEL / loud if loud else 0.0
    hann = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    weights = filter_bank() * np.float32(scale / hann.sum())
    count = 1 + len(samples) // HOP
    result = np.empty((count, weights.shape[1]), np.float32)
    for first in range(0, count, BLOCK):
        which = range(first, min(first + BLOCK, count))
        frames = frames_of(samples, which, WINDOW, HOP)
        result[which.start : which.stop] = np.abs(np.fft.rfft(frames * hann)).astype(np.float32) @ weights
    result += 1
    return np.log10(result, out=result)


def filter_bank() -> NDArray[np.float32]:
    """Weights (1 + WINDOW / 2, bands) of triangular filters with PER_OCTAVE centre frequencies an octave.

    Centres are on the tempered scale of 440 Hz, rounded to bins. Low ones that share a bin are one band. Each band's
    weights sum to 1.
    """
    bins = _centre_bins()
    bank = np.zeros((1 + WINDOW // 2, len(bins) - 2), np.float32)
    for band, (left, centre, right) in enumerate(zip(bins, bins[1:], bins[2:], strict=False)):
        bank[left:centre, band] = np.linspace(0, 1, centre - left, endpoint=False)
        bank[centre:right, band] = np.linspace(1, 0, right - centre, endpoint=False)
    return bank / bank.sum(axis=0)


def band_frequencies() -> NDArray[np.float64]:
    """Centre frequency of each band, (bands,) Hz."""
    return _centre_bins()[1:-1] * RATE / WINDOW


def _centre_bins() -> NDArray[np.intp]:
    low, high = (round(PER_OCTAVE * np.log2(hertz / 440.0)) for hertz in (LOWEST_HZ, HIGHEST_HZ))
    hertz = 440.0 * 2.0 ** (np.arange(low, high + 1) / PER_OCTAVE)
    return np.unique(np.round(hertz * WINDOW / RATE).astype(int))


def chroma(spectrum: Spectrum, lowest: float, highest: float) -> NDArray[np.float64]:
    """Chroma (T, 12), pitch classes from A, between two frequencies in Hz.

    Only bands that exceed their neighbours count as tones; the others are noise and drums.
    """
    hertz = band_frequencies()
    bands = np.flatnonzero((hertz >= lowest) & (hertz <= highest))
    fold = np.zeros((len(hertz), 12))
    fold[bands, np.round(12 * np.log2(hertz[bands] / 440.0)).astype(int) % 12] = 1
    starts = range(0, max(len(spectrum), 1), LARGE_BLOCK)
    return np.concatenate([_tones(spectrum[first : first + LARGE_BLOCK]) @ fold for first in starts])


def _tones(spectrum: Spectrum) -> NDArray[np.float64]:
    """How far each band (T, bands) exceeds the mean of its neighbours, at least 0."""
    level = np.asarray(spectrum, np.float64)
    reach = PER_OCTAVE // 2 - 1
    padded = np.pad(level, ((0, 0), (reach, reach)), mode="edge")
    total = np.cumsum(np.pad(padded, ((0, 0), (1, 0))), axis=1)
    around = (total[:, 2 * reach + 1 :] - total[:, : -2 * reach - 1]) / (2 * reach + 1)
    return np.maximum(level - around, 0)
