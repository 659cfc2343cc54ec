"""Dancing on the beat: a dance's stops are drawn onto the beats of its music by a smooth change of its tempo.

A network that has seen little music moves like a dancer who does not listen. What a dancer does then is to wait a
little, or to hurry a little, so that movements end when the music strikes.
"""

from typing import NamedTuple

import numpy as np

from ..numerics.array import Array
from ..numerics.filters import gaussian
from ..numerics.splines import monotone_spline
from ..schema.frames import FPS
from .motion import Motion
from .representation import CONTACTS

SMOOTHING_S = 5 / 60  # of the speed curve; Bailando's 5 frames at 60 fps
STEADY = 1e-6  # m a frame; less of a change is float32's rounding of places up to 20 m away
TEMPO = 0.15  # by so much the dance may run faster or slower between one stop and the next
REACH_S = 0.35  # so far a stop is moved at most
MEMORY_S = 6.0  # two neighbouring stops that are moved lie no further apart
EDGE_S = 0.2  # beside what must stay the tempo is that of the dance


def motion_beats(joints: Array) -> Array:
    """Seconds at which the mean speed of all joints, smoothed, has a local minimum. joints: (T, 24, 3) m, 30 fps.

    Speeds that are equal but for STEADY are one minimum, at the first of them, also where they last until the end.
    """
    speed = np.linalg.norm(np.diff(joints.astype(np.float64), axis=0), axis=-1).mean(axis=-1)
    speed = gaussian(speed, SMOOTHING_S * FPS)
    change = np.diff(speed)
    turns = np.flatnonzero(np.abs(change) > STEADY)
    ends = np.append(change[turns[1:]] > 0, turns[-1:] < len(change) - 1)  # each is followed by a rise, or by rest
    stop = turns[(change[turns] < 0) & ends] + 1
    before, here = speed[stop - 1], speed[stop]
    after = np.maximum(speed[stop + 1], here)
    # The parabola's vertex, so that the frame rate matters little; of equal speeds half-way between the first two.
    between = 0.5 * (before - after) / (before - 2 * here + after)
    # Speed i belongs half-way between frames i and i + 1.
    return (stop + 0.5 + between) / FPS


def align_to_beats(vectors: Array, beats: Array, amount: float = 1.0, fixed: Array | None = None) -> Array:
    """The dance (T, 151), metres, retimed so that as many of its stops as possible fall on beats.

    beats: seconds from the first frame, ascending. amount: 0 leaves the dance as it is, 1 draws all the way.
    fixed: (T,) bool, frames that stay when and as they are. The first and the last frame stay in any case.
    """
    if amount == 0 or len(vectors) < 3 or not len(beats):
        return vectors
    fixed = np.zeros(len(vectors), bool) if fixed is None else fixed
    shown = places_on_the_beat(motion_beats(Motion.from_vectors(vectors).joints()), beats, fixed)
    if shown is None:
        return vectors
    frames = np.arange(len(vectors), dtype=np.float64)
    return _at(vectors, frames + amount * (shown - frames))


def places_on_the_beat(stops: Array, beats: Array, fixed: Array) -> Array | None:
    """Where in a dance each frame is taken from, (T,) in frames, so that as many stops as possible fall on beats.

    stops, beats: seconds from the first frame, ascending. fixed: (T,) bool, as in `on_the_beat`. None where every frame
    is fixed.
    """
    stretches = _free_stretches(fixed)
    if not stretches:
        return None
    frames = np.arange(len(fixed), dtype=np.float64)
    ends = np.array([0.0, frames[-1] / FPS])
    # A single fixed frame ends one stretch and begins the next.
    pairs = [*(_anchors(beats, stops, stretch) for stretch in stretches), np.stack([ends, ends], axis=1)]
    shown_at, taken_from = np.unique(np.concatenate(pairs), axis=0).T
    shown = monotone_spline(shown_at, taken_from, frames / FPS) * FPS
    return np.where(fixed, frames, shown)


