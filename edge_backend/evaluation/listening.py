"""Compares a song map with annotations: beats, downbeats, metre and sections.

Beats as in Davies, Degara and Plumbley, "Evaluation Methods for Musical Audio Beat Tracking Algorithms" (2009);
sections as in Nieto and others, "Audio-Based Music Structure Analysis" (2020): boundaries, and pairs of one label.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..schema.song_map import SongMap

Array = NDArray[np.floating]
Span = tuple[float, float, str]

NEAR_S = 0.07  # tolerance of a beat
STEP_S = 0.25  # interval of the times whose labels are compared in pairs


@dataclass(frozen=True, slots=True)
class Truth:
    """Annotations of a song. beats: (n, 2) seconds and number in the bar. metre: beats in a bar. sections: (start
    seconds, end seconds, label)."""

    beats: Array
    metre: int
    sections: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class ListeningScores:
    """F measures, 0 to 1, of one song.

    any_level: of the beats at the best of their own, half and double tempo. boundaries: of section boundaries, within
    half a bar. labels: of pairs of times with the same label.
    """

    name: str
    beats: float
    any_level: float
    downbeats: float
    metre: float
    boundaries: float
    labels: float


def compare(name: str, found: SongMap, truth: Truth) -> ListeningScores:
    """Compare the map of a song with its annotations."""
    beats = np.array([second for second, _ in found.beats])
    first = np.array([second for second, number in found.beats if number == 1])
    true, true_first = truth.beats[:, 0], truth.beats[truth.beats[:, 1] == 1, 0]
    spans = [(section.start, section.end, section.label) for section in found.sections]
    bar = float(np.median(np.diff(true_first))) if len(true_first) > 1 else 2.0
    return ListeningScores(
        name,
        f_measure(true, beats),
        max(f_measure(true, other) for other in levels(beats)),
        f_measure(true_first, first),
        float(found.metre == truth.metre),
        f_measure(_edges(truth.sections), _edges(spans), bar / 2),
        pairwise(truth.sections, spans),
    )


def f_measure(true: Array, found: Array, near: float = NEAR_S) -> float:
    """Harmonic mean of precision and recall of times (n,), (m,) s; each matches at most once, within `near` s."""
    hits = i = j = 0
    while i < len(true) and j < len(found):
        apart = found[j] - true[i]
        if abs(apart) <= near + 1e-9:
            hits, i, j = hits + 1, i + 1, j + 1
        elif apart < 0:
            j += 1
        else:
            i += 1
    return 2 * hits / (len(true) + len(found)) if len(true) and len(found) else 0.0


def levels(beats: Array) -> list[Array]:
    """The beats (n,) seconds at four levels: unchanged, doubled, every second one from the first or from the second."""
    between = (beats[1:] + beats[:-1]) / 2
    return [beats, np.sort(np.concatenate([beats, between])), beats[::2], beats[1::2]]


def pairwise(true: Sequence[Span], found: Sequence[Span]) -> float:
    """F measure of pairs of times with the same label, over the time that both cover. Spans: (start, end, label)."""
    if not true or not found:
        return 0.0
    moments = np.arange(max(true[0][0], found[0][0]), min(true[-1][1], found[-1][1]), STEP_S)
    upper = np.triu_indices(len(moments), 1)
    same = [(labels[:, None] == labels)[upper] for labels in (_labels(true, moments), _labels(found, moments))]
    both = int((same[0] & same[1]).sum())
    pairs = int(same[0].sum()) + int(same[1].sum())
    return 2 * both / pairs if pairs else 0.0


def _labels(spans: Sequence[Span], moments: Array) -> NDArray[np.str_]:
    starts = np.array([start for start, _, _ in spans])
    names = np.array([label for _, _, label in spans])
    return names[np.clip(np.searchsorted(starts, moments, side="right") - 1, 0, len(spans) - 1)]


def _edges(spans: Sequence[Span]) -> Array:
    return np.array(sorted({edge for start, end, _ in spans for edge in (start, end)}))
