"""Which frames get keys: beats, extremes, and as many between them as the tolerance asks for."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ...numerics.array import Array
from ...numerics.intervals import distance
from ..retarget.rig import Rig
from ..steps import at_once
from .bone import BoneFit, Thinned, Tolerance, Track
from .posing import LegBones, aim_leg, pose_bones
from .rotation import angles_between, rotation_channels, rotation_matrices

KEPT = Tolerance(degrees=0.5, millimetres=2.0)
"""What frames that the animator keeps may stray by."""

_KEPT_FITTED = Tolerance(
    0.6 * KEPT.degrees, 0.6 * KEPT.millimetres
)  # legs take a share of the body's error beside theirs
STILL = 0.0005  # metres per frame: a foot's joint that moves less is standing
STILL_HEIGHT = 0.25  # metres above its lowest; feet that hang still in the air are not standing
HIGH = 0.05  # metres: a foot that is so high may stray twice as far as one on the floor
SLIDE = 0.00095  # metres per frame: as much as a standing foot may move in the end
_BODY_SHARE = 0.7  # of the tolerance for what carries the legs: they make up for its error, and have one of their own
_BASE_SHARE = 0.7  # of the tolerance for the legs before they are aimed at their feet
_TIGHTER = 0.6
_EXACT = 0.02  # of the tolerance
_ROUNDS = 24
_FEET_SHARE = 0.6  # of all the work


def thin_in_steps(
    tracks: Sequence[Track],
    tolerance: Tolerance,
    rig: Rig,
    *,
    keyed: Iterable[int] = (),
    exact: Iterable[int] = (),
    kept: Iterable[int] = (),
    legs: Sequence[LegBones] = (),
    up: Array | None = None,
    unit: float = 1.0,
) -> Generator[float, None, list[Thinned]]:
    """Keys for every bone: at the frames `keyed` (beats), at extremes, and where else the tolerance asks for them.

    In small steps, each of which yields how much is done, about. A bone's channels are keyed together. exact: frames
    with keys where the pose is the tracks' own, to a fiftieth of the tolerance. kept: frames where no bone strays by
    more than KEPT, whatever the tolerance. rig: the bones' hierarchy and rest pose. legs: their feet stay where they
    stand, and elsewhere near; legs make up for the body's error above them. up: (3,) the vertical, armature space.
    unit: armature units per metre.
    """
    exact = [frame for frame in exact if 0 <= frame < len(tracks[0].rotation)]
    kept = [frame for frame in kept if 0 <= frame < len(tracks[0].rotation)]
    keyed = [*keyed, *exact]
    fits: dict[str, BoneFit] = {}
    for track in tracks:
        fits[track.bone] = BoneFit(track, tolerance, unit, keyed)
        fits[track.bone].limit(kept, _KEPT_FITTED, unit)
        fits[track.bone].tighten(exact, _EXACT)
        yield 0.0
    if legs and len(tracks[0].rotation) > 2:
        up = np.array([0.0, 0.0, 1.0]) if up is None else up
        allowed = np.full(len(tracks[0].rotation), np.radians(tolerance.degrees))
        allowed[kept] = np.minimum(allowed[kept], np.radians(KEPT.degrees))
        for round_ in _Feet(fits, rig, legs, tolerance, up, unit, allowed).fit():
            yield _FEET_SHARE * (1 - 0.7**round_)  # nobody knows how many there will be
    for number, bone_fit in enumerate(fits.values()):
        for _ in bone_fit.fit():
            yield _FEET_SHARE + (1 - _FEET_SHARE) * number / len(fits)
    return [bone_fit.result() for bone_fit in fits.values()]


def thin(tracks: Sequence[Track], tolerance: Tolerance, rig: Rig, **options: Any) -> list[Thinned]:
    """What `thin_in_steps` makes, with its options, all at once."""
    return at_once(thin_in_steps(tracks, tolerance, rig, **options))


@dataclass
class _Feet:
    """Fits what carries the feet, from the body down, until they neither slide nor stray."""

    fits: dict[str, BoneFit]
    rig: Rig
    legs: Sequence[LegBones]
    tolerance: Tolerance
    up: Array
    unit: float
    allowed: Array  # (T,) radians: what a leg's bone may stray by from what it was

    def fit(self) -> Iterator[int]:
        """In small steps, which yield the number of the round."""
        limbs = {bone for leg in self.legs for bone in leg.aimed}
        carriers = {name for leg in self.legs for name in self.rig.ancestors(leg.thigh)} & set(self.fits)
        for name in carriers:
            self.fits[name].tighten(slice(None), _BODY_SHARE)
        self.before = self._poses({name: bone_fit.track.values for name, bone_fit in self.fits.items()})
        self.wanted = self._joints(self.before)
        height = self.wanted @ self.up
        height = height - height.min(axis=0)
        yield 0
        self.near = self.tolerance.millimetres / 1000 * (1 + height / HIGH)
        self.room = self._room(height)
        # The legs start from smooth ones: what trembles in them without moving the feet is not to be drawn after.
        for name in limbs:
            self.fits[name].tighten(slice(None), _BASE_SHARE)
        for _ in self._fit_bones(limbs):
            yield 0
        for name in limbs:
            self.fits[name].tighten(slice(None), 1 / _BASE_SHARE)
        self.base = {name: self.fits[name].drawn() for name in limbs}
        for round_ in range(_ROUNDS):
            for _ in self._fit_bones(carriers):
                yield round_
            aimed = {name: self.fits[name].drawn() for name in carriers}
            missed = yield from self._aim(aimed, round_)
            yield round_
            for _ in self._fit_bones(limbs):
                yield round_
            drawn = aimed | {name: self.fits[name].drawn() for name in limbs}
            slid = self._faults(drawn)
            yield round_
            slid |= self._bent(drawn)
            if not slid.any():
                return
            self._ask_for_more(carriers, missed, slid)

    def _ask_for_more(self, carriers: Iterable[str], missed: Array, slid: Array) -> None:
        """Tighten what carries legs that miss (T, legs), and start those from nearer to what they were; tighten legs
        whose feet slide or stray (T, legs)."""
        for number, leg in enumerate(self.legs):
            beside = distance(missed[:, number]) <= 1
            for name in carriers:
                self.fits[name].tighten(beside, _TIGHTER)
            for name in leg.aimed:
                self.base[name][beside] = (self.base[name] + self.fits[name].track.values)[beside] / 2
                self.fits[name].tighten(distance(slid[:, number]) <= 1, _TIGHTER)

    def _fit_bones(self, bones: Iterable[str]) -> Iterator[None]:
        for name in bones:
            yield from self.fits[name].fit()

    def _aim(self, aimed: dict[str, Array], round_: int) -> Generator[int, None, Array]:
        """Aim the legs at where their feet were, from the body as it is drawn, a leg in a step; True (T, legs) where
        that fails or takes more than a leg's tolerance."""
        turns, places = self._channels(aimed | self.base)
        fails = []
        for leg in self.legs:
            off = np.zeros(len(self.wanted), dtype=bool)
            for name, matrices in aim_leg(self.rig, leg, self.before, turns, places).items():
                bone_fit = self.fits[name]
                track = bone_fit.track
                bone_fit.aim(rotation_channels(matrices, track.mode, track.rotation))
                off |= angles_between(matrices, bone_fit.own) > self.allowed
                aimed[name] = bone_fit.values
            fails.append(off)
            yield round_
        return np.stack(fails, axis=1) | self._faults(aimed, 0.5)

    def _bent(self, values: dict[str, Array]) -> Array:
        """True (T, legs) where a bone of the leg turns otherwise than it did, by more than it may."""
        turns, _ = self._channels(values)
        return np.stack(
            [
                np.any([angles_between(turns[name], self.fits[name].own) > self.allowed for name in leg.aimed], axis=0)
                for leg in self.legs
            ],
            axis=1,
        )

    def _faults(self, values: dict[str, Array], share: float = 1.0) -> Array:
        """True (T, legs) where a foot slides or strays, by more than a share of what it may."""
        joints = self._joints(self._poses(values))
        wrong = np.linalg.norm(joints - self.wanted, axis=-1) > share * self.near
        more = np.linalg.norm(np.diff(joints - self.wanted, axis=0), axis=-1)
        slides = more > share * self.room
        wrong[1:] |= slides
        wrong[:-1] |= slides
        joints_of = np.cumsum([0] + [len(leg.joints) for leg in self.legs])
        return np.stack([wrong[:, a:b].any(axis=1) for a, b in pairwise(joints_of)], axis=1)

    def _room(self, height: Array) -> Array:
        """How much more than it does each joint may move in each step (T - 1, joints), metres: infinite if it goes."""
        low = height < STILL_HEIGHT
        level: Array = self.wanted - (self.wanted @ self.up)[..., None] * self.up
        step = np.linalg.norm(np.diff(level, axis=0), axis=-1)
        return np.where((step < STILL) & low[1:] & low[:-1], SLIDE - step, np.inf)

    def _joints(self, poses: dict[str, Array]) -> Array:
        """The feet's joints (T, n, 3), metres, leg by leg."""
        names = [name for leg in self.legs for name in leg.joints]
        return np.stack([poses[name][:, :3, 3] for name in names], axis=1) / self.unit

    def _poses(self, values: dict[str, Array]) -> dict[str, Array]:
        return pose_bones(self.rig, *self._channels(values), [name for leg in self.legs for name in leg.all])

    def _channels(self, values: dict[str, Array]) -> tuple[dict[str, Array], dict[str, Array]]:
        """What these bones turn and how far they move."""
        turns, places = {}, {}
        for name, channels in values.items():
            track = self.fits[name].track
            width = track.rotation.shape[1]
            turns[name] = rotation_matrices(channels[:, :width], track.mode)
            if track.location is not None:
                places[name] = channels[:, width:]
        return turns, places
