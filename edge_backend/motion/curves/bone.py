"""One bone's curves: its channels on every frame, and the keys that draw them within a tolerance."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ...numerics.array import Array
from .rotation import rotation_matrices, rotation_quaternions, turns_between
from .spline import draw, fit_keys

_MARGIN = 0.9  # of the tolerance: between the frames that are looked at the curve may stray a little further
FINEST = 0.004  # of the widest tolerance of the bone
_PLAINEST_EXTREME = 4.0  # tolerances: what turns back by less is no extreme
_SPARE = 3.0  # tolerances: without a spare key the curve goes no further, before it is fitted anew


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far curves may stray from the motion.

    degrees: of any bone's turn against its parent. millimetres: of the body's place, and of the feet.
    """

    degrees: float = 1.0
    millimetres: float = 5.0

    def __post_init__(self) -> None:
        if self.degrees <= 0 or self.millimetres <= 0:
            raise ValueError(f"a tolerance is above 0; these are {self.degrees} degrees, {self.millimetres} mm")


@dataclass(frozen=True)
class Track:
    """A bone's channels on every frame.

    mode: its rotation mode. rotation: (T, 4 or 3) in that mode, without jumps. location: (T, 3), None for bones that
    only turn.
    """

    bone: str
    mode: str
    rotation: Array
    location: Array | None = None

    @property
    def values(self) -> Array:
        """All channels (T, n), rotation first."""
        return self.rotation if self.location is None else np.hstack([self.rotation, self.location])


@dataclass(frozen=True)
class Thinned:
    """A bone's keys. keys: (K,) frames. values, slopes: (K, n) in the order of Track.values; slopes per frame."""

    track: Track
    keys: Array
    values: Array
    slopes: Array

    def drawn(self) -> Array:
        """The channels (T, n) on every frame, as the keys draw them."""
        return draw(self.values, self.slopes, self.keys, np.arange(len(self.track.rotation)))


