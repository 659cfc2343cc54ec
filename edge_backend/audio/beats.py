"""The beat grid of a song: tempo, beats and downbeats; and its estimation from onsets alone.

Tempo: a comb of autocorrelations over the whole song. Beats: dynamic programming at that tempo (beat_tracking), then
sub-sample positions, smoothed over neighbouring beats. Downbeats: the strongest of the four possible counts.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..numerics.filters import gaussian
from ..schema.requests import BeatsRequest
from ..schema.song_map import SongMap
from .beat_tracking import track_beats
from .onsets import HOP, RATE, Curve, Onsets

BEATS_PER_BAR = 4
NEUTRAL_TEMPO = 120.0  # bpm, the most probable one, and that of sound without a beat
SLOWEST, FASTEST = 55.0, 205.0  # bpm
OCTAVE_SPREAD = 0.7  # octaves, standard deviation of the prior on tempo
# Lags of the autocorrelation for a tempo: bar, half bar, beat, and halves and quarters of the beat. The latter
# distinguish a tempo from its 3/4 and 4/3, which have the same bar or the same eighths, but not both.
METRE = ((0.25, 0.3), (0.5, 0.5), (1.0, 1.0), (2.0, 1.0), (4.0, 1.5))  # (periods, weight)
LOW_WEIGHT = 3.0
LEAST_METRE = 0.1  # below it there is no beat; twelve songs had 0.38 to 0.80, noise 0.06, single sounds 0.01 and less
TIGHTNESS = 300.0  # of the dynamic programming; high, because dance music has a steady tempo
EARLY_S = 0.025  # how long before a beat its onset may be
RATE_HZ = RATE / HOP  # onset values a second
_DETECTED_PER_BEAT = {"heard": 1.0, "half": 2.0, "double": 0.5}  # detected beats per beat of the corrected grid

Beats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BeatGrid:
    """The beats of a song.

    tempo: bpm. beats: (n,) s, ascending, from the song's start to its end. downbeats: (m,) s, the first beats of bars.
    metre: the most frequent number of beats in a bar. confidence: 0 to 1, that the song has a beat.
    n and m are at least 1: if a short song contains none, the nearest one outside it is used.
    """

    tempo: float
    beats: Beats
    downbeats: Beats
    metre: int = BEATS_PER_BAR
    confidence: float = 0.0

    @property
    def begins_bar(self) -> NDArray[np.bool_]:
        """(n,) bool: which beats are downbeats."""
        return np.isin(self.beats.round(3), self.downbeats.round(3))

    def position(self, seconds: NDArray) -> NDArray[np.float64]:
        """Positions in beats from the first downbeat, fractional; outside the grid at its tempo. seconds: any shape."""
        return self._count(seconds) - self._bar_begins[0]

    def bar_position(self, seconds: NDArray) -> NDArray[np.float64]:
        """Positions in bars from the first downbeat, fractional; outside the downbeats in bars of `metre` beats."""
        count, begins = self._count(seconds), self._bar_begins
        bars = np.interp(count, begins, np.arange(len(begins)))
        outside = np.minimum(count - begins[0], 0.0) + np.maximum(count - begins[-1], 0.0)
        return bars + outside / self.metre

    def _count(self, seconds: NDArray) -> NDArray[np.float64]:
        """Positions in beats from the first beat."""
        seconds = np.asarray(seconds, dtype=np.float64)
        count = np.interp(seconds, self.beats, np.arange(len(self.beats)))
        outside = np.minimum(seconds - self.beats[0], 0.0) + np.maximum(seconds - self.beats[-1], 0.0)
        return count + outside * self.tempo / 60.0

    @property
    def _bar_begins(self) -> NDArray[np.float64]:
        """Indices of the downbeats among the beats; of downbeats outside them, at the tempo."""
        return np.round(self._count(self.downbeats))

    def corrected(self, correction: BeatsRequest, duration: float) -> "BeatGrid":
        """The grid over `duration` seconds with the user's correction."""
        if correction == BeatsRequest():
            return self
        offset, step = correction.offset, _DETECTED_PER_BEAT[correction.tempo]
        detected, added = _carried_on(self.beats, -offset, duration - offset)
        begins = self._bar_begins + added
        numbers = np.arange(len(detected)) - begins[0]
        counts = np.arange(np.ceil(numbers[0] / step), np.floor(numbers[-1] / step) + 1)
        beats = np.interp(counts * step, numbers, detected) + offset
        if step == 1.0:  # bars stay as long as they are
            inside = np.searchsorted(counts, begins - begins[0] + correction.bar)
            first = np.arange(inside[0] - self.metre, -1, -self.metre)[::-1]
            last = np.arange(inside[-1] + self.metre, len(beats), self.metre)
            downbeats = beats[np.concatenate([first, inside[inside < len(beats)], last]).astype(int)]
        else:
            downbeats = beats[(counts - correction.bar) % self.metre == 0]
        tempo = 60.0 / float(np.median(np.diff(beats)))
        return BeatGrid(tempo, _within(beats, duration), _within(downbeats, duration), self.metre, self.confidence)


