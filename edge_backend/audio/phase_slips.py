"""Finds and mends phase slips: places where beats of one steady tempo go on in another phase, half a beat later say.

Music does that hardly ever. A tracker that follows the off-beats of a part of the song does: it stretches or shortens
a few beats, and goes on at the same tempo.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

AROUND = 12  # beats on each side whose tempo is compared
BETWEEN = range(1, 6)  # intervals in which the slip may happen
SAME_TEMPO = 0.025  # largest relative difference of the tempi of both sides
STEADY = 0.05  # largest distance of a beat from its side's line, in beats
SLIP = 0.3  # least difference of phase, in beats
KEPT = 0.78  # least mean probability of mended beats relative to that of the beats before; less is free playing


def without_slips(beats: Array, probability: Callable[[Array], Array]) -> Array:
    """The beats (n,) s, ascending, with the phase of one of the runs between slips continued through all.

    probability: (m,) of a beat at each of (m,) seconds. The phase with the largest mean probability is chosen. Where it
    is much below that of the beats, these are returned: both sides are clear, so the music itself slips.
    """
    runs = _runs(beats)
    if len(runs) < 2:
        return beats
    candidates = [_in_phase_of(runs, number) for number in range(len(runs))]
    likeliest = max(candidates, key=lambda candidate: float(probability(candidate).mean()))
    return likeliest if probability(likeliest).mean() >= KEPT * probability(beats).mean() else beats


def _runs(beats: Array) -> list[Array]:
    """The beats between slips, without those in which a slip happens; all beats if there is no slip."""
    runs, start, first = [], 0, 0
    while first <= len(beats) - 2 * AROUND:
        before = beats[first : first + AROUND]
        gaps = (gap for gap in BETWEEN if first + 2 * AROUND - 1 + gap <= len(beats))
        for gap in gaps:
            after = first + AROUND - 1 + gap
            if _differ(before, beats[after : after + AROUND]):
                runs.append(beats[start : first + AROUND])
                start, first = after, after - 1
                break
        first += 1
    return [*runs, beats[start:]]


def _differ(before: Array, after: Array) -> bool:
    """Whether two runs of AROUND beats are steady, of one tempo, and of different phases."""
    (period, start), (later, begin) = _line(before), _line(after)
    if abs(period - later) > SAME_TEMPO * period:
        return False
    for beats, step, first in ((before, period, start), (after, later, begin)):
        if np.abs(beats - first - step * np.arange(AROUND)).max() > STEADY * step:
            return False
    count = (begin - start) / ((period + later) / 2)
    return bool(abs(count - round(count)) > SLIP)


def _line(beats: Array) -> tuple[float, float]:
    """(period, first beat) of the regression line through AROUND beats."""
    step, middle = np.arange(AROUND) - (AROUND - 1) / 2, float(beats.mean())
    period = float((step * beats).sum() / (step**2).sum())
    return period, middle - period * (AROUND - 1) / 2


def _in_phase_of(runs: list[Array], chosen: int) -> Array:
    """All runs moved by less than a beat into the phase of the chosen one, and the beats between them."""
    out = runs[chosen]
    for run in runs[chosen + 1 :]:
        out = _joined(out, run, move_first=False)
    for run in runs[:chosen][::-1]:
        out = _joined(run, out, move_first=True)
    return out


def _joined(first: Array, second: Array, *, move_first: bool) -> Array:
    """Two runs as one, of which one is moved so that a whole number of beats lies between them."""
    (period, _), (later, begin) = _line(first[-AROUND:]), _line(second[:AROUND])
    step = (period + later) / 2
    gap = begin - (_line(first[-AROUND:])[1] + (AROUND - 1) * period)
    count = max(round(gap / step), 1)
    move = gap - count * step
    if move_first:
        first = first + move
    else:
        second = second - move
    between = np.linspace(first[-1], second[0], count + 1)[1:-1]
    return np.concatenate([first, between, second])
