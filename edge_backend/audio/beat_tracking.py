"""Beats at a known tempo by dynamic programming (Ellis, "Beat Tracking by Dynamic Programming", 2007); numpy only."""

import numpy as np
from numpy.typing import NDArray

WEAK = 0.01  # of the strongest: what is weaker than this is no first beat
SHARPNESS = 32.0  # a beat's onsets are looked for within 1/32 of its period


def track_beats(onsets: NDArray[np.floating], period: int, tightness: float) -> NDArray[np.intp]:
    """Places of the beats, ascending, in onset strength (n,).

    period: of the tempo, in values. tightness: what a beat's distance from the last costs, as its logarithm squared.
    """
    if not np.any(onsets):
        return np.zeros(0, np.intp)
    score = _local_score(onsets, period)
    best, before = _best_ways(score, period, tightness)
    beats = [_last_beat(best)]
    while before[beats[-1]] >= 0:
        beats.append(int(before[beats[-1]]))
    way = np.array(beats[::-1], np.intp)
    heard = np.flatnonzero(score > 0)
    return way[(way >= heard[0]) & (way <= heard[-1])]


def _local_score(onsets: NDArray[np.floating], period: int) -> NDArray[np.float32]:
    """How much sets in around each value."""
    scaled = (onsets / onsets.std(ddof=1)).astype(np.float32)
    scaled[0] = 0
    bell = np.exp(-0.5 * (np.arange(-period, period + 1) * SHARPNESS / period) ** 2)
    return np.convolve(scaled, bell)[period : period + len(onsets)].astype(np.float32)


def _best_ways(score: NDArray[np.float32], period: int, tightness: float) -> tuple[NDArray, NDArray]:
    """For each value the score of the best way of beats to it, and the beat before it on that way, -1 for none.

    A beat comes half a period to two periods after the last, so that half a period of values can be judged at once.
    """
    nearest, farthest = int(np.round(period / 2)), 2 * period
    apart = np.arange(nearest, farthest + 1)
    price = tightness * (np.log(apart) - np.log(period)) ** 2
    nothing = np.full(farthest, -np.inf, np.float32)
    best, before = np.concatenate([nothing, score]), np.full(len(score), -1)
    for start in range(0, len(score), nearest):
        here = np.arange(start, min(start + nearest, len(score)))
        ways = best[farthest + here[:, None] - apart] - price
        chosen = ways.argmax(axis=1)
        worth = ways[np.arange(len(here)), chosen]
        known = np.isfinite(worth)
        best[farthest + here[known]] = score[here[known]] + worth[known]
        before[here[known]] = here[known] - apart[chosen[known]]
    strong = score >= WEAK * score.max()
    before[: int(strong.argmax())] = -1  # silence before the music has no beats
    return best[farthest:], before


def _last_beat(best: NDArray[np.float32]) -> int:
    """The last peak that is at least half as high as half of the peaks."""
    edge = np.concatenate([best[:1], best, best[-1:]])
    peaks = np.flatnonzero((best > edge[:-2]) & (best >= edge[2:]))
    if not len(peaks):
        return len(best) - 1
    high = peaks[best[peaks] >= 0.5 * np.median(best[peaks])]
    return int(high[-1])
