"""Beats and bars of a song, by the network and the bar pointer; by onsets alone where the network knows no beat."""

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
LEAST = 1e-5  # probability that is told from 0
USUAL = 1 / 15  # part of the frames that lie on a beat
FIRM = 0.2  # mean probability at the beats from which on there is a beat
END_S = 0.02  # a first or last beat that is so far from where the tempo has it is moved there
SHORTEST_S = 6.0  # what the network has to hear of a song
AUDIBLE = 0.15  # probability from which on the first and the last beats are played, not only carried on


@dataclass(frozen=True, slots=True)
class Hearing:
    """What is heard of a song's time.

    grid: from its start to its end. beats: (n,) s, those that are played. numbers: (n,) of each in its bar, from 1 on.
    confidence: 0 to 1. heard_by: network, onsets or neutral.
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
    """The beats of a song of `duration` seconds, by its log_spectrum and its onsets."""
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
    """None where too few beats are played."""
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
    grid = grid_of_beats(beats, reading.numbers, reading.metre, duration)
    part = np.arange(played[0], played[-1] + 1)
    part = part[(beats[part] >= 0) & (beats[part] <= duration)]
    confidence = round(float(strength[part].mean()), 3)
    grid = replace(grid, confidence=confidence)
    return Hearing(grid, beats[part], reading.numbers[part], confidence, "network")


def _steady_ends(beats: Array) -> Array:
    """The first and the last beat where the tempo has them: the path begins and ends wherever the sound does."""
    out = beats.copy()
    for end, near, far in ((0, 1, 2), (-1, -2, -3)):
        expected = 2 * beats[near] - beats[far]
        if abs(expected - beats[end]) > END_S:
            out[end] = expected
    return out


def pointed(fine: Array) -> Array:
    """Seconds of the likeliest beats. fine: (T, 3) probabilities, FINE * FRAME_RATE frames a second."""
    space = state_space(FINE * FRAME_RATE, SLOWEST, FASTEST, TIGHTNESS)
    none = np.maximum(fine[:, 0], LEAST) * USUAL / (1 - USUAL)
    beat = np.log(np.maximum(fine[:, 1] + fine[:, 2], LEAST) / none).astype(np.float32)
    return decode(beat, space) / (FINE * FRAME_RATE)
