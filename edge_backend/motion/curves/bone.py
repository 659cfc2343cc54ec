"""Keyframe reduction for one bone: its channels on every frame, and keys whose curves approximate them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...numerics.array import Array
from .rotation import rotation_matrices, rotation_quaternions, turns_between
from .spline import draw, fit_keys

_MARGIN = 0.9  # of the tolerance: errors are computed on whole frames, and may be larger between them
FINEST = 0.004  # lower bound of `tighten`, as a share of the bone's largest tolerance
_LEAST_EXTREME = 4.0  # tolerances: least amplitude of a local extreme that gets a key
_REMOVABLE = 3.0  # tolerances: largest error of the curve without a removable key, before it is fitted again


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The largest error of the curves on any frame.

    degrees: of a bone's rotation relative to its parent. millimetres: of the body's location and of the feet. Raises
    ValueError unless both are above 0.
    """

    degrees: float = 1.0
    millimetres: float = 5.0

    def __post_init__(self) -> None:
        if self.degrees <= 0 or self.millimetres <= 0:
            raise ValueError(f"a tolerance is above 0; these are {self.degrees} degrees, {self.millimetres} mm")


@dataclass(frozen=True)
class Track:
    """A bone's channels on T frames.

    mode: its rotation mode. rotation: (T, 4 or 3) in that mode, continuous (radians for angles). location: (T, 3)
    armature units, None for bones that only rotate.
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
    """A bone's K keys. keys: (K,) frames. values, slopes: (K, n) in the order of Track.values; slopes per frame."""

    track: Track
    keys: Array
    values: Array
    slopes: Array

    def drawn(self) -> Array:
        """The channels (T, n) on every frame, evaluated from the keys."""
        return draw(self.values, self.slopes, self.keys, np.arange(len(self.track.rotation)))


