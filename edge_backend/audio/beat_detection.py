"""Detects the beats and bars of a song: by the network and the bar pointer, or by onsets if the network is unsure."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..numerics.resampling import Resampled
from .bar_pointer import decode, state_space
from .beat_network import beat_activations
from .beats import BeatGrid, beats_of_onsets, grid_of_beats, on_onsets
from .loading import Audio
from .log_spectrum import FRAME_RATE, RATE, Spectrum, log_spectrum
from .onsets import Onsets, onset_strength
from .phase_slips import without_slips
from .readings import FEWEST, FINE, Evidence, Reading, best_reading
from .same_sound import SameSound

Array = NDArray[np.float64]

SLOWEST, FASTEST = 48.0, 215.0  # bpm
TIGHTNESS = 200.0
LEAST = 1e-5  # smaller probabilities are replaced by it
USUAL = 1 / 15  # prior probability that a frame is on a beat
FIRM = 0.18  # the least confidence with which the network's beats are used: rain has less than 0.1
# Or the least difference of the probability of a first beat between first beats and the others. Strings whose tones
# begin softly, on first beats alone, have 0.2 to 0.45, rain and birds less than 0.1. A voice alone may have more.
FIRM_BARS = 0.2
END_S = 0.02  # a first or last beat that deviates more from the tempo is moved
SHORTEST_S = 6.0  # the shortest sound for the network
AUDIBLE = 0.15  # the least probability of the first and last beat that are played; others are extrapolated


@dataclass(frozen=True, slots=True)
class DetectedBeats:
    """The beats of a song.

    grid: from the song's start to its end, extrapolated where nothing is played. beats: (n,) seconds, detected ones
    only. numbers: (n,) of the beats in their bars, from 1. confidence: 0 to 1, the mean beat probability at the beats
    minus the mean over the song. method: network, onsets, or neutral (120 bpm, no beat found).
    """

    grid: BeatGrid
    beats: Array
    numbers: NDArray[np.intp]
    confidence: float
    method: str


@dataclass(frozen=True, slots=True)
class SoundAnalysis:
    """The analysis of a sound, from which rhythm features and the song map are computed."""

    spectrum: Spectrum
    onsets: Onsets
    detected: DetectedBeats


def analysed_sound(audio: Audio) -> SoundAnalysis:
    """Analyse the audio; the results for the last two songs are cached."""
    return _analysed(SameSound(audio))


@lru_cache(maxsize=2)
def _analysed(sound: SameSound) -> SoundAnalysis:
    audio = sound.take()
    spectrum, onsets = spectrum_of(audio), onset_strength(audio)
    return SoundAnalysis(spectrum, onsets, detect_beats(spectrum, onsets, audio.duration))


def spectrum_of(audio: Audio) -> Spectrum:
    """The log_spectrum of the audio."""
    return log_spectrum(Resampled(audio.samples, audio.rate, RATE))


def detect_beats(spectrum: Spectrum, onsets: Onsets, duration: float) -> DetectedBeats:
    """Detect the beats of a song of `duration` seconds.

    spectrum: its log_spectrum (T, bands). onsets: its onset strength.
    """
    confidence = 0.0
    if duration >= SHORTEST_S and spectrum.any():
        evidence = Evidence(beat_activations(spectrum), spectrum)
        reading = _reading(evidence)
        detected = _by_network(evidence, reading, onsets, duration) if reading else None
        if reading and detected and (detected.confidence >= FIRM or _bars(evidence, reading) >= FIRM_BARS):
            return detected
        confidence = detected.confidence if detected else 0.0
    grid, known = beats_of_onsets(onsets, duration)
    numbers = np.round(grid.position(grid.beats)).astype(np.intp) % grid.metre + 1
    grid = replace(grid, confidence=confidence)
    return DetectedBeats(grid, grid.beats, numbers, confidence, "onsets" if known else "neutral")


def _reading(evidence: Evidence) -> Reading | None:
    """The beats by the network's activations; None if there are fewer than FEWEST."""
    found = found_beats(evidence)
    return best_reading(evidence, found) if len(found) >= FEWEST else None


def _bars(evidence: Evidence, reading: Reading) -> float:
    """By how much the first beat of a bar is likelier on first beats than on the others."""
    first, begins = evidence.first(reading.beats), reading.numbers == 1
    return float(first[begins].mean() - first[~begins].mean()) if begins.any() and not begins.all() else 0.0


def _by_network(evidence: Evidence, reading: Reading, onsets: Onsets, duration: float) -> DetectedBeats | None:
    """The beats of the reading, as far as they are played; None if these are fewer than FEWEST.

    They are moved onto onsets if the confidence is firm; onsets of soft strings are often not the beats'.
    """
    strength = evidence.beat(reading.beats)
    played = np.flatnonzero(strength >= AUDIBLE)
    if len(played) < FEWEST:
        return None
    part = np.arange(played[0], played[-1] + 1)
    confidence = round(max(float(strength[part].mean() - evidence.anywhere), 0.0), 3)
    beats = _steady_ends(on_onsets(onsets, reading.beats) if confidence >= FIRM else reading.beats)
    part = part[(beats[part] >= 0) & (beats[part] <= duration)]
    if len(part) < FEWEST:
        return None
    grid = grid_of_beats(beats[part], reading.numbers[part], reading.metre, duration)
    grid = replace(grid, confidence=confidence)
    return DetectedBeats(grid, beats[part], reading.numbers[part], confidence, "network")


def _steady_ends(beats: Array) -> Array:
    """Beats (n,) seconds with the first and the last one in tempo; the bar pointer puts these at the sound's ends."""
    out = beats.copy()
    for end, near, far in ((0, 1, 2), (-1, -2, -3)):
        expected = 2 * beats[near] - beats[far]
        if abs(expected - beats[end]) > END_S:
            out[end] = expected
    return out


def found_beats(evidence: Evidence) -> Array:
    """The most probable beats (n,), seconds, by the bar pointer, without phase slips."""
    return without_slips(pointed(evidence.fine), evidence.beat)


def pointed(fine: Array) -> Array:
    """The most probable beats (n,), seconds, by the bar pointer.

    fine: (T, 3) probabilities of no beat, a beat and a downbeat, FINE * FRAME_RATE frames a second.
    """
    space = state_space(FINE * FRAME_RATE, SLOWEST, FASTEST, TIGHTNESS)
    none = np.maximum(fine[:, 0], LEAST) * USUAL / (1 - USUAL)
    beat = np.log(np.maximum(fine[:, 1] + fine[:, 2], LEAST) / none).astype(np.float32)
    return decode(beat, space) / (FINE * FRAME_RATE)
