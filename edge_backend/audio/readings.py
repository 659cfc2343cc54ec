"""Chooses the tempo level and metre of detected beats: as detected, half, double, or three for two, in every metre.

The choice is made by a log-linear model, which build_tools.listening fits to rendered songs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bars import CLIP, HARMONY_WEIGHT, best_count, harmony_changes, standard
from .beat_network import METRES, BeatActivations
from .beat_repetition import Repetition, repeats_by_bar
from .log_spectrum import FRAME_RATE, Spectrum, band_frequencies, chroma

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]

FINE = 2  # frames per frame of the network, whose own are too coarse for fast tempi
NEAR = 2  # fine frames around a time within which a beat counts
SLOWEST, FASTEST = 45.0, 225.0  # bpm
USUAL_TEMPO = 110.0
HARMONY_HZ = (60.0, 2100.0)
USUAL_FIRST = 0.3  # prior probability that a beat begins a bar
LOW_HZ = 120.0  # onsets below it are those of bass drum and bass
LOW_WEIGHT = 0.5  # log odds per standard deviation of a low onset
TONAL = 0.05  # share of tones in the sound; songs have 0.09 and more, drums alone 0.03 and less
EQUAL = 0.8  # drums alone: onsets between the beats that are this strong relative to those on them are beats too
SILENT = 0.1  # drums alone: onsets that are weaker relative to the strongest are none
USUAL_LEAD = 1.0  # drums alone: added to the score of four beats a bar, because equal strokes fit any metre
ALONE_WEIGHT = 2.0  # drums alone: log odds per standard deviation of a low onset
SIMPLE_2 = -0.3  # added to the score of bars of 2 that are not compound, which are rarer in dance music than in the fit
LEAST = 0.01  # smaller probabilities are replaced by it
FEWEST = 4  # beats that are needed
WEAKER = 0.75  # every second beat may be left out only if its probability is lower than the others' by this factor

WEIGHTS = {
    "as found": 0.124,
    "beats": 0.95,
    "no beat on halves": 1.696,
    "no beat on thirds": 1.037,
    "onsets on beats": 0.416,
    "tempo": -0.655,
    "fast": 2.212,
    "slow": 0.981,
    "simple in 2": 0.513,
    "compound in 4, 5, 7": -0.725,
    "slow and simple 2": -9.989,
    "odds of first beats": 1.494,
    "odds of others": 0.728,
    "odds by beat": 1.713,
    "first beats": -0.409,
    "no others first": -1.569,
    "metre 2": 0.151,
    "metre 3": -0.351,
    "metre 5": -1.786,
    "metre 6": -1.903,
    "metre 7": -1.913,
    "tempo in 2": -0.168,
    "tempo in 3": 0.443,
    "network's metre": 0.496,
    "rhythm: best other distance": 1.6,
    "rhythm: other distances": -0.618,
    "rhythm: two bars": -0.909,
    "rhythm: half bar": -0.531,
    "harmony: best other distance": -1.508,
    "harmony: other distances": -1.858,
    "harmony: two bars": -2.279,
    "harmony: half bar": 1.01,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """A way of counting. beats: (n,) s. numbers: (n,) in their bars, from 1. metre: beats in a bar. by: its name."""

    beats: Array
    numbers: Numbers
    metre: int
    by: str


class Evidence:
    """Probabilities and onsets of one song at any time."""

    def __init__(self, activations: BeatActivations, spectrum: Spectrum) -> None:
        self.fine = _finer(activations.beats)
        self.near = _highest_near(self.fine)
        self.anywhere = float(np.clip(self.near[:, 1:].sum(axis=1), LEAST, 1 - LEAST).mean())
        self.metres = np.log(activations.metres.mean(axis=0, dtype=np.float64) + LEAST)
        self.tones = chroma(spectrum, *HARMONY_HZ)
        tonal = self.tones.sum(axis=1) / (spectrum.sum(axis=1, dtype=np.float64) + 1)
        self.drums_alone = float(np.median(tonal)) < TONAL
        self.low = spectrum_rise(spectrum[:, band_frequencies() < LOW_HZ])
        self.onsets = spectrum_rise(spectrum)
        self.repetition = Repetition(spectrum, self.tones)

    def beat(self, seconds: Array) -> Array:
        """Probability (n,) of a beat near each time."""
        return np.clip(self._at(seconds)[:, 1:].sum(axis=1), LEAST, 1 - LEAST)

    def first(self, seconds: Array) -> Array:
        """Probability (n,) of the first beat of a bar near each time."""
        return np.clip(self._at(seconds)[:, 2], LEAST, 1 - LEAST)

    def onset(self, seconds: Array) -> float:
        """Mean onset strength at these times, relative to the song's mean."""
        return float(self.onsets[self._frames(seconds)].mean())

    def bars(self, beats: Array) -> Array:
        """Log odds (n,) that each beat begins a bar, from the network, harmony changes and low onsets."""
        at_beats = self._at(beats)
        share = (at_beats[:, 2] + LEAST) / (at_beats[:, 1] + at_beats[:, 2] + 2 * LEAST)
        odds = np.log(share / (1 - share)) - np.log(USUAL_FIRST / (1 - USUAL_FIRST))
        low = self.low[self._frames(beats)]
        if self.drums_alone:  # the bass drum is more reliable than a network that was trained on songs
            return np.clip(odds, -CLIP, CLIP) + ALONE_WEIGHT * standard(low)
        changes = (harmony_changes(self.tones, beats * FRAME_RATE, reach) for reach in (1, 2))
        strokes = LOW_WEIGHT * standard(low)
        return np.clip(odds, -CLIP, CLIP) + sum(HARMONY_WEIGHT * standard(change) for change in changes) + strokes

    def _frames(self, seconds: Array) -> Numbers:
        return np.clip(np.round(seconds * FRAME_RATE).astype(np.intp), 0, len(self.onsets) - 1)

    def _at(self, seconds: Array) -> Array:
        frames = np.round(seconds * FINE * FRAME_RATE).astype(int)
        return self.near[np.clip(frames, 0, len(self.near) - 1)]