def grid_of_beats(beats: Beats, numbers: NDArray[np.intp], metre: int, duration: float) -> BeatGrid:
    """The grid of beats (n,) s, n >= 2, extended to both ends of the song. numbers: (n,) in the bar, from 1."""
    whole, added = _carried_on(beats, 0.0, duration)
    inside = np.flatnonzero(numbers == 1) + added
    first = inside[0] if len(inside) else added + (1 - int(numbers[0])) % metre
    before = np.arange(first - metre, -1, -metre)[::-1]
    last = inside[-1] if len(inside) else first
    after = np.arange(last + metre, len(whole), metre)
    downbeats = whole[np.concatenate([before, inside if len(inside) else [first], after]).astype(int)]
    tempo = 60.0 / float(np.median(np.diff(beats)))
    return BeatGrid(tempo, _within(whole, duration), _within(downbeats, duration), metre)


def grid_of_map(song_map: SongMap) -> BeatGrid:
    """The grid of a map's beats, at least two, extrapolated to both ends of the song."""
    seconds, numbers = zip(*song_map.beats, strict=True)
    grid = grid_of_beats(np.array(seconds), np.array(numbers, np.intp), song_map.metre, song_map.duration)
    return replace(grid, confidence=song_map.confidence)


def beats_of_onsets(onsets: Onsets, duration: float) -> tuple[BeatGrid, bool]:
    """The beat grid of a song of `duration` seconds from its onsets alone, and whether it has a beat.

    Without a beat the grid has 120 bpm, with a beat on the strongest onset.
    """
    curve = _beat_curve(onsets)
    tempo = _tempo(onsets.everything)
    if tempo is None:
        return _even_grid(duration, offset=float(onsets.seconds(curve.argmax())) if curve.any() else 0.0), False
    found = track_beats(curve, round(60.0 * RATE_HZ / tempo), TIGHTNESS)
    if len(found) < 2:
        return _even_grid(duration, offset=float(onsets.seconds(curve.argmax()))), False
    beats = _extended(_inner(onsets.seconds(_smoothed(*_refined(curve, found)))), duration)
    first = _first_downbeat(onsets, beats)
    return BeatGrid(60.0 / float(np.median(np.diff(beats))), beats, beats[first::BEATS_PER_BAR]), True


def on_onsets(onsets: Onsets, beats: Beats) -> Beats:
    """Beats (n,) s moved to the nearest onsets, then smoothed by a line through two beats on either side."""
    curve = _beat_curve(onsets)
    places = np.clip(np.round(onsets.index(beats)).astype(np.intp), 0, len(curve) - 1)
    if len(places) < 2 or not curve.any():
        return beats
    return np.asarray(onsets.seconds(_smoothed(*_refined(curve, places), reach=2)))


def _beat_curve(onsets: Onsets) -> Curve:
    """Onset strength for beats: all onsets plus low ones (kick and bass), which distinguish on from off the beat."""
    spread = float(onsets.everything.std())
    if not spread:
        return np.zeros_like(onsets.everything)
    # An almost silent band must not be amplified.
    spread_low = max(float(onsets.low.std()), 0.25 * spread)
    return onsets.everything / spread + LOW_WEIGHT * onsets.low / spread_low


def _even_grid(duration: float, offset: float = 0.0) -> BeatGrid:
    """The grid of the neutral tempo with a beat at `offset` seconds."""
    period = 60.0 / NEUTRAL_TEMPO
    beats = _within(np.arange(offset % period - period, duration, period), duration)
    return BeatGrid(NEUTRAL_TEMPO, beats, beats[::BEATS_PER_BAR])


def _tempo(curve: Curve) -> float | None:
    """The tempo in bpm with the largest weighted autocorrelation; None if it is below LEAST_METRE."""
    tempi = SLOWEST * 2.0 ** np.arange(0.0, np.log2(FASTEST / SLOWEST), 1 / 150)
    lags = 60.0 * RATE_HZ / tempi
    likeness = _autocorrelation(curve)
    values = np.arange(len(likeness))
    weights = np.array([weight for _, weight in METRE])
    parts = np.stack([np.interp(periods * lags, values, likeness, right=0.0) for periods, _ in METRE])
    metre = weights @ parts / weights.sum()
    if metre.max() < LEAST_METRE:
        return None
    prior = np.exp(-0.5 * (np.log2(tempi / NEUTRAL_TEMPO) / OCTAVE_SPREAD) ** 2)
    return float(tempi[np.argmax(np.maximum(metre, 0.0) * prior)])


