"""Time-warps a dance so that its kinematic beats (stops) coincide with the beats of its music.

The network places stops near the beats, but not exactly. Small, smooth changes of the dance's tempo close that gap,
and a pulse, by which the dance is a little slower on every beat than between two.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..numerics.array import Array
from ..numerics.filters import gaussian
from ..numerics.intervals import runs
from ..numerics.splines import monotone_spline
from ..schema.frames import FPS
from .motion import Motion
from .rotations import rows_to_matrix

SMOOTHING_S = 5 / 60  # standard deviation for the speed curve; Bailando's 5 frames at 60 fps
STEADY = 1e-6  # metres per frame; smaller changes of speed are rounding errors of float32 positions up to 20 m
TEMPO = 0.15  # the largest relative change of tempo between two matched stops
REACH_S = 0.35  # the largest displacement of a stop
MEMORY_S = 6.0  # the longest time between two matched stops that follow each other
FIRST_BEAT = 1.5  # what a stop on the first beat of a bar counts; 1 on other beats
LOBES = 6  # of the sincs that interpolate motion capture, on each side
PULSE = 0.1  # on a beat the dance is this share slower, half-way to the next beat faster
EDGE_S = 0.2  # beside constrained frames the tempo is unchanged for this long


def motion_beats(joints: Array) -> Array:
    """Kinematic beats (n,), seconds: local minima of the mean speed of all joints, smoothed (Siyao et al. 2022).

    joints: (T, 24, 3) metres, world, 30 frames a second. A stretch of equal speeds (within STEADY) counts as one
    minimum, at its beginning, also if it lasts until the end.
    """
    speed = np.linalg.norm(np.diff(joints.astype(np.float64), axis=0), axis=-1).mean(axis=-1)
    speed = gaussian(speed, SMOOTHING_S * FPS)
    change = np.diff(speed)
    turns = np.flatnonzero(np.abs(change) > STEADY)
    ends = np.append(change[turns[1:]] > 0, turns[-1:] < len(change) - 1)  # followed by a rise, or by rest to the end
    stop = turns[(change[turns] < 0) & ends] + 1
    before, here = speed[stop - 1], speed[stop]
    after = np.maximum(speed[stop + 1], here)
    # Sub-frame position: the vertex of the parabola through three speeds; of equal speeds, between the first two.
    between = 0.5 * (before - after) / (before - 2 * here + after)
    # Speed i is that of the middle between frames i and i + 1.
    return (stop + 0.5 + between) / FPS


def align_to_beats(
    motion: Motion,
    beats: Array,
    amount: float = 1.0,
    constrained: Array | None = None,
    *,
    begins_bar: Array | None = None,
    sharp: bool = False,
    edge_s: float = EDGE_S,
) -> Motion:
    """A dance of T frames retimed so that as many of its stops as possible fall on beats, first beats before others.

    Its tempo has a `pulse`, too.
    beats: (n,) seconds from the first frame, ascending. amount: 0 returns the motion itself, 1 moves stops all the way.
    constrained: (T,) bool, frames that are changed neither in time nor in pose; the first and the last frame never are.
    begins_bar: (n,) bool, of the beats; default none. sharp: as in `retimed`. edge_s: seconds beside constrained frames
    in which the tempo is unchanged.
    """
    constrained = np.zeros(motion.frames, bool) if constrained is None else constrained
    if amount == 0 or motion.frames < 3 or not len(beats):
        return motion
    shown = places_on_the_beat(motion_beats(motion.joints()), beats, constrained, begins_bar, edge_s=edge_s)
    if shown is None:
        return motion
    frames = np.arange(motion.frames, dtype=np.float64)
    for interval in _free_intervals(constrained, edge_s):
        inside = (beats > interval.begin) & (beats < interval.end)
        shown = shown + FPS * pulse(frames / FPS, beats[inside])
    return retimed(motion, frames + amount * (shown - frames), sharp)


def pulse(seconds: Array, beats: Array) -> Array:
    """Seconds (T,) to be added to `seconds`, so that time passes 1 - PULSE times as fast on beats (n,), ascending, and
    1 + PULSE times half-way between them. It is 0 on the beats, half-way between them, and beside them all.
    """
    if len(beats) < 2:
        return np.zeros(len(seconds))
    before = (np.searchsorted(beats, seconds, "right") - 1).clip(0, len(beats) - 2)
    length = np.diff(beats)[before]
    share = ((seconds - beats[before]) / length).clip(0, 1)
    added: Array = -PULSE * length / (2 * np.pi) * np.sin(2 * np.pi * share)
    return added


def places_on_the_beat(
    stops: Array,
    beats: Array,
    constrained: Array,
    begins_bar: Array | None = None,
    *,
    known: Array | None = None,
    edge_s: float = EDGE_S,
) -> Array | None:
    """The time warp (T,): for each new frame the position in the old dance, in frames, that it shows.

    stops, beats: (n,), (m,) seconds from the first frame, ascending. constrained: (T,) bool, begins_bar: (m,) bool,
    edge_s: as in `align_to_beats`. known: (k,) places, frames, of the first frames, which the others continue; these
    are constrained. Returns None where every frame is constrained.
    """
    known = np.zeros(0) if known is None else known
    intervals = _free_intervals(
        constrained, edge_s, len(known), float(known[-1]) - len(known) + 1 if len(known) else 0.0
    )
    if not intervals:
        return None
    frames = np.arange(len(constrained), dtype=np.float64)
    ends = np.array([0.0, frames[-1] / FPS])
    # A single constrained frame ends one interval and begins the next.
    worth = np.ones(len(beats)) if begins_bar is None else np.where(begins_bar, FIRST_BEAT, 1.0)
    given = np.stack([np.arange(len(known)), known], axis=1)[:-1] / FPS  # the last one begins an interval
    ends = ends[1:] if len(known) else ends
    anchors = [_anchors(beats, worth, stops, interval) for interval in intervals]
    pairs = [given, *anchors, np.stack([ends, ends], axis=1)]
    shown_at, taken_from = np.unique(np.concatenate(pairs), axis=0).T
    shown = monotone_spline(shown_at, taken_from, frames / FPS) * FPS
    places = np.where(constrained, frames, shown)
    places[: len(known)] = known
    return places


class _Interval(NamedTuple):
    """Seconds. first, last: may be retimed. begin, end: may contain moved stops (edge_s from constrained frames).

    ahead: by how much what is shown at its beginning is later than there in the old dance.
    """

    first: float
    last: float
    begin: float
    end: float
    ahead: float = 0.0


def _free_intervals(constrained: Array, edge_s: float, known: int = 0, ahead: float = 0.0) -> list[_Interval]:
    """The intervals between neighbouring constrained frames (T,) bool with at least one free frame between them.

    known: how many of the first frames are so by `places_on_the_beat`; the tempo may change up to their end, and
    directly after it. ahead: by how many frames what the last of them shows is later than there in the old dance.
    """
    last = len(constrained) - 1
    intervals = []
    for free, end in runs(~constrained):
        before, after = max(free - 1, 0) / FPS, min(end, last) / FPS
        continues = 0 < free == known
        margins = edge_s * (free > 0 and not continues), edge_s * (end <= last)
        if after - before > sum(margins):
            moved = ahead / FPS if continues else 0.0
            intervals.append(_Interval(before, after, before + margins[0], after - margins[1], moved))
    return intervals


def _anchors(beats: Array, worth: Array, stops: Array, interval: _Interval) -> Array:
    """(n, 2) float64: seconds of the new dance and the seconds of the old one shown there, both ascending.

    The pairs (beat, stop) of which the beats are worth most, such that the tempo between neighbours is within TEMPO,
    found by dynamic programming; of equal worth, those with the least change of tempo. worth: (m,), of the beats.
    """
    inside = (beats > interval.begin) & (beats < interval.end)
    beat, stop = ((np.abs(beats[:, None] - stops) < REACH_S) & inside[:, None]).nonzero()
    begin, end = (interval.begin, interval.begin + interval.ahead), (interval.end, interval.end)
    pairs = np.array([begin, *zip(beats[beat], stops[stop], strict=True), end], dtype=np.float64)
    gained = np.concatenate([[0.0], worth[beat], [0.0]])
    score, before = np.full(len(pairs), -np.inf), np.zeros(len(pairs), int)
    score[0] = 0.0
    for number in range(1, len(pairs)):
        earliest = int(np.searchsorted(pairs[:, 0], pairs[number, 0] - MEMORY_S))
        # The last pair may follow the first directly: where nothing else is possible, it does.
        earlier = np.arange(min(earliest, number - 1) if number < len(pairs) - 1 else 0, number)
        gains = score[earlier] + gained[number] + _steadiness(pairs[number] - pairs[earlier])
        best = int(np.argmax(gains))
        score[number], before[number] = gains[best], earlier[best]
    chosen = {tuple(pairs[number]) for number in _backtrack(before)}
    first = (interval.first, interval.first + interval.ahead)
    return np.array([*chosen, first, (interval.last, interval.last)])


def _steadiness(apart: Array) -> Array:
    """Scores (n,), at most 0, of pairs that lie `apart` (n, 2) seconds, new and old time, behind the previous one."""
    forward = (apart > 1e-6).all(axis=1)
    tempo = np.log(np.where(forward[:, None], apart, 1.0)) @ [-1.0, 1.0]
    possible = forward & (np.abs(tempo) <= np.log1p(TEMPO))
    return np.where(possible, -np.square(tempo) * apart[:, 0], -np.inf)


def _backtrack(before: Array) -> list[int]:
    """Numbers of the pairs on the best path, from the last back to the first. before: each pair's predecessor."""
    path = [len(before) - 1]
    while path[-1]:
        path.append(int(before[path[-1]]))
    return path