class _Stretch(NamedTuple):
    """Seconds that may be retimed, and the part of them in which stops may be moved: beside fixed frames it is less."""

    first: float
    last: float
    begin: float
    end: float


def _free_stretches(fixed: Array) -> list[_Stretch]:
    """From one fixed frame to the next, where at least one frame between them is free."""
    last = len(fixed) - 1
    changes = np.flatnonzero(np.diff(np.concatenate([[True], fixed, [True]]).astype(int)))
    stretches = []
    for free, end in changes.reshape(-1, 2).tolist():
        before, after = max(free - 1, 0) / FPS, min(end, last) / FPS
        margins = EDGE_S * (free > 0), EDGE_S * (end <= last)
        if after - before > sum(margins):
            stretches.append(_Stretch(before, after, before + margins[0], after - margins[1]))
    return stretches


def _anchors(beats: Array, stops: Array, stretch: _Stretch) -> Array:
    """(n, 2) float64: seconds of the new dance, and of the old one that is shown then, both ascending.

    They are as many pairs (beat, stop) as fit: dynamic programming over all of them, in which the tempo between
    neighbours stays within TEMPO; of equally many the steadiest.
    """
    inside = (beats > stretch.begin) & (beats < stretch.end)
    beat, stop = ((np.abs(beats[:, None] - stops) < REACH_S) & inside[:, None]).nonzero()
    begin, end = (stretch.begin, stretch.begin), (stretch.end, stretch.end)
    pairs = np.array([begin, *zip(beats[beat], stops[stop], strict=True), end], dtype=np.float64)
    score, before = np.full(len(pairs), -np.inf), np.zeros(len(pairs), int)
    score[0] = 0.0
    for number in range(1, len(pairs)):
        earliest = int(np.searchsorted(pairs[:, 0], pairs[number, 0] - MEMORY_S))
        # With nothing near, the tempo stays: the first pair can always be followed by the last.
        earlier = np.arange(min(earliest, number - 1) if number < len(pairs) - 1 else 0, number)
        gains = score[earlier] + _gain(pairs[number] - pairs[earlier])
        best = int(np.argmax(gains))
        score[number], before[number] = gains[best], earlier[best]
    chosen = {tuple(pairs[number]) for number in _way_back(before)}
    return np.array([*chosen, (stretch.first, stretch.first), (stretch.last, stretch.last)])


def _gain(apart: Array) -> Array:
    """(n,): what a stop on a beat is worth that lies `apart` (n, 2) seconds, new and old, from the one before."""
    forward = (apart > 1e-6).all(axis=1)
    tempo = np.log(np.where(forward[:, None], apart, 1.0)) @ [-1.0, 1.0]
    possible = forward & (np.abs(tempo) <= np.log1p(TEMPO))
    return np.where(possible, 1 - np.square(tempo) * apart[:, 0], -np.inf)


def _way_back(before: Array) -> list[int]:
    """The numbers on the best way from the first pair to the last."""
    way = [len(before) - 1]
    while way[-1]:
        way.append(int(before[way[-1]]))
    return way


def _at(vectors: Array, places: Array) -> Array:
    """The vectors (T, 151) at places (T,) between frames: Catmull and Rom's cubic (1974), contacts of the nearest."""
    last = len(vectors) - 1
    places = places.clip(0, last)
    frame = np.floor(places).astype(int)
    share = (places - frame)[:, None]
    a, b, c, d = (vectors[(frame + offset).clip(0, last)].astype(np.float64) for offset in (-1, 0, 1, 2))
    curve = b + 0.5 * share * (c - a + share * (2 * a - 5 * b + 4 * c - d + share * (3 * (b - c) + d - a)))
    curve[:, CONTACTS] = vectors[np.round(places).astype(int)][:, CONTACTS]
    return curve.astype(np.float32)