def best_reading(evidence: Evidence, beats: Array) -> Reading:
    """The most probable way of counting beats (n,) s of the bar pointer, n >= FEWEST."""
    weights = np.array(list(WEIGHTS.values()))
    lead = USUAL_LEAD if evidence.drums_alone else 0.0
    simple_2 = list(WEIGHTS).index("simple in 2")

    def score(found: tuple[Reading, Array]) -> float:
        reading, features = found
        simple = features[simple_2] > 0
        return float(features @ weights) + lead * (reading.metre == 4) + SIMPLE_2 * simple

    return max(readings(evidence, beats), key=score)[0]


def readings(evidence: Evidence, beats: Array) -> Iterator[tuple[Reading, Array]]:
    """Every way of counting beats (n,) s, with its features in the order of WEIGHTS."""
    for by, grid in _grids(evidence, beats):
        tempo = 60.0 / float(np.median(np.diff(grid))) if len(grid) >= FEWEST else 0.0
        if not SLOWEST <= tempo <= FASTEST and by != "as found":
            continue
        odds, common = evidence.bars(grid), {"as found": float(by == "as found"), **_of_grid(evidence, grid)}
        rhythm, harmony = evidence.repetition.spectra(grid)
        for metre in METRES:
            numbers = best_count(odds, metre)[1]
            common["network's metre"] = float(evidence.metres[METRES.index(metre)])
            features = _features(common, odds, evidence.first(grid), numbers, metre)
            repeats = [*repeats_by_bar(rhythm, metre), *repeats_by_bar(harmony, metre)]
            yield Reading(grid, numbers, metre, by), np.concatenate([features, repeats])


def _grids(evidence: Evidence, beats: Array) -> Iterator[tuple[str, Array]]:
    if evidence.drums_alone:
        beats = _without_thirds(evidence, beats)
        between = _between(beats, 1 / 2)
        missed = evidence.onset(between) > EQUAL * evidence.onset(beats)
        yield "as found", np.sort(np.concatenate([beats, between])) if missed else beats
        return
    yield "as found", beats
    there = evidence.beat(beats)
    if there[1::2].mean() < WEAKER * there[::2].mean():
        yield "half", beats[::2]
    if there[::2].mean() < WEAKER * there[1::2].mean():
        yield "half, from the second", beats[1::2]
    yield "double", np.sort(np.concatenate([beats, _between(beats, 1 / 2)]))
    yield "between", _between(beats, 1 / 2)
    odds = evidence.bars(beats)
    counted = {metre: best_count(odds, metre) for metre in METRES}
    metre = max(counted, key=lambda metre: counted[metre][0])
    bars = beats[counted[metre][1] == 1]
    if len(bars) < FEWEST:
        return
    for detected, instead in ((2, 3), (3, 2), (6, 4)):
        if metre == detected:
            parts = (_between(bars, part / instead) for part in range(1, instead))
            yield f"{instead} for {detected}", np.sort(np.concatenate([bars, *parts]))


