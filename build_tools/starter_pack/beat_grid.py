"""A steady beat laid through a dance's accents, and the small warp of time that puts the accents on it."""

from dataclasses import dataclass

import librosa
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from edge_backend.schema.frames import FPS

from .accents import GRID

Array = NDArray[np.floating]

TIGHTNESS = 200.0  # librosa's weight of steadiness against accents
MAX_STRETCH = 0.15  # how far one beat may be shortened or lengthened by the warp
ENOUGH_CONTRAST = 1.45  # accents on the beat against accents anywhere; below, the piece is danced without music


@dataclass(frozen=True)
class DanceBeats:
    """A dance's beats: times in seconds (n,), tempo in bpm, and how much more accented a beat is than any moment."""

    times: Array
    tempo: float
    contrast: float

    @property
    def fits(self) -> bool:
        """Whether music can be laid under this dance."""
        return self.contrast >= ENOUGH_CONTRAST and len(self.times) >= 8


def lay_beats(curve: Array, tempos: Array) -> DanceBeats:
    """The steady beats that catch most of the accents (dynamic programming of Ellis 2007 over each tempo).

    curve: accent curve at GRID per second. tempos: bpm to try.
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
    """Beats with every interval within MAX_STRETCH of the period, as near as possible to the found ones."""
    steady = times.copy()
    low, high = period * (1 - MAX_STRETCH), period * (1 + MAX_STRETCH)
    for i in range(1, len(steady)):
        steady[i] = np.clip(times[i], steady[i - 1] + low, steady[i - 1] + high)
    return steady


def warp_to_tempo(beats: DanceBeats, seconds: float, tempo: float) -> Array:
    """Where in the dance each frame of the warped dance is taken from: seconds (frames,), at 30 fps.

    seconds: the dance's length. tempo: bpm of the even grid that the beats are moved onto. Between the beats time flows
    smoothly (monotone cubic), so that the warp adds no jolt.
    """
    period, ratio = 60.0 / tempo, beats.tempo / tempo
    inside = beats.times[(beats.times > 0.05) & (beats.times < seconds - 0.05)]
    even = inside[0] * ratio + period * np.arange(len(inside))
    knots_even = np.concatenate([[0.0], even, [even[-1] + (seconds - inside[-1]) * ratio]])
    knots_source = np.concatenate([[0.0], inside, [seconds]])
    frames = int(knots_even[-1] * FPS)
    source = PchipInterpolator(knots_even, knots_source)(np.arange(frames) / FPS)
    return np.clip(source, 0, seconds)