def retimed(motion: Motion, places: Array, sharp: bool = False) -> Motion:
    """The motion at fractional frames places (T,): root and rotations on cubics, contacts of the nearest frame.

    sharp: by windowed sincs instead. Cubics smooth a little: of the jitter of motion capture they leave 73 to 87 % at
    halves and quarters between frames, sincs 96 to 98 %.
    """
    places = places.clip(0, motion.frames - 1)
    interpolate = _by_sincs if sharp else _on_cubics
    return replace(
        motion,
        rotations=rows_to_matrix(interpolate(motion.rotations[..., :2, :], places)),
        root=interpolate(motion.root, places),
        contacts=motion.contacts[np.round(places).astype(int)],
    )


def _on_cubics(values: Array, places: Array) -> Array:
    """Values (T, ...) at fractional frames places (T,), float32: cubics after Catmull and Rom 1974."""
    last = len(values) - 1
    frame = np.floor(places).astype(int)
    share = (places - frame).reshape(-1, *[1] * (values.ndim - 1))
    a, b, c, d = (values[(frame + offset).clip(0, last)].astype(np.float64) for offset in (-1, 0, 1, 2))
    curve = b + 0.5 * share * (c - a + share * (2 * a - 5 * b + 4 * c - d + share * (3 * (b - c) + d - a)))
    return curve.astype(np.float32)


def _by_sincs(values: Array, places: Array) -> Array:
    """Values (T, ...) at fractional frames places (T,), float32: sincs with Lanczos windows (Duchon 1979)."""
    last = len(values) - 1
    frame = np.floor(places).astype(int)
    away = (places - frame)[:, None] - np.arange(1 - LOBES, LOBES + 1)
    weight = np.sinc(away) * np.sinc(away / LOBES)
    weight /= weight.sum(axis=1, keepdims=True)
    curve = np.zeros((len(places), *values.shape[1:]))
    for column in range(2 * LOBES):
        share = weight[:, column].reshape(-1, *[1] * (values.ndim - 1))
        curve += share * values[(frame + column + 1 - LOBES).clip(0, last)]
    return curve.astype(np.float32)
