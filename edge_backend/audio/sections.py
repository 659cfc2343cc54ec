"""The form of a song: which stretches of bars belong together, and which of them are the same music again.

Bars are compared by their harmony, timbre and rhythm. Boundaries lie where the self-similarity changes (Foote,
"Automatic Audio Segmentation Using a Measure of Audio Novelty", 2000), at lengths that people write; stretches get the
same label where they repeat, as in McFee and Ellis, "Analyzing Song Structure with Spectral Clustering" (2014).
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .log_spectrum import FRAME_RATE, Spectrum, band_frequencies, chroma

Array = NDArray[np.float64]

SLOTS = 12  # parts of a bar in which its rhythm is compared
PARTS = 4  # parts of a bar in which its harmony is compared
HARMONY_HZ = (130.0, 2100.0)
HARMONY, TIMBRE, RHYTHM = 0.29, 1.0, 0.05  # weights in the similarity of two bars
KERNEL = 4  # bars to either side that a boundary is judged by
SECTION_COST = 0.465  # of one section more, in bars that differ from those one loop before
NOVELTY = 0.544  # how much less where the music changes
EDGE_LENGTH = 0.03  # most that the length of the first and the last section costs
LOOP_SLACK = 0.03  # in similarity; a loop of four bars is taken before one of eight
CONTRAST = 0.6  # of the median distance of bars: what is that far apart is something else
SAME = 0.576  # similarity from which on two sections have the same label
# What is written most: lengths of sections in bars, and what others cost.
LENGTHS = {8: 0.0, 4: 0.03, 16: 0.06, 12: 0.1, 6: 0.12, 2: 0.14, 10: 0.15, 14: 0.15}
ODD_LENGTH = 0.26
LONGEST = 32  # bars


@dataclass(frozen=True, slots=True)
class Section:
    """first, end: numbers of bars, end not included. label: A, B, C ... by repetition."""

    first: int
    end: int
    label: str


def find_sections(spectrum: Spectrum, bars: Array) -> list[Section]:
    """The sections of a song of n bars: together they are all of it.

    spectrum: log_spectrum (T, bands). bars: (n + 1,) seconds at which they begin, and the end of the last.
    """
    count = len(bars) - 1
    if count < 2:
        return [Section(0, count, "A")] if count else []
    alike = similarity(spectrum, bars)
    return _labelled(alike, _boundaries(alike))


def similarity(spectrum: Spectrum, bars: Array) -> Array:
    """How alike any two bars are, (n, n), 1 = the same."""
    return alike_by(*bar_features(spectrum, bars))


def alike_by(harmony: Array, timbre: Array, rhythm: Array) -> Array:
    """The same from the bars' features; each is measured by how far bars of the song are apart in it as a rule."""
    tone = np.sqrt(np.maximum(2 - 2 * _cosine(harmony), 0))
    beat = np.sqrt(np.maximum(2 - 2 * _cosine(rhythm), 0))
    far = np.linalg.norm(timbre[:, None] - timbre[None], axis=2)
    parts = ((HARMONY, tone, 0.3), (TIMBRE, far, 0.8), (RHYTHM, beat, 0.15))
    total = sum(weight for weight, _, _ in parts)
    return sum(weight / total * np.exp(-((apart / _typical(apart, least)) ** 2)) for weight, apart, least in parts)


def _typical(apart: Array, least: float) -> float:
    """A distance at which two bars count as different."""
    return max(CONTRAST * float(np.median(apart)), least)


def bar_features(spectrum: Spectrum, bars: Array) -> tuple[Array, Array, Array]:
    """(n, ...) of each bar: harmony by parts of the bar, timbre of the whole, rhythm by slots in three bands."""
    level = np.asarray(spectrum, np.float64)
    rise = np.maximum(np.diff(level, axis=0, prepend=level[:1]), 0)
    hertz = band_frequencies()
    thirds = np.stack(
        [rise[:, part].mean(axis=1) for part in (hertz < 200, (hertz >= 200) & (hertz < 2000), hertz >= 2000)], axis=1
    )
    harmony = _by_part(chroma(spectrum, *HARMONY_HZ), bars, PARTS)
    timbre = _by_part(np.add.reduceat(level, np.arange(0, level.shape[1], 4), axis=1), bars, 1)
    return harmony, timbre, _by_part(thirds, bars, SLOTS)