def _autocorrelation(curve: Curve, window_s: float = 14.0, hop_s: float = 3.5) -> NDArray[np.float64]:
    """Autocorrelation by lag in samples of the curve, mean over windows, so that the tempo may drift over the song."""
    signal = gaussian(curve.astype(np.float64), 1.5)
    signal -= gaussian(signal, 0.5 * RATE_HZ)
    length = min(round(window_s * RATE_HZ), len(signal))
    starts = range(0, len(signal) - length + 1, round(hop_s * RATE_HZ))
    total = np.zeros(length)
    for start in starts:
        spectrum = np.fft.rfft(signal[start : start + length], 2 * length)
        total += np.fft.irfft(np.abs(spectrum) ** 2)[:length]
    total /= np.maximum(length - np.arange(length), length // 3)
    return total / total[0] if total[0] else total


def _refined(curve: Curve, beats: NDArray[np.intp], reach: int = 3) -> tuple[Beats, Beats]:
    """Each beat at the vertex of the parabola through the highest onset within `reach`, and that onset's strength."""
    places, strengths = beats.astype(np.float64), np.zeros(len(beats))
    for i, beat in enumerate(beats):
        low = max(beat - reach, 1)
        near = curve[low : min(beat + reach + 1, len(curve) - 1)]
        if not len(near):
            continue
        top = low + int(near.argmax())
        before, height, after = (float(v) for v in curve[top - 1 : top + 2])
        bend = before - 2 * height + after
        if height >= max(before, after) and bend < 0:
            places[i], strengths[i] = top + 0.5 * (before - after) / bend, height
    return places, strengths


def _smoothed(places: Beats, strengths: Beats, reach: int = 4) -> Beats:
    """Each beat moved to a regression line through its neighbours, weighted by onset strength."""
    weights = strengths + 1e-3 * max(float(strengths.max()), 1.0)
    smooth = np.empty_like(places)
    for i in range(len(places)):
        near = slice(max(i - reach, 0), i + reach + 1)
        steps = np.arange(near.start, min(near.stop, len(places))) - i
        smooth[i] = np.polyfit(steps, places[near], 1, w=np.sqrt(weights[near]))[1]
    return smooth


def _inner(beats: Beats) -> Beats:
    """The beats without a few at both ends, where the dynamic programming drifts to end on an onset."""
    ends = min(4, len(beats) // 6)
    return beats[ends : len(beats) - ends]


def _extended(beats: Beats, duration: float) -> Beats:
    """Beats from 0 s to `duration`, extrapolated at the tempo of the nearest few."""
    return _within(_carried_on(beats, 0.0, duration)[0], duration)


def _carried_on(beats: Beats, start: float, end: float) -> tuple[Beats, int]:
    """Beats extrapolated to two bars beyond start and end, seconds, and the number that were added before the first."""
    first, last = (float(np.diff(part).mean()) for part in (beats[:9], beats[-9:]))
    before = beats[0] - first * np.arange(np.ceil(max(beats[0] - start, 0.0) / first) + 2 * BEATS_PER_BAR, 0, -1)
    after = beats[-1] + last * np.arange(1, np.ceil(max(end - beats[-1], 0.0) / last) + 2 * BEATS_PER_BAR + 1)
    return np.concatenate([before, beats, after]), len(before)


def _within(beats: Beats, duration: float) -> Beats:
    """The beats from 0 s to `duration`; the nearest one if there is none. A beat just before 0 s is moved to 0 s."""
    beats = np.where((beats < 0.0) & (beats > -EARLY_S), 0.0, beats)
    inside = (beats >= 0.0) & (beats <= duration)
    return beats[inside] if inside.any() else beats[[np.argmin(np.maximum(-beats, beats - duration))]]


def _first_downbeat(onsets: Onsets, beats: Beats) -> int:
    """Which of the first four beats starts a bar: the one whose every fourth carries most onset below 200 Hz."""
    at_beats = np.interp(onsets.index(beats), np.arange(len(onsets.low)), _around(onsets.low))
    strength = [float(at_beats[k::BEATS_PER_BAR].mean()) for k in range(min(BEATS_PER_BAR, len(beats)))]
    return int(np.argmax(strength))


def _around(curve: Curve, reach: int = 3) -> Curve:
    """The maximum (n,) within `reach` of each value (n,)."""
    padded = np.pad(curve, reach)
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(axis=-1)
