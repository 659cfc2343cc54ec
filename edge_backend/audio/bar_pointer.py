"""Beats and bars from what the beat network says of each frame, by a hidden Markov model whose hidden states are the place
in the bar and the tempo: the bar pointer.

Krebs, Boeck and Widmer, "An Efficient State-Space Model for Joint Tempo and Meter Tracking" (2015): a tempo is the whole
number of frames that a beat takes; each of these frames is a state, and tempo changes from one beat to the next only.
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
    heard = np.concatenate([f + np.arange(max(1, round(n / OBSERVED_PART))) for f, n in zip(first, intervals, strict=True)])
    ratio = intervals[None, :] / intervals[:, None]
    change = np.exp(-tightness * np.abs(ratio - 1))
    log_change = np.log(np.maximum(change / change.sum(axis=1, keepdims=True), 1e-30)).astype(np.float32)
    return StateSpace(intervals, first, first + intervals - 1, heard, log_change)


def decode(beat: Floats, downbeat: Floats, metre: int, space: StateSpace, prior: Floats) -> tuple[NDArray, NDArray, float]:
    """The likeliest beats: frames (n,), their numbers in the bar (n,), and the log likelihood.

    beat, downbeat: (T,) log likelihood of the frame on a beat or on the first of a bar, over that between beats.
    metre: beats in the bar; 1 = beats alone, heard by `beat`. prior: (K,) log probability of each tempo at the start.
    """
    score = np.full((metre, space.states), -np.log(metre), np.float32)
    score += np.repeat(prior - np.log(space.intervals), space.intervals).astype(np.float32)
    tempo = np.arange(len(space.intervals))
    came_from = np.zeros((len(beat), metre, len(tempo)), np.uint8)
    observed = np.column_stack([downbeat if metre > 1 else beat, *([beat] * (metre - 1))]).astype(np.float32)
    buffer = np.empty_like(score)
    for frame in range(len(beat)):
        ends = np.roll(score[:, space.last], 1, axis=0)  # of the beat before
        ways = ends[:, :, None] + space.log_change
        best = ways.argmax(axis=1)
        came_from[frame] = best
        buffer[:, 1:] = score[:, :-1]
        buffer[:, space.first] = np.take_along_axis(ways, best[:, None], axis=1)[:, 0]
        buffer[:, space.heard] += observed[frame][:, None]
        score, buffer = buffer, score
    return _way_back(score, came_from, space)


def _way_back(score: Floats, came_from: NDArray[np.uint8], space: StateSpace) -> tuple[NDArray, NDArray, float]:
    number, state = np.unravel_index(int(score.argmax()), score.shape)
    likelihood = float(score[number, state])
    tempo = int(np.searchsorted(space.last, state))
    frame = len(came_from) - 1 - (int(state) - int(space.first[tempo]))
    beats, numbers = [], []
    metre = score.shape[0]
    while frame >= 0:
        beats.append(frame)
        numbers.append(int(number) + 1)
        tempo = int(came_from[frame, number, tempo])
        number = (int(number) - 1) % metre
        frame -= int(space.intervals[tempo])
    return np.array(beats[::-1], np.intp), np.array(numbers[::-1], np.intp), likelihood
