"""Detects beats and bars of a song, by the network and the bar pointer, or by onsets alone if the network is unsure."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..numerics.resampling import resampled
from .bar_pointer import decode, state_space
from .beat_network import Heard, hear
from .beats import BeatGrid, beats_of_onsets, grid_of_beats, on_onsets
from .loading import Audio
from .log_spectrum import FRAME_RATE, RATE, Spectrum, log_spectrum
from .onsets import Onsets, onset_strength
from .readings import FEWEST, FINE, Evidence, best_reading
from .same_sound import SameSound

Array = NDArray[np.float64]

SLOWEST, FASTEST = 55.0, 215.0  # bpm
TIGHTNESS = 100.0
LEAST = 1e-5  # smaller probabilities are replaced by it
USUAL = 1 / 15  # prior probability that a frame is on a beat
FIRM = 0.18  # the least confidence with which the network's beats are used: rain has 0.14, soft strings 0.23
END_S = 0.02  # a first or last beat that deviates more from the tempo is moved
SHORTEST_S = 6.0  # the shortest sound for the network
AUDIBLE = 0.15  # the least probability of the first and last beat that are played; others are extrapolated


@dataclass(frozen=True, slots=True)
class Hearing:
    """The beats of a song.

    grid: from the song's start to its end. beats: (n,) s, those that are played. numbers: (n,) in their bars, from 1.
    confidence: 0 to 1, the mean probability of a beat at the beats, less that anywhere. heard_by: the method: network,
    onsets or neutral.
    """

    grid: BeatGrid
    beats: Array
    numbers: NDArray[np.intp]
    confidence: float
    heard_by: str


@dataclass(frozen=True, slots=True)
class Sound:
    """What rhythm features and the song map are both made from."""

    spectrum: Spectrum
    onsets: Onsets
    hearing: Hearing


def heard_sound(audio: Audio) -> Sound:
    """The spectrum, onsets and beats of the audio; those of the last two songs are kept."""
    return _heard(SameSound(audio))


@lru_cache(maxsize=2)
def _heard(sound: SameSound) -> Sound:
    audio = sound.take()
    spectrum, onsets = spectrum_of(audio), onset_strength(audio)
    return Sound(spectrum, onsets, hear_beats(spectrum, onsets, audio.duration))


def spectrum_of(audio: Audio) -> Spectrum:
    """The log_spectrum of the audio."""
    return log_spectrum(resampled(audio.samples, audio.rate, RATE))


def hear_beats(spectrum: Spectrum, onsets: Onsets, duration: float) -> Hearing:
    """Detect the beats of a song of `duration` seconds from its log_spectrum (T, bands) and its onsets."""
    confidence = 0.0
    if duration >= SHORTEST_S and spectrum.any():
        hearing = _by_network(hear(spectrum), spectrum, onsets, duration)
        if hearing and hearing.confidence >= FIRM:
            return hearing
        confidence = hearing.confidence if hearing else 0.0
    grid, known = beats_of_onsets(onsets, duration)
    numbers = np.round(grid.position(grid.beats)).astype(np.intp) % grid.metre + 1
    grid = replace(grid, confidence=confidence)
    return Hearing(grid, grid.beats, numbers, confidence, "onsets" if known else "neutral")


def _by_network(heard: Heard, spectrum: Spectrum, onsets: Onsets, duration: float) -> Hearing | None:
    """The beats by the network; None if fewer than FEWEST are found."""
    evidence = Evidence(heard, spectrum)
    found = pointed(evidence.fine)
    if len(found) < FEWEST:
        return None
    reading = best_reading(evidence, found)
    strength = evidence.beat(reading.beats)
    played = np.flatnonzero(strength >= AUDIBLE)
    if len(played) < FEWEST:
        return None
    beats = _steady_ends(on_onsets(onsets, reading.beats))
    part = np.arange(played[0], played[-1] + 1)
    part = part[(beats[part] >= 0) & (beats[part] <= duration)]
    if len(part) < FEWEST:
        return None
    grid = grid_of_beats(beats[part], reading.numbers[part], reading.metre, duration)
    confidence = round(max(float(strength[part].mean() - evidence.anywhere), 0.0), 3)
    grid = replace(grid, confidence=confidence)
    return Hearing(grid, beats[part], reading.numbers[part], confidence, "network")


def _steady_ends(beats: Array) -> Array:
    """Beats (n,) whose first and last are in tempo: the bar pointer puts them at the ends of the sound."""
    out = beats.copy()
    for end, near, far in ((0, 1, 2), (-1, -2, -3)):
        expected = 2 * beats[near] - beats[far]
        if abs(expected - beats[end]) > END_S:
            out[end] = expected
    return out


def pointed(fine: Array) -> Array:
    """Seconds (n,) of the most probable beats. fine: (T, 3) probabilities, FINE * FRAME_RATE frames a second."""
    space = state_space(FINE * FRAME_RATE, SLOWEST, FASTEST, TIGHTNESS)
    none = np.maximum(fine[:, 0], LEAST) * USUAL / (1 - USUAL)
    beat = np.log(np.maximum(fine[:, 1] + fine[:, 2], LEAST) / none).astype(np.float32)
    return decode(beat, space) / (FINE * FRAME_RATE)