def _without_thirds(evidence: Evidence, beats: Array) -> Array:
    """The beats; if only every third one has an onset, these and one between any two of them.

    The bar pointer's slowest tempo is faster than such strokes, and two beats to a stroke are likelier than three.
    """
    parts = [beats[first::3] for first in range(3)]
    strokes = [evidence.onset(part) for part in parts]
    struck = int(np.argmax(strokes))
    if len(parts[struck]) < FEWEST or sorted(strokes)[1] > SILENT * strokes[struck]:
        return beats
    return np.sort(np.concatenate([parts[struck], _between(parts[struck], 1 / 2)]))


def _between(beats: Array, part: float) -> Array:
    """Times at the fraction `part` between each beat and the next."""
    return beats[:-1] + np.diff(beats) * part


def _of_grid(evidence: Evidence, grid: Array) -> dict[str, float]:
    halves, quarters, thirds = (
        [_between(grid, part) for part in parts] for parts in ((1 / 2,), (1 / 4, 3 / 4), (1 / 3, 2 / 3))
    )
    on_half, on_quarter, on_third = (
        float(np.mean([evidence.onset(place) for place in places])) for places in (halves, quarters, thirds)
    )
    tempo = 60.0 / float(np.median(np.diff(grid)))
    return {
        "octaves": float(np.log2(tempo / USUAL_TEMPO)),
        "beats": float(np.log(evidence.beat(grid)).mean()),
        "no beat on halves": float(np.log(1 - evidence.beat(halves[0])).mean()),
        "no beat on thirds": float(np.log(1 - evidence.beat(np.concatenate(thirds))).mean()),
        "onsets on beats": float(np.log(evidence.onset(grid) + 0.05) - np.log(on_half + 0.05)),
        # Positive if beats are divided into three, negative if into two or four.
        "compound": float(np.log(on_third + 0.05) - np.log(max(on_half, on_quarter) + 0.05)),
    }


def _features(common: dict[str, float], odds: Array, first: Array, numbers: Numbers, metre: int) -> Array:
    """Features of a way of counting, the first ones of WEIGHTS. common: those that do not depend on the metre."""
    begins = numbers == 1
    compound, octaves = common["compound"], common["octaves"]
    on_first = (float(odds[begins].mean()), float(np.log(first[begins]).mean())) if begins.any() else (-CLIP, -CLIP)
    values = {
        "as found": common["as found"],
        "beats": common["beats"],
        "no beat on halves": common["no beat on halves"],
        "no beat on thirds": common["no beat on thirds"],
        "onsets on beats": common["onsets on beats"],
        "tempo": -(octaves**2),
        "fast": -(max(0.0, octaves - 0.5) ** 2),
        "slow": -(max(0.0, -octaves - 0.4) ** 2),
        # Division into three counts for nothing: the beats of 6/8 have it, and those of 3/4 counted in 2 as well.
        "simple in 2": max(0.0, -compound) * (metre == 2),
        "compound in 4, 5, 7": compound * (metre in (4, 5, 7)),
        "slow and simple 2": max(0.0, -octaves - 0.32) * (metre == 2 and compound < 0),
        "odds of first beats": on_first[0],
        "odds of others": -float(odds[~begins].mean()),
        "odds by beat": float(odds[begins].sum()) / len(numbers),
        "first beats": on_first[1],
        "no others first": float(np.log(1 - first[~begins]).mean()),
        **{f"metre {other}": float(metre == other) for other in METRES if other != 4},
        "tempo in 2": octaves * (metre == 2),
        "tempo in 3": octaves * (metre == 3),
        "network's metre": common["network's metre"],
    }
    return np.array(list(values.values()))


def spectrum_rise(spectrum: Spectrum) -> Array:
    """Onset strength (T,), the largest of each frame and its neighbours, relative to the mean."""
    rise = np.maximum(np.diff(spectrum, axis=0, prepend=spectrum[:1]), 0).mean(axis=1, dtype=np.float64)
    highest = np.lib.stride_tricks.sliding_window_view(np.pad(rise, 1), 3).max(axis=-1)
    return np.asarray(highest / (highest.mean() + 1e-9))


def _finer(probabilities: NDArray[np.float32]) -> Array:
    """Probabilities (T, n) interpolated at FINE times the frame rate."""
    places = np.arange(FINE * (len(probabilities) - 1) + 1) / FINE
    known = np.arange(len(probabilities))
    return np.stack([np.interp(places, known, column) for column in probabilities.T], axis=1)


def _highest_near(values: Array) -> Array:
    padded = np.pad(values, ((NEAR, NEAR), (0, 0)), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * NEAR + 1, axis=0).max(axis=-1)
