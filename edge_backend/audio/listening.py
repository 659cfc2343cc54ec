"""Computes the map of a song: beats, bars, sections, energy and breaks."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import EdgeError
from ..numerics.intervals import runs
from ..schema.requests import BeatsRequest
from ..schema.song_map import Bar, Section, SongMap, Stretch, bars_of, from_json
from .beat_detection import DetectedBeats, analysed_sound
from .loading import Audio
from .log_spectrum import FRAME_RATE, Spectrum, band_frequencies
from .same_sound import SameSound
from .sections import find_sections

Array = NDArray[np.float64]

LOUD_PART = 0.7  # weight of loudness in the energy; the rest is onset strength
QUIET_DB = 30.0  # below the loudest bar the loudness is taken as 0
DRUMS_HZ = 120.0  # upper limit of bass drum and bass
WITHOUT_DRUMS = 0.35  # of the median onset strength below DRUMS_HZ; bars below it are a break


def listen(audio: Audio, correction: BeatsRequest | None = None) -> SongMap:
    """The map of a song, or of a part of it; the maps of the last few songs are cached.

    correction: the user's, of the beats. Every sound has a map: without a beat its grid is neutral, its confidence low.
    """
    return _listened(SameSound(audio), correction or BeatsRequest())


def read_map(path: str | Path) -> SongMap:
    """The song map in a file. Raises EdgeError song_map_invalid; OSError."""
    text = Path(path).read_text("utf-8", errors="replace")
    try:
        found = from_json(text)
    except ValueError as error:
        raise EdgeError(
            "song_map_invalid", f"{Path(path).name} is no song map: {error}.", "Make one with `listen`."
        ) from None
    seconds = np.array([second for second, _ in found.beats])
    if not (len(seconds) > 1 and np.isfinite(seconds).all() and (np.diff(seconds) > 0).all() and found.metre > 0):
        raise EdgeError(
            "song_map_invalid",
            f"The beats of the song map {Path(path).name} are not at least two, one after the other.",
            "Make a new one with `listen`.",
        )
    return found


@lru_cache(maxsize=8)
def _listened(sound: SameSound, correction: BeatsRequest) -> SongMap:
    audio = sound.take()
    analysis = analysed_sound(audio)
    return _map(audio, analysis.spectrum, _corrected(analysis.detected, correction, audio.duration))


def _corrected(detected: DetectedBeats, correction: BeatsRequest, duration: float) -> DetectedBeats:
    """The detected beats with the user's correction, from the first beat that is played to the last."""
    if correction == BeatsRequest():
        return detected
    grid = detected.grid.corrected(correction, duration)
    apart = 60.0 / grid.tempo
    first, last = (detected.beats[[0, -1]] + correction.offset) if len(detected.beats) else (0.0, duration)
    beats = grid.beats[(grid.beats >= first - apart / 2) & (grid.beats <= last + apart / 2)]
    numbers = np.round(grid.bar_position(beats) % 1.0 * grid.metre).astype(np.intp) % grid.metre + 1
    return replace(detected, grid=grid, beats=beats, numbers=numbers)


def _map(audio: Audio, spectrum: Spectrum, detected: DetectedBeats) -> SongMap:
    beats = tuple(
        (round(float(second), 4), int(number)) for second, number in zip(detected.beats, detected.numbers, strict=True)
    )
    spans = bars_of(beats, audio.duration)
    bars = _energies(audio, spectrum, spans)
    return SongMap(
        duration=audio.duration,
        tempo=round(detected.grid.tempo, 2),
        metre=detected.grid.metre,
        beats=beats,
        bars=bars,
        sections=_sections(spectrum, bars),
        breaks=_breaks(spectrum, bars),
        confidence=detected.confidence,
        method=detected.method,
    )


def _sections(spectrum: Spectrum, bars: tuple[Bar, ...]) -> tuple[Section, ...]:
    if not bars:
        return ()
    edges = np.array([*(bar.start for bar in bars), bars[-1].end])
    return tuple(
        Section(
            bars[part.first].start,
            bars[part.end - 1].end,
            part.label,
            round(float(np.mean([bar.energy for bar in bars[part.first : part.end]])), 4),
        )
        for part in find_sections(spectrum, edges)
    )


def _energies(audio: Audio, spectrum: Spectrum, spans: list[tuple[float, float]]) -> tuple[Bar, ...]:
    """The bars at spans (start, end), seconds, with energies: loudness and onset strength over the song's maximum."""
    if not spans:
        return ()
    rise = np.maximum(np.diff(spectrum, axis=0, prepend=spectrum[:1]), 0).mean(axis=1, dtype=np.float64)
    power, busy = np.zeros(len(spans)), np.zeros(len(spans))
    for number, (start, end) in enumerate(spans):
        part = audio.samples[round(start * audio.rate) : max(round(end * audio.rate), round(start * audio.rate) + 1)]
        power[number] = np.mean(np.square(part, dtype=np.float64)) if len(part) else 0.0
        busy[number] = _mean(rise, start, end)
    decibels = 10 * np.log10(np.maximum(power, 1e-20) / max(float(power.max()), 1e-20))
    energy = LOUD_PART * np.clip(1 + decibels / QUIET_DB, 0, 1) + (1 - LOUD_PART) * busy / max(float(busy.max()), 1e-9)
    return tuple(
        Bar(round(start, 4), round(end, 4), round(float(value), 4))
        for (start, end), value in zip(spans, energy, strict=True)
    )


def _breaks(spectrum: Spectrum, bars: tuple[Bar, ...]) -> tuple[Stretch, ...]:
    """Runs of bars, neither first nor last, with hardly an onset below DRUMS_HZ."""
    low = np.asarray(spectrum[:, band_frequencies() < DRUMS_HZ], np.float64)
    strokes = np.maximum(np.diff(low, axis=0, prepend=low[:1]), 0).mean(axis=1)
    usual = np.array([_mean(strokes, bar.start, bar.end) for bar in bars])
    if len(bars) < 4 or not usual.any():
        return ()
    empty = runs(usual < WITHOUT_DRUMS * np.median(usual))
    return tuple(Stretch(bars[first].start, bars[end - 1].end) for first, end in empty if first > 0 and end < len(bars))


def _mean(values: Array, start: float, end: float) -> float:
    first = min(int(start * FRAME_RATE), len(values) - 1)
    return float(values[first : max(int(end * FRAME_RATE), first + 1)].mean())
