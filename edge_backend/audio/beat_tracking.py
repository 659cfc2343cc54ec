"""Beats at a known tempo by dynamic programming (Ellis, "Beat Tracking by Dynamic Programming", 2007); numpy only."""

import numpy as np
from numpy.typing import NDArray

WEAK = 0.01  # of the highest score; the first beat is not before the first score above it
SHARPNESS = 32.0  # the standard deviation of a beat's position is 1/32 of its period


def track_beats(onsets: NDArray[np.floating], period: int, tightness: float) -> NDArray[np.intp]:
    """Indices of the beats, ascending, in onset strength (n,).

    period: of a beat, in samples of `onsets`. tightness: factor of the squared logarithm of interval / period in the
    cost.
    """
    if not np.any(onsets):
        return np.zeros(0, np.intp)
    score = _local_score(onsets, period)
    best, before = _best_sequences(score, period, tightness)
    beats = [_last_beat(best)]
    while before[beats[-1]] >= 0:
        beats.append(int(before[beats[-1]]))
    beat_indices = np.array(beats[::-1], np.intp)
    audible = np.flatnonzero(score > 0)
    return beat_indices[(beat_indices >= audible[0]) & (beat_indices <= audible[-1])]


def _local_score(onsets: NDArray[np.floating], period: int) -> NDArray[np.float32]:
    """Onset strength (n,), normalised and smoothed by a Gaussian."""
    scaled = (onsets / onsets.std(ddof=1)).astype(np.float32)
    scaled[0] = 0
    bell = np.exp(-0.5 * (np.arange(-period, period + 1) * SHARPNESS / period) ** 2)
    return np.convolve(scaled, bell)[period : period + len(onsets)].astype(np.float32)


def _best_sequences(score: NDArray[np.float32], period: int, tightness: float) -> tuple[NDArray, NDArray]:
    """For each index, the score of the best sequence of beats that ends there, and the beat before it, -1 for none.

    Two beats are half a period to two periods apart, so that half a period of indices is computed at once.
    """
    nearest, farthest = int(np.round(period / 2)), 2 * period
    apart = np.arange(nearest, farthest + 1)
    price = tightness * (np.log(apart) - np.log(period)) ** 2
    nothing = np.full(farthest, -np.inf, np.float32)
    best, before = np.concatenate([nothing, score]), np.full(len(score), -1)
    for start in range(0, len(score), nearest):
        here = np.arange(start, min(start + nearest, len(score)))
        totals = best[farthest + here[:, None] - apart] - price
        chosen = totals.argmax(axis=1)
        worth = totals[np.arange(len(here)), chosen]
        known = np.isfinite(worth)
        best[farthest + here[known]] = score[here[known]] + worth[known]
        before[here[known]] = here[known] - apart[chosen[known]]
    strong = score >= WEAK * score.max()
    before[: int(strong.argmax())] = -1  # no beats in the silence before the music
    return best[farthest:], before


def _last_beat(best: NDArray[np.float32]) -> int:
    """The index of the last peak that is at least half as high as the median peak."""
    edge = np.concatenate([best[:1], best, best[-1:]])
    peaks = np.flatnonzero((best > edge[:-2]) & (best >= edge[2:]))
    if not len(peaks):
        return len(best) - 1
    high = peaks[best[peaks] >= 0.5 * np.median(best[peaks])]
    return int(high[-1])
