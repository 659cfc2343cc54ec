"""Fits a steady beat to a dance's accents, and computes the time warp that makes it even."""

from dataclasses import dataclass

import librosa
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from edge_backend.schema.frames import FPS

from .accents import GRID

Array = NDArray[np.floating]

TIGHTNESS = 200.0  # librosa's weight of a steady tempo relative to accents
MAX_STRETCH = 0.15  # the largest relative change of a beat's length by the warp
ENOUGH_CONTRAST = 1.45  # least ratio of accents on beats to the mean; pieces below it get no music


@dataclass(frozen=True)
class DanceBeats:
    """A dance's beats. times: (n,) seconds. tempo: bpm. contrast: mean accent on beats over the mean accent."""

    times: Array
    tempo: float
    contrast: float

    @property
    def fits(self) -> bool:
        """Whether the beats are clear enough to add music to this dance."""
        return self.contrast >= ENOUGH_CONTRAST and len(self.times) >= 8


def lay_beats(curve: Array, tempos: Array) -> DanceBeats:
    """The beats with the highest contrast over all tempos, by dynamic programming for each (Ellis 2007).

    curve: (samples,) accent curve at GRID per second. tempos: (n,) bpm.
    """
    return max((_beats_at(curve, float(bpm)) for bpm in tempos), key=lambda beats: beats.contrast)


def _beats_at(curve: Array, bpm: float) -> DanceBeats:
    _, frames = librosa.beat.beat_track(
        onset_envelope=curve, sr=GRID, hop_length=1, bpm=bpm, tightness=TIGHTNESS, trim=False
    )
    frames = np.asarray(frames, dtype=int)
    if len(frames) < 4:
        return DanceBeats(frames / GRID, bpm, 0.0)
    times = _steady(frames / GRID, 60.0 / bpm)
    caught = np.interp(times, np.arange(len(curve)) / GRID, curve).mean()
    return DanceBeats(times, 60.0 / float(np.median(np.diff(times))), float(caught / (curve.mean() + 1e-9)))


def _steady(times: Array, period: float) -> Array:
    """Beats (n,), seconds, with intervals clipped to within MAX_STRETCH of the period, near the found ones (n,)."""
    steady = times.copy()
    low, high = period * (1 - MAX_STRETCH), period * (1 + MAX_STRETCH)
    for i in range(1, len(steady)):
        steady[i] = np.clip(times[i], steady[i - 1] + low, steady[i - 1] + high)
    return steady


def warp_to_tempo(beats: DanceBeats, seconds: float, tempo: float) -> Array:
    """The time warp (frames,), seconds: the moment of the dance that each frame of the warped dance shows, at 30 fps.

    seconds: the dance's length. tempo: bpm of the even grid to which the beats are moved. Between beats the warp is a
    monotone cubic, whose derivative is continuous.
    """
    period, ratio = 60.0 / tempo, beats.tempo / tempo
    inside = beats.times[(beats.times > 0.05) & (beats.times < seconds - 0.05)]
    even = inside[0] * ratio + period * np.arange(len(inside))
    knots_even = np.concatenate([[0.0], even, [even[-1] + (seconds - inside[-1]) * ratio]])
    knots_source = np.concatenate([[0.0], inside, [seconds]])
    frames = int(knots_even[-1] * FPS)
    source = PchipInterpolator(knots_even, knots_source)(np.arange(frames) / FPS)
    return np.clip(source, 0, seconds)
