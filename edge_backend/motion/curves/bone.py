"""One bone's curves: its channels on every frame, and the keys that draw them within a tolerance."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ..rotations import Array
from .rotation import rotation_matrices, rotation_quaternions, turns_between
from .spline import draw, fit_keys

_MARGIN = 0.9  # of the tolerance: between the frames that are looked at the curve may stray a little further
FINEST = 0.004  # of the widest tolerance of the bone
_PLAINEST_EXTREME = 4.0  # tolerances: what turns back by less is no extreme


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
    """The keys of one bone, on the way to its tolerance; keys are only ever added.

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
        self._drawn = self.values[self._keyed], np.zeros((int(self._keyed.sum()), self.values.shape[1]))
        if (self._error(np.broadcast_to(self.values[0], self.values.shape)) > 1).any():
            self._keyed[[frame for frame in keyed if 0 <= frame < frames]] = True
            self._keyed[extremes(self._main_motion(), _PLAINEST_EXTREME * np.radians(tolerance.degrees))] = True

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
        """Add keys until the curve is within the tolerance everywhere, a step at a time."""
        if len(self.values) < 2:
            return
        weight = (self._angle.max() / self._angle) ** 2
        while True:
            keys = np.flatnonzero(self._keyed)
            self._drawn = fit_keys(self.values, keys, weight)
            wanted = keys_between(self._error(self.drawn()), keys)
            self._keyed[wanted] = True
            yield
            if not len(wanted):
                return

    def drawn(self) -> Array:
        """The channels (T, n) on every frame, as the keys draw them."""
        return self.result().drawn()

    def result(self) -> Thinned:
        """The keys as they are."""
        return Thinned(self.track, np.flatnonzero(self._keyed), *self._drawn)

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
