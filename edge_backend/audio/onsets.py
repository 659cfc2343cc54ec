"""Onset strength over time: of all frequencies, and in three bands."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..numerics.resampling import Resampled
from .loading import Audio
from .mel import decibels, mel_frequencies, mel_spectrum

RATE = 22050
HOP = 256  # 86 values a second
FFT = 1024
BANDS = 80
DEPTH_DB = 40.0  # below the loudest value of its own band (low, mid, high) a value counts as silence
NOISE_DB = 80.0  # below the loudest value of all bands a value counts as silence
LOW_HZ, HIGH_HZ = 200.0, 2000.0
# s. The steepest rise is 5 to 14 ms before the window's centre reaches a drum stroke, measured on synthetic drums.
LEAD = 0.010

Curve = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Onsets:
    """Mean rise in dB of the mel bands from one value to the next, (n,) each; value i is at `seconds(i)`.

    everything: all bands. low: below 200 Hz. mid: between. high: above 2 kHz.
    """

    everything: Curve
    low: Curve
    mid: Curve
    high: Curve

    @staticmethod
    def seconds(index: ArrayLike) -> NDArray[np.float64]:
        """Seconds of indices, which may be fractional."""
        return np.asarray(index) * (HOP / RATE) + LEAD

    @staticmethod
    def index(seconds: ArrayLike) -> NDArray[np.float64]:
        """The inverse of `seconds`; indices are fractional."""
        return (np.asarray(seconds) - LEAD) * (RATE / HOP)


def onset_strength(audio: Audio) -> Onsets:
    """Onset strength of the audio: the positive part of the log mel spectrum's change."""
    level = decibels(mel_spectrum(Resampled(audio.samples, audio.rate, RATE), RATE, FFT, HOP, BANDS), NOISE_DB)
    hertz = mel_frequencies(BANDS + 2, RATE / 2)[1:-1]
    bands = (hertz < LOW_HZ, (hertz >= LOW_HZ) & (hertz <= HIGH_HZ), hertz > HIGH_HZ)
    for band in bands:
        level[band] = np.maximum(level[band], level[band].max() - DEPTH_DB)
    rise = np.zeros_like(level)
    np.subtract(level[:, 1:], level[:, :-1], out=rise[:, 1:])
    np.maximum(rise, 0.0, out=rise)
    return Onsets(rise.mean(axis=0), *(rise[band].mean(axis=0) for band in bands))
