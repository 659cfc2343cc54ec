"""Divides a song into sections, and gives those that repeat the same label.

Evidence for a section that begins at a bar: novelty of the self-similarity (Foote, "Automatic Audio Segmentation Using
a Measure of Audio Novelty", 2000), repetitions that begin or end there (as in Serra and others, "Unsupervised Music
Structure Annotation by Time Series Structure Features and Segment Similarity", 2014), a fill before it, and a cymbal on
its first beat. A dynamic program chooses the boundaries, with a cost for unusual lengths, and prefers sections that the
song repeats elsewhere. Sections are labelled by agglomerative clustering of their similarities, compare McFee and
Ellis, "Analyzing Song Structure with Spectral Clustering" (2014). The weights are fitted by
build_tools.listening.fit_sections.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .bar_likeness import Array, Bars, compare_bars
from .log_spectrum import Spectrum

REPEATED = 4  # bars of a repetition
BEFORE = 2  # bars before a repetition, which must differ
APART = 3  # least distance, bars, of a repetition
SPREAD = 0.03  # lower bound of the standard deviation that features are divided by
FARTHEST = 3.0  # standard deviations at which features are clipped
# Length of a section in bars -> its cost, in log odds.
LENGTHS = {4: 0.0, 8: 0.0, 16: 1.6, 12: 2.4, 6: 2.4, 2: 2.4}
ODD_LENGTH = 4.0
SHORT_EDGE, EDGE_LENGTH = 8, 0.6  # the first and the last section of up to 8 bars cost 0.6 at most
LONGEST = 32  # bars
# A section that the song repeats is worth RETURN a bar, times the log odds, up to SURE, that both are the same music.
RETURN, SURE = 0.3, 5.0
SOONEST = 6  # bars from the beginning of a section to that of its repetition; sooner it is a pattern within a section

BOUNDARY = {
    "cymbal": 1.538,
    "other chords than four bars before": 3.031,
    "repetition ends": 1.134,
    "repetition begins": 1.549,
    "rhythm changes": 4.151,
    "timbre changes": 3.968,
    "loudness changes": 1.578,
    "fill before": 0.238,
}
BOUNDARY_BIAS = -9.002
SAME = {"harmony": 1.819, "timbre": 4.991, "rhythm": 3.399, "least alike chord": 1.225, "length": 1.895}
SAME_BIAS = -6.211


@dataclass(frozen=True, slots=True)
class Section:
    """Bars `first` to `end` - 1. label: A, B, C ..., equal for sections that repeat."""

    first: int
    end: int
    label: str


def find_sections(spectrum: Spectrum, edges: Array) -> list[Section]:
    """Divide a song of n bars into sections; each bar belongs to exactly one.

    spectrum: log_spectrum (T, bands). edges: (n + 1,) seconds at which the bars begin, and the end of the last one.
    """
    count = len(edges) - 1
    if count < 2:
        return [Section(0, count, "A")] if count else []
    bars = compare_bars(spectrum, edges)
    odds = boundary_features(bars) @ np.array(list(BOUNDARY.values())) + BOUNDARY_BIAS
    spans = best_spans(odds, returns(bars))
    labels = same_labels(pair_features(bars, spans) @ np.array(list(SAME.values())) + SAME_BIAS)
    return [Section(first, end, label_name(label)) for (first, end), label in zip(spans, labels, strict=True)]


def boundary_features(bars: Bars) -> Array:
    """Features (n, k), in the order of BOUNDARY, that indicate whether a section begins at each bar."""
    alike = bars.alike
    loud = np.abs(np.diff(bars.loudness, prepend=bars.loudness[0]))
    values = {
        "cymbal": _standard(bars.cymbals - _median_around(bars.cymbals, REPEATED)),
        "other chords than four bars before": _change_over(bars.harmony, REPEATED),
        "repetition ends": _standard(np.concatenate([[0.0], _repetitions(alike[::-1, ::-1])[:0:-1]])),
        "repetition begins": _standard(_repetitions(alike)),
        "rhythm changes": _novelty(bars.rhythm, 1),
        "timbre changes": _novelty(bars.timbre, REPEATED),
        "loudness changes": _standard(loud),
        "fill before": _standard(_unlike_neighbours(bars.strokes)),
    }
    return np.stack([values[name] for name in BOUNDARY], axis=1)


def _standard(values: Array) -> Array:
    """Values (n,) standardised by mean and deviation of all but the first, clipped at FARTHEST."""
    others = values[1:]
    return np.clip((values - others.mean()) / (others.std() + SPREAD), -FARTHEST, FARTHEST)


def _median_around(values: Array, reach: int) -> Array:
    return np.array([np.median(values[max(0, i - reach) : i + reach + 1]) for i in range(len(values))])


def _novelty(alike: Array, reach: int) -> Array:
    """Novelty (n,): similarity within the `reach` bars before and from each bar on, minus that between the two groups.

    alike: (n, n) similarity of bars.
    """
    count = len(alike)
    out = np.zeros(count)
    for bar in range(1, count):
        size = min(reach, bar, count - bar)
        before, after = slice(bar - size, bar), slice(bar, bar + size)
        out[bar] = (alike[before, before].mean() + alike[after, after].mean()) / 2 - alike[before, after].mean()
    return out


def _change_over(alike: Array, lag: int) -> Array:
    """Dissimilarity (n,) of the bars from each one on to those `lag` bars earlier; the mean where there are none."""
    count = len(alike)
    known = np.array([1 - np.diagonal(alike, lag)[i : i + lag].mean() for i in range(count - lag)])
    return np.concatenate([np.full(min(lag, count), known.mean() if len(known) else 0.0), known])


def _unlike_neighbours(apart: Array) -> Array:
    """Distance (n,) of the bar before each one from the three bars before that one and the two after it: a fill.

    apart: (n, n) distances of the bars' rhythms.
    """
    count = len(apart)
    out = np.zeros(count)
    for bar in range(1, count):
        near = [other for other in (bar - 4, bar - 3, bar - 2, bar, bar + 1) if 0 <= other < count]
        out[bar] = apart[bar - 1, near].mean()
    return out


def _repetitions(alike: Array) -> Array:
    """Evidence (n,), -1 to 1, that REPEATED bars which the song repeats elsewhere begin at each bar.

    It is the similarity of the repeated bars minus that of the bars before them. alike: (n, n) similarity of bars.
    """
    count = len(alike)
    ahead, seen = _along(alike, range(REPEATED))
    back, known = _along(alike, range(-BEFORE, 0))
    before = np.where(known > 0, back / np.maximum(known, 1), 0.5)
    left = np.minimum(REPEATED, count - np.arange(count))[:, None]
    far = np.abs(np.subtract.outer(np.arange(count), np.arange(count))) >= APART
    clear = np.where(far & (seen >= left) & (seen >= BEFORE), ahead / np.maximum(seen, 1) - before, 0.0)
    out = np.maximum(clear.max(axis=1), 0.0)
    out[0] = 0.0
    return np.asarray(out)


def _along(alike: Array, steps: range) -> tuple[Array, Array]:
    """Sums (n, n) of alike[i + step, j + step] over the steps within the song, and the number (n, n) of summands."""
    count, most = len(alike), max(abs(steps[0]), abs(steps[-1]))
    padded, there = np.pad(alike, most), np.pad(np.ones_like(alike), most)
    places = [slice(most + step, most + step + count) for step in steps]
    return np.sum([padded[p, p] for p in places], axis=0), np.sum([there[p, p] for p in places], axis=0)


def returns(bars: Bars) -> Array:
    """Log odds (n, LONGEST + 1), as of `_pair`, that the song repeats as many bars from each one on somewhere.

    Repetitions begin at least SOONEST bars earlier or later and do not overlap; -inf where there is no room for any.
    """
    count = len(bars)
    found = np.full((count, LONGEST + 1), -np.inf)
    parts = [part.astype(np.float32) for part in (bars.harmony, bars.timbre, bars.rhythm)]  # an hour has 1800 bars
    sums, least = [np.zeros_like(part) for part in parts], np.full_like(parts[0], np.inf)
    away = np.abs(np.subtract.outer(np.arange(count, dtype=np.int32), np.arange(count, dtype=np.int32)))
    for length in range(1, min(LONGEST, count // 2) + 1):
        first, last = slice(count - length + 1), slice(length - 1, None)
        sums = [total[first, first] + part[last, last] for total, part in zip(sums, parts, strict=True)]
        least = np.minimum(least[first, first], bars.harmony[last, last])
        odds = SAME["least alike chord"] * least + (SAME["length"] + SAME_BIAS)
        for weight, total in zip(SAME.values(), sums, strict=False):
            odds += np.float32(weight / length) * total
        odds[away[first, first] < max(length, SOONEST)] = -np.inf
        found[first, length] = odds.max(axis=1)
    return found


def best_spans(odds: Array, repeated: Array) -> list[tuple[int, int]]:
    """Section boundaries (first bar, bar after the last) that maximise the sum of log odds minus the lengths' costs.

    odds: (n,) log odds that a section begins at each bar. repeated: of `returns`. Found by dynamic programming.
    """
    count = len(odds)
    worth = RETURN * np.arange(LONGEST + 1) * np.clip(repeated, 0.0, SURE)
    best, came = np.full(count + 1, -np.inf), np.zeros(count + 1, int)
    best[0] = 0.0
    for end in range(1, count + 1):
        for first in range(max(0, end - LONGEST), end):
            length = end - first
            cost = LENGTHS.get(length, ODD_LENGTH)
            if length <= SHORT_EDGE and (first == 0 or end == count):
                cost = min(cost, EDGE_LENGTH)  # intros and endings have any length
            total = best[first] + (odds[first] if first else 0.0) + worth[first, length] - cost
            if total > best[end]:
                best[end], came[end] = total, first
    edges = [count]
    while edges[-1]:
        edges.append(int(came[edges[-1]]))
    return list(itertools.pairwise(edges[::-1]))


def pair_features(bars: Bars, spans: Sequence[tuple[int, int]]) -> Array:
    """Features (m, m, k), in the order of SAME, that indicate whether two of m sections are the same music."""
    count = len(spans)
    out = np.zeros((count, count, len(SAME)))
    for one, other in itertools.combinations(range(count), 2):
        out[one, other] = out[other, one] = _pair(bars, spans[one], spans[other])
    return out


def _pair(bars: Bars, one: tuple[int, int], other: tuple[int, int]) -> list[float]:
    """The features of one pair of sections, from their bars at equal positions, up to the end of the shorter one."""
    lengths = one[1] - one[0], other[1] - other[0]
    steps = np.arange(min(lengths))
    place = one[0] + steps, other[0] + steps
    means = [float(alike[place].mean()) for alike in (bars.harmony, bars.timbre, bars.rhythm)]
    return [*means, float(bars.harmony[place].min()), min(lengths) / max(lengths)]


def same_labels(odds: Array) -> list[int]:
    """Label numbers of m sections, from 0 in order of appearance.

    odds: (m, m) log odds that two sections are the same music. Groups are merged while the mean log odds between two
    of them is above 0.
    """
    groups = [[number] for number in range(len(odds))]
    while len(groups) > 1:
        pairs = list(itertools.combinations(range(len(groups)), 2))
        worth = [float(odds[np.ix_(groups[one], groups[other])].mean()) for one, other in pairs]
        if max(worth) <= 0:
            break
        one, other = pairs[int(np.argmax(worth))]
        groups[one] = sorted(groups[one] + groups.pop(other))
    order = sorted(groups)
    return [next(label for label, group in enumerate(order) if number in group) for number in range(len(odds))]


def label_name(number: int) -> str:
    """The label of a number: A to Z, then A2, B2 ..."""
    again = number // 26
    return chr(ord("A") + number % 26) + (str(again + 1) if again else "")
