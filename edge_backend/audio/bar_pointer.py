"""Beats from what the network says of each frame, by a hidden Markov model: the beat part of the bar pointer.

Krebs, Boeck and Widmer, "An Efficient State-Space Model for Joint Tempo and Meter Tracking" (2015). A tempo is a whole
number of frames that a beat takes; each of these frames is a state, and tempo changes from one beat to the next only.
Bars are counted afterwards (bars, readings): that took a fifth of the time, and found more.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
OBSERVED_PART = 16  # the first 1/16 of a beat is where it is heard


@dataclass(frozen=True, slots=True)
class StateSpace:
    """States of one beat: for each tempo a run of `interval` states.

    intervals: (K,) frames per beat. first, last: (K,) places of each run's ends. heard: places of states on the beat.
    log_change: (K, K) log probability of the tempo in the next beat, by that in this.
    """

    intervals: NDArray[np.intp]
    first: NDArray[np.intp]
    last: NDArray[np.intp]
    heard: NDArray[np.intp]
    log_change: Floats

    @property
    def states(self) -> int:
        """How many there are."""
        return int(self.last[-1]) + 1


def state_space(frame_rate: float, slowest: float, fastest: float, tightness: float) -> StateSpace:
    """States for tempi from `slowest` to `fastest` bpm.

    tightness: how strongly tempo is held; the probability of a change by the factor r is exp(-tightness * |r - 1|).
    """
    intervals = np.arange(int(np.floor(frame_rate * 60 / fastest)), int(np.ceil(frame_rate * 60 / slowest)) + 1)
    first = np.concatenate([[0], np.cumsum(intervals)[:-1]])
    heard = np.concatenate(
        [f + np.arange(max(1, round(n / OBSERVED_PART))) for f, n in zip(first, intervals, strict=True)]
    )
    ratio = intervals[None, :] / intervals[:, None]
    change = np.exp(-tightness * np.abs(ratio - 1))
    log_change = np.log(np.maximum(change / change.sum(axis=1, keepdims=True), 1e-30)).astype(np.float32)
    return StateSpace(intervals, first, first + intervals - 1, heard, log_change)


def decode(beat: Floats, space: StateSpace) -> NDArray[np.intp]:
    """Frames (n,) of the likeliest beats, ascending.

    beat: (T,) log likelihood of the frame on a beat, over that between beats.
    """
    score = np.repeat(-np.log(space.intervals * len(space.intervals)), space.intervals).astype(np.float32)
    came_from = np.zeros((len(beat), len(space.intervals)), np.uint8)
    after = np.empty_like(score)
    for frame, likelihood in enumerate(beat):
        ways = score[space.last][:, None] + space.log_change
        best = ways.argmax(axis=0)
        came_from[frame] = best
        after[1:] = score[:-1]
        after[space.first] = ways[best, np.arange(len(best))]
        after[space.heard] += likelihood
        score, after = after, score
    return _way_back(int(score.argmax()), came_from, space)


def _way_back(state: int, came_from: NDArray[np.uint8], space: StateSpace) -> NDArray[np.intp]:
    tempo = int(np.searchsorted(space.last, state))
    frame = len(came_from) - 1 - (state - int(space.first[tempo]))
    beats = []
    while frame >= 0:
        beats.append(frame)
        tempo = int(came_from[frame, tempo])
        frame -= int(space.intervals[tempo])
    return np.array(beats[::-1], np.intp)