class BoneFit:
    """Fits keys to one bone's channels.

    values: (T, n) the target of the fit, at first the track's own. keyed: frames that get a key, if the bone moves at
    all.
    """

    def __init__(self, track: Track, tolerance: Tolerance, unit: float, keyed: Iterable[int]) -> None:
        self.track = track
        self.values = track.values
        self._turns = rotation_quaternions(track.rotation, track.mode)
        self._channels = track.rotation.shape[1]
        frames = len(self.values)
        self._angle = np.full(frames, np.radians(tolerance.degrees) * _MARGIN)
        self._length = np.full(frames, tolerance.millimetres / 1000 * unit * _MARGIN)
        self._keyed = np.zeros(frames, dtype=bool)
        self._keyed[[0, -1]] = True
        if (self._error(np.broadcast_to(self.values[0], self.values.shape)) > 1).any():
            self._keyed[[frame for frame in keyed if 0 <= frame < frames]] = True
            self._keyed[extremes(self._main_motion(), _LEAST_EXTREME * np.radians(tolerance.degrees))] = True
        self._permanent = self._keyed.copy()  # keys at these frames are not removed
        self._draw_anew()

    @cached_property
    def own(self) -> Array:
        """The track's rotations (T, 3, 3)."""
        return rotation_matrices(self.track.rotation, self.track.mode)

    def aim(self, rotation: Array) -> None:
        """Replace the target of the fit by other rotation channels (T, 4 or 3)."""
        self.values = np.hstack([rotation, self.values[:, self._channels :]])
        self._turns = rotation_quaternions(rotation, self.track.mode)

    def tighten(self, frames: Array | list[int] | slice, factor: float) -> None:
        """Multiply the tolerance by factor in these frames, down to FINEST."""
        self._angle[frames] = np.maximum(self._angle[frames] * factor, FINEST * self._angle.max())
        self._length[frames] = np.maximum(self._length[frames] * factor, FINEST * self._length.max())

    def limit(self, frames: list[int], tolerance: Tolerance, unit: float) -> None:
        """Lower the tolerance to this one in these frames, where it is larger. unit: armature units per metre."""
        self._angle[frames] = np.minimum(self._angle[frames], np.radians(tolerance.degrees) * _MARGIN)
        self._length[frames] = np.minimum(self._length[frames], tolerance.millimetres / 1000 * unit * _MARGIN)

    def fit(self) -> Iterator[None]:
        """Add keys until the error is within the tolerance on every frame, and remove keys that are not needed.

        Yields after each iteration. A key is removed only once: a key added again later is permanent.
        """
        if (self._error(self.drawn()) <= 1).all():
            return
        while True:
            keys = self._draw_anew()
            error = self._error(self.drawn())
            added, removed = keys_between(error, keys), self._removable(error, keys)
            yield
            if not len(added) and not len(removed):
                return
            self._keyed[added] = True
            self._keyed[keys[removed]] = False
            for before, after in zip(keys[removed - 1], keys[removed + 1], strict=True):
                self._permanent[before + 1 : after] = True

    def drawn(self) -> Array:
        """The channels (T, n) on every frame, evaluated from the keys."""
        return self.result().drawn()

    def result(self) -> Thinned:
        """The present keys."""
        return Thinned(self.track, np.flatnonzero(self._keyed), *self._drawn)

    def _draw_anew(self) -> Array:
        """Fit values and slopes at the present keys; returns their frames (K,)."""
        keys = np.flatnonzero(self._keyed)
        self._drawn = self.values[keys], np.zeros_like(self.values[keys])
        if len(keys) > 1:
            self._drawn = fit_keys(self.values, keys, (self._angle.max() / self._angle) ** 2)
        return keys

    def _removable(self, error: Array, keys: Array) -> Array:
        """Numbers of keys (K,) that may be removed: not near each other, nor near frames whose error (T,) is above 1.

        Without each of them the error is at most _REMOVABLE, and locally least.
        """
        if len(keys) < 3:
            return np.zeros(0, dtype=int)
        wrong = np.maximum.reduceat(error, keys[:-1]) > 1  # of each gap
        near_wrong = np.convolve(wrong, np.ones(4))[1:-1] > 0  # of each key: the two gaps on either side
        cost = self._removal_errors(keys)
        cost[near_wrong | self._permanent[keys] | (cost > _REMOVABLE)] = np.inf
        around = np.lib.stride_tricks.sliding_window_view(np.pad(cost, 2, constant_values=np.inf), 5)
        removable = np.flatnonzero((cost == around.min(axis=1)) & np.isfinite(cost))
        return removable[np.diff(removable, prepend=-3) > 2]

    def _removal_errors(self, keys: Array) -> Array:
        """The largest error (K,), in tolerances, after removing each of the keys (K,), before a new fit."""
        cost = np.full(len(keys), np.inf)
        values, slopes = self._drawn
        for first in (1, 2):  # every other key at once: their gaps do not overlap
            without = np.arange(first, len(keys) - 1, 2)
            rest = np.delete(np.arange(len(keys)), without)
            drawn = draw(values[rest], slopes[rest], keys[rest], np.arange(len(self.values)))
            worst = np.maximum.reduceat(self._error(drawn), keys[:-1])  # of each gap
            cost[without] = np.maximum(worst[without - 1], worst[without])
        return cost

    def _error(self, drawn: Array) -> Array:
        """The error (T,), in tolerances, of channels (T, n) against the target."""
        turns = rotation_quaternions(drawn[:, : self._channels], self.track.mode)
        error = turns_between(turns, self._turns) / self._angle
        if self.track.location is None:
            return error
        distance = np.linalg.norm((drawn - self.values)[:, self._channels :], axis=1)
        return np.maximum(error, distance / self._length)

    def _main_motion(self) -> Array:
        """The rotation channels' first principal component (T,), roughly in radians."""
        centred = self.track.rotation - self.track.rotation.mean(axis=0)
        direction = np.linalg.eigh(centred.T @ centred)[1][:, -1]
        return centred @ direction * (2 if self.track.mode == "QUATERNION" else 1)


def keys_between(error: Array, keys: Array) -> Array:
    """Frames for new keys, at most one in each gap between the keys (K,).

    error: (T,) in tolerances; the first and the last frame have keys. A gap gets a key at its frame with the largest
    error, if that is above 1, else in its middle, if the error at one of its two keys is above 1.
    """
    gap = np.repeat(np.arange(len(keys) - 1), np.diff(keys))  # of each frame but the last
    inside = np.where(np.isin(np.arange(len(gap)), keys), -1.0, error[:-1])
    worst = np.maximum.reduceat(inside, keys[:-1])
    frames = np.flatnonzero(inside == worst[gap])
    frames = frames[np.unique(gap[frames], return_index=True)[1]]  # the first of several equal ones
    middle = np.where(np.maximum(error[keys[:-1]], error[keys[1:]]) > 1, (keys[:-1] + keys[1:]) // 2, 0)
    wanted = np.where(worst > 1, frames, middle)
    return wanted[(np.diff(keys) > 1) & (wanted > 0)]


def extremes(signal: Array, least: float) -> list[int]:
    """Frames of the local extremes of a signal (T,) with an amplitude of at least `least`."""
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