class BoneFit:
    """The keys of one bone, on the way to its tolerance.

    values: (T, n) what the curves aim at, at first the track's own. own: (T, 3, 3) the track's rotations.
    """

    def __init__(self, track: Track, tolerance: Tolerance, unit: float, keyed: Iterable[int]) -> None:
        self.track = track
        self.values = track.values
        self.own = rotation_matrices(track.rotation, track.mode)
        self._turns = rotation_quaternions(track.rotation, track.mode)
        self._channels = track.rotation.shape[1]
        frames = len(self.values)
        self._angle = np.full(frames, np.radians(tolerance.degrees) * _MARGIN)
        self._length = np.full(frames, tolerance.millimetres / 1000 * unit * _MARGIN)
        self._keyed = np.zeros(frames, dtype=bool)
        self._keyed[[0, -1]] = True
        if (self._error(np.broadcast_to(self.values[0], self.values.shape)) > 1).any():
            self._keyed[[frame for frame in keyed if 0 <= frame < frames]] = True
            self._keyed[extremes(self._main_motion(), _PLAINEST_EXTREME * np.radians(tolerance.degrees))] = True
        self._stays = self._keyed.copy()  # keys at these frames are not taken out
        self._draw_anew()

    def aim(self, rotation: Array) -> None:
        """Aim at other rotation channels (T, 4 or 3)."""
        self.values = np.hstack([rotation, self.values[:, self._channels :]])
        self._turns = rotation_quaternions(rotation, self.track.mode)

    def tighten(self, frames: Array | list[int] | slice, factor: float) -> None:
        """Ask for more in these frames."""
        self._angle[frames] = np.maximum(self._angle[frames] * factor, FINEST * self._angle.max())
        self._length[frames] = np.maximum(self._length[frames] * factor, FINEST * self._length.max())

    def limit(self, frames: list[int], tolerance: Tolerance, unit: float) -> None:
        """Ask for this tolerance in these frames, where there was none so narrow."""
        self._angle[frames] = np.minimum(self._angle[frames], np.radians(tolerance.degrees) * _MARGIN)
        self._length[frames] = np.minimum(self._length[frames], tolerance.millimetres / 1000 * unit * _MARGIN)

    def fit(self) -> Iterator[None]:
        """Add keys until the curve is within the tolerance everywhere, and take out what it can do without, a step at
        a time. A key is taken out once: what has to be put in its place stays."""
        if (self._error(self.drawn()) <= 1).all():
            return
        while True:
            keys = self._draw_anew()
            error = self._error(self.drawn())
            wanted, spare = keys_between(error, keys), self._spare(error, keys)
            yield
            if not len(wanted) and not len(spare):
                return
            self._keyed[wanted] = True
            self._keyed[keys[spare]] = False
            for before, after in zip(keys[spare - 1], keys[spare + 1], strict=True):
                self._stays[before + 1 : after] = True

    def drawn(self) -> Array:
        """The channels (T, n) on every frame, as the keys draw them."""
        return self.result().drawn()

    def result(self) -> Thinned:
        """The keys as they are."""
        return Thinned(self.track, np.flatnonzero(self._keyed), *self._drawn)

    def _draw_anew(self) -> Array:
        """Fit the curve with the keys that there are; their frames (K,)."""
        keys = np.flatnonzero(self._keyed)
        self._drawn = self.values[keys], np.zeros_like(self.values[keys])
        if len(keys) > 1:
            self._drawn = fit_keys(self.values, keys, (self._angle.max() / self._angle) ** 2)
        return keys

    def _spare(self, error: Array, keys: Array) -> Array:
        """Which of the keys (K,), by number, the curve may well do without: far from each other, and from where it is
        out of its tolerance now, by its error (T,)."""
        if len(keys) < 3:
            return np.zeros(0, dtype=int)
        wrong = np.maximum.reduceat(error, keys[:-1]) > 1  # of each gap
        near_wrong = np.convolve(wrong, np.ones(4))[1:-1] > 0  # of each key: the two gaps on either side
        harm = self._harm(keys)
        harm[near_wrong | self._stays[keys] | (harm > _SPARE)] = np.inf
        around = np.lib.stride_tricks.sliding_window_view(np.pad(harm, 2, constant_values=np.inf), 5)
        spare = np.flatnonzero((harm == around.min(axis=1)) & np.isfinite(harm))
        return spare[np.diff(spare, prepend=-3) > 2]

    def _harm(self, keys: Array) -> Array:
        """How far (K,) the curve goes from what it aims at, in tolerances, without each of the keys and not yet fitted
        anew."""
        harm = np.full(len(keys), np.inf)
        values, slopes = self._drawn
        for first in (1, 2):  # every other one together: they do not touch each other's gaps
            without = np.arange(first, len(keys) - 1, 2)
            rest = np.delete(np.arange(len(keys)), without)
            drawn = draw(values[rest], slopes[rest], keys[rest], np.arange(len(self.values)))
            worst = np.maximum.reduceat(self._error(drawn), keys[:-1])  # of each gap
            harm[without] = np.maximum(worst[without - 1], worst[without])
        return harm

    def _error(self, drawn: Array) -> Array:
        """How far (T,) the channels (T, n) are from what they aim at, in tolerances."""
        turns = rotation_quaternions(drawn[:, : self._channels], self.track.mode)
        error = turns_between(turns, self._turns) / self._angle
        if self.track.location is None:
            return error
        way = np.linalg.norm((drawn - self.values)[:, self._channels :], axis=1)
        return np.maximum(error, way / self._length)

    def _main_motion(self) -> Array:
        """The bone's turning (T,) in the direction in which it turns most, in radians or so."""
        centred = self.track.rotation - self.track.rotation.mean(axis=0)
        direction = np.linalg.svd(centred, full_matrices=False)[2][0]
        return centred @ direction * (2 if self.track.mode == "QUATERNION" else 1)


def keys_between(error: Array, keys: Array) -> Array:
    """Where keys between the keys (K,) help most, at most one in each gap: errors (T,) in tolerances, from the first
    key to the last.

    At the worst frame, if that is outside of its tolerance; in the middle, if one of the two keys is.
    """
    gap = np.repeat(np.arange(len(keys) - 1), np.diff(keys))  # of each frame but the last
    inside = np.where(np.isin(np.arange(len(gap)), keys), -1.0, error[:-1])
    worst = np.maximum.reduceat(inside, keys[:-1])
    frames = np.flatnonzero(inside == worst[gap])
    frames = frames[np.unique(gap[frames], return_index=True)[1]]  # the first where several are equally bad
    middle = np.where(np.maximum(error[keys[:-1]], error[keys[1:]]) > 1, (keys[:-1] + keys[1:]) // 2, 0)
    wanted = np.where(worst > 1, frames, middle)
    return wanted[(np.diff(keys) > 1) & (wanted > 0)]


def extremes(signal: Array, least: float) -> list[int]:
    """Frames where a signal (T,) turns back, by at least so much."""
    found: list[int] = []
    low = high = 0
    rising: bool | None = None
    for frame, value in enumerate(signal.tolist()):
        if value > signal[high]:
            high = frame
        if value < signal[low]:
            low = frame
        if rising is not False and signal[high] - value >= least:
            found += [high] if rising else []
            rising, low = False, frame
        elif rising is not True and value - signal[low] >= least:
            found += [low] if rising is False else []
            rising, high = True, frame
    return found