def _by_part(values: Array, bars: Array, parts: int) -> Array:
    """Means of the frames (T, k) in so many equal parts of each bar: (n, parts * k)."""
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    edges = np.interp(np.arange((len(bars) - 1) * parts + 1) / parts, np.arange(len(bars)), bars) * FRAME_RATE
    frames = np.clip(np.round(edges).astype(int), 0, len(values))
    size = np.maximum(np.diff(frames), 1)
    means = np.diff(total[frames], axis=0) / size[:, None]
    return means.reshape(len(bars) - 1, -1)


def _cosine(values: Array) -> Array:
    size = np.linalg.norm(values, axis=1, keepdims=True)
    unit = values / np.maximum(size, 1e-9)
    return unit @ unit.T


def _loop(alike: Array) -> int:
    """Bars after which the music comes again: the shortest of 2, 4 and 8 that explains it nearly as well as any."""
    lags = [lag for lag in (4, 8, 2) if lag < len(alike)] or [1]
    again = {lag: float(np.diagonal(alike, lag).mean()) for lag in lags}
    best = max(again.values())
    return next(lag for lag in lags if again[lag] >= best - LOOP_SLACK)


def _changes(alike: Array, loop: int) -> Array:
    """How little each bar is like that one loop before it, (n,): 0 = the same; the first loop's bars have none, 1."""
    out = np.ones(len(alike))
    out[loop:] = 1 - np.diagonal(alike, loop)
    return out


def _foote(alike: Array) -> Array:
    """How much the music before the beginning of each bar differs from that behind it, (n,), about 0 to 1."""
    count = len(alike)
    out = np.zeros(count)
    for bar in range(1, count):
        reach = min(KERNEL, bar, count - bar)
        before, after = slice(bar - reach, bar), slice(bar, bar + reach)
        inside = (alike[before, before].mean() + alike[after, after].mean()) / 2
        out[bar] = (inside - alike[before, after].mean()) * reach / KERNEL
    return out


def _boundaries(alike: Array) -> list[int]:
    """Numbers of the bars at which sections begin, and the number of bars: the cheapest way through the song.

    In a section the music goes on in loops: its bars after the first loop cost what they differ from those one loop
    before. Each section costs something, less at a length that people write and where the music changes.
    """
    count, loop = len(alike), _loop(alike)
    differs, novelty = np.concatenate([[0.0], np.cumsum(_changes(alike, loop))]), _foote(alike)
    best, came = np.full(count + 1, np.inf), np.zeros(count + 1, int)
    best[0] = 0.0
    for end in range(1, count + 1):
        for first in range(max(0, end - LONGEST), end):
            length = end - first
            cost = LENGTHS.get(length, ODD_LENGTH)
            if first == 0 or end == count:
                cost = min(cost, EDGE_LENGTH)  # intros and endings have any length
            held = differs[end] - differs[min(first + loop, end)]
            cost += SECTION_COST + held / loop - (NOVELTY * novelty[first] if first else 0.0)
            if best[first] + cost < best[end]:
                best[end], came[end] = best[first] + cost, first
    edges = [count]
    while edges[-1]:
        edges.append(int(came[edges[-1]]))
    return edges[::-1]


def _labelled(alike: Array, edges: Sequence[int]) -> list[Section]:
    """Sections between the edges; each has the label of the earlier ones that it is most like, or one of its own."""
    spans = list(itertools.pairwise(edges))
    groups: list[list[tuple[int, int]]] = []
    labels = []
    for span in spans:
        likeness = [np.mean([_span_likeness(alike, span, other) for other in group]) for group in groups]
        if likeness and max(likeness) >= SAME:
            chosen = int(np.argmax(likeness))
        else:
            chosen = len(groups)
            groups.append([])
        groups[chosen].append(span)
        labels.append(chosen)
    return [Section(first, end, label_name(label)) for (first, end), label in zip(spans, labels, strict=True)]


def _span_likeness(alike: Array, one: tuple[int, int], other: tuple[int, int]) -> float:
    """Mean likeness of bars at the same place of two stretches, begun together; the shorter is compared whole."""
    length = min(one[1] - one[0], other[1] - other[0])
    return float(np.mean(alike[one[0] + np.arange(length), other[0] + np.arange(length)]))


def label_name(number: int) -> str:
    """A, B ... Z, then A2, B2 ..."""
    again = number // 26
    return chr(ord("A") + number % 26) + (str(again + 1) if again else "")
