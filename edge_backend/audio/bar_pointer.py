"""Decodes beats from the network's probabilities by a hidden Markov model: the beat part of the bar pointer model.

Krebs, Boeck and Widmer, "An Efficient State-Space Model for Joint Tempo and Meter Tracking" (2015). A tempo is a beat's
length in whole frames; each of these frames is a state, and the tempo may change at beats only. Bars are counted
afterwards (bars, readings), which is five times as fast as a state space with bars and finds more of them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
OBSERVED_PART = 16  # the states of the first 1/16 of a beat are those on the beat


@dataclass(frozen=True, slots=True)
class StateSpace:
    """The states of one beat: for each of K tempi a run of consecutive states, one per frame.

    intervals: (K,) frames per beat. first, last: (K,) first and last state of each run. on_beat: (n,) states that are
    on the beat.
    log_change: (K, K) log probability of the next beat's tempo (columns) given this beat's (rows).
    """

    intervals: NDArray[np.intp]
    first: NDArray[np.intp]
    last: NDArray[np.intp]
    on_beat: NDArray[np.intp]
    log_change: Floats

    @property
    def states(self) -> int:
        """The number of states."""
        return int(self.last[-1]) + 1


def state_space(frame_rate: float, slowest: float, fastest: float, tightness: float) -> StateSpace:
    """The state space for tempi from `slowest` to `fastest` bpm at `frame_rate` frames a second.

    tightness: a change of tempo by the factor r has a probability proportional to exp(-tightness * |r - 1|).
    """
    intervals = np.arange(int(np.floor(frame_rate * 60 / fastest)), int(np.ceil(frame_rate * 60 / slowest)) + 1)
    first = np.concatenate([[0], np.cumsum(intervals)[:-1]])
    on_beat = np.concatenate(
        [f + np.arange(max(1, round(n / OBSERVED_PART))) for f, n in zip(first, intervals, strict=True)]
    )
    ratio = intervals[None, :] / intervals[:, None]
    change = np.exp(-tightness * np.abs(ratio - 1))
    log_change = np.log(np.maximum(change / change.sum(axis=1, keepdims=True), 1e-30)).astype(np.float32)
    return StateSpace(intervals, first, first + intervals - 1, on_beat, log_change)


def decode(beat: Floats, space: StateSpace) -> NDArray[np.intp]:
    """Frames (n,) of the most probable beats, ascending, by the Viterbi algorithm.

    beat: (T,) log likelihood ratio of each frame: on a beat to not on a beat.
    """
    score = np.repeat(-np.log(space.intervals * len(space.intervals)), space.intervals).astype(np.float32)
    came_from = np.zeros((len(beat), len(space.intervals)), np.uint8)
    after = np.empty_like(score)
    for frame, likelihood in enumerate(beat):
        totals = score[space.last][:, None] + space.log_change
        best = totals.argmax(axis=0)
        came_from[frame] = best
        after[1:] = score[:-1]
        after[space.first] = totals[best, np.arange(len(best))]
        after[space.on_beat] += likelihood
        score, after = after, score
    return _backtrack(int(score.argmax()), came_from, space)


def _backtrack(state: int, came_from: NDArray[np.uint8], space: StateSpace) -> NDArray[np.intp]:
    tempo = int(np.searchsorted(space.last, state))
    frame = len(came_from) - 1 - (state - int(space.first[tempo]))
    beats = []
    while frame >= 0:
        beats.append(frame)
        tempo = int(came_from[frame, tempo])
        frame -= int(space.intervals[tempo])
    return np.array(beats[::-1], np.intp)
