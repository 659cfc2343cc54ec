"""Finds downbeats: numbers the beats by dynamic programming, and measures harmony changes at beats.

Chords change more often on the first beat of a bar than elsewhere (Durand, David and Richard, "Enhancing Downbeat
Detection When Facing Different Music Styles", 2014).
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]

SLIP = -8.0  # added to the score for a bar that is cut short
CLIP = 3.0  # the largest evidence of one beat
HARMONY_WEIGHT = 0.5  # of a harmony change by one standard deviation, each over one beat and over two


def best_count(evidence: Array, metre: int) -> tuple[float, Numbers]:
    """Number beats in bars of `metre` beats: the largest sum of evidence at first beats, and the numbers (n,) from 1.

    evidence: (n,), one value per beat. A bar may be cut short, which adds SLIP.
    """
    score = np.zeros(metre)
    score[0] = evidence[0]
    before = np.zeros((len(evidence), metre), np.intp)
    for beat in range(1, len(evidence)):
        came = np.roll(np.arange(metre), 1)
        worth = score[came]
        early = int(score[:-1].argmax())
        if score[early] + SLIP > worth[0]:
            came[0], worth[0] = early, score[early] + SLIP
        before[beat], score = came, worth
        score[0] += evidence[beat]
    number = int(score.argmax())
    total, numbers = float(score[number]), [number]
    for beat in range(len(evidence) - 1, 0, -1):
        number = int(before[beat, number])
        numbers.append(number)
    return total, np.array(numbers[::-1], np.intp) + 1


def harmony_changes(chroma: Array, frames: Array, reach: int) -> Array:
    """Cosine distances (n,), 0 to 1, between the chroma of the `reach` beats before each beat and from it on.

    chroma: (T, 12). frames: (n,) of the beats, fractional.
    """
    steps = np.arange(1, reach + 1)
    first, last = frames[1] - frames[0], frames[-1] - frames[-2]
    edges = np.concatenate([frames[0] - first * steps[::-1], frames, frames[-1] + last * steps])
    places = np.clip(np.round(edges).astype(int), 0, len(chroma))
    total = np.concatenate([np.zeros((1, 12)), np.cumsum(chroma, axis=0)])
    beats = np.diff(total[places], axis=0) / np.maximum(np.diff(places), 1)[:, None]
    beats /= np.maximum(np.linalg.norm(beats, axis=1, keepdims=True), 0.05)
    sums = np.array([beats[i : i + reach].sum(axis=0) for i in range(len(beats) - reach + 1)])
    before, after = sums[: len(frames)], sums[reach : reach + len(frames)]
    size = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    return np.asarray(1 - (before * after).sum(axis=1) / np.maximum(size, 1e-9))


def standard(values: Array) -> Array:
    """Values (n,) in standard deviations from the mean, clipped, so that one beat alone does not decide a song."""
    return np.clip((values - values.mean()) / max(float(values.std()), 1e-6), -2.0, 3.0)
