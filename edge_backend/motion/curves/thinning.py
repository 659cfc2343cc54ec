"""Keyframe reduction for a whole rig: keys at beats and extremes, and as many others as the tolerance requires."""

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

CONSTRAINT_TOLERANCE = Tolerance(degrees=0.5, millimetres=2.0)
"""The largest error in frames with constraints."""

_FITTED_CONSTRAINT_TOLERANCE = Tolerance(
    0.6 * CONSTRAINT_TOLERANCE.degrees, 0.6 * CONSTRAINT_TOLERANCE.millimetres
)  # leaves room for the body's error, which legs compensate
STILL = 0.0005  # metres per frame: a foot joint that moves less is standing
STILL_HEIGHT = 0.25  # metres above the joint's lowest position; a joint higher than this is not standing
HIGH = 0.05  # metres: at this height the tolerance of a foot's position is twice that on the floor
SLIDE = 0.00095  # metres per frame: the largest movement of a standing foot in the result
_BODY_SHARE = 0.7  # of the tolerance, for the legs' ancestors: legs compensate their error, and have an error too
_BASE_SHARE = 0.7  # of the tolerance, for the first fit of the legs, before inverse kinematics
_TIGHTER = 0.6
_EXACT = 0.02  # of the tolerance
_ROUNDS = 24
_FEET_SHARE = 0.6  # share of the feet in the computing time, for progress


def thin_in_steps(
    tracks: Sequence[Track],
    tolerance: Tolerance,
    rig: Rig,
    *,
    keyed: Iterable[int] = (),
    exact: Iterable[int] = (),
    constrained: Iterable[int] = (),
    legs: Sequence[LegBones] = (),
    up: Array | None = None,
    unit: float = 1.0,
) -> Generator[float, None, list[Thinned]]:
    """Keys for every bone: at the frames `keyed` (beats), at extremes, and where else the tolerance requires them.

    Yields the approximate fraction that is done. All channels of a bone have the same keys. exact: frames with a key
    and an error of at most _EXACT tolerances. constrained: frames with an error of at most CONSTRAINT_TOLERANCE,
    whatever the tolerance. rig: the bones' hierarchy and rest pose. legs: standing feet do not move by more than SLIDE,
    other feet are within the tolerance; legs compensate the error of the bones above them. up: (3,) the vertical,
    armature space. unit: armature units per metre.
    """
    exact = [frame for frame in exact if 0 <= frame < len(tracks[0].rotation)]
    constrained = [frame for frame in constrained if 0 <= frame < len(tracks[0].rotation)]
    keyed = [*keyed, *exact]
    fits: dict[str, BoneFit] = {}
    for track in tracks:
        fits[track.bone] = BoneFit(track, tolerance, unit, keyed)
        fits[track.bone].limit(constrained, _FITTED_CONSTRAINT_TOLERANCE, unit)
        fits[track.bone].tighten(exact, _EXACT)
        yield 0.0
    if legs and len(tracks[0].rotation) > 2:
        up = np.array([0.0, 0.0, 1.0]) if up is None else up
        allowed = np.full(len(tracks[0].rotation), np.radians(tolerance.degrees))
        allowed[constrained] = np.minimum(allowed[constrained], np.radians(CONSTRAINT_TOLERANCE.degrees))
        for round_ in _Feet(fits, rig, legs, tolerance, up, unit, allowed).fit():
            yield _FEET_SHARE * (1 - 0.7**round_)  # the number of rounds is not known
    for number, bone_fit in enumerate(fits.values()):
        for _ in bone_fit.fit():
            yield _FEET_SHARE + (1 - _FEET_SHARE) * number / len(fits)
    return [bone_fit.result() for bone_fit in fits.values()]


def thin(tracks: Sequence[Track], tolerance: Tolerance, rig: Rig, **options: Any) -> list[Thinned]:
    """Run `thin_in_steps` to its end; arguments and result are the same."""
    return at_once(thin_in_steps(tracks, tolerance, rig, **options))


@dataclass
class _Feet:
    """Fits the legs and their ancestors until no foot slides or leaves its tolerance.

    allowed: (T,) radians, the largest error of a leg's bone.
    """

    fits: dict[str, BoneFit]
    rig: Rig
    legs: Sequence[LegBones]
    tolerance: Tolerance
    up: Array
    unit: float
    allowed: Array

    def fit(self) -> Iterator[int]:
        """Run the fit; yields the number of the round after each step."""
        limbs = {bone for leg in self.legs for bone in leg.aimed}
        carriers = {name for leg in self.legs for name in self.rig.ancestors(leg.thigh)} & set(self.fits)
        for name in carriers:
            self.fits[name].tighten(slice(None), _BODY_SHARE)
        above = self.rig.with_ancestors(name for leg in self.legs for name in leg.all)
        poses = self._poses({name: self.fits[name].track.values for name in above if name in self.fits})
        self.before = {leg.foot: poses[leg.foot] for leg in self.legs}
        self.wanted = self._joints(poses)
        del poses
        height = self.wanted @ self.up
        height = height - height.min(axis=0)
        yield 0
        self.near = self.tolerance.millimetres / 1000 * (1 + height / HIGH)
        self.room = self._room(height)
        # The legs start from a fitted, smooth version, so that jitter that does not move the feet gets no keys.
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
        """Lower tolerances where the last round failed.

        missed: bool (T, legs), frames in which IK failed: the legs' ancestors get a lower tolerance, and IK starts from
        a pose nearer to the input. slid: bool (T, legs), frames in which a foot slides or is outside its tolerance: the
        leg gets a lower tolerance.
        """
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
        """Move the legs' feet to their input positions by IK, on the fitted body. Yields after each leg.

        aimed: bone -> channels of the body, to which those of the legs are added. Returns bool (T, legs), True where
        the foot is not reached or a leg's bone rotates by more than `allowed`.
        """
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
        """Bool (T, legs): a bone of the leg has an error above `allowed`. values: bone -> channels (T, n)."""
        turns, _ = self._channels(values)
        return np.stack(
            [
                np.any([angles_between(turns[name], self.fits[name].own) > self.allowed for name in leg.aimed], axis=0)
                for leg in self.legs
            ],
            axis=1,
        )

    def _faults(self, values: dict[str, Array], share: float = 1.0) -> Array:
        """Bool (T, legs): a foot slides or is off by more than `share` of its tolerance. values: bone -> (T, n)."""
        joints = self._joints(self._poses(values))
        wrong = np.linalg.norm(joints - self.wanted, axis=-1) > share * self.near
        more = np.linalg.norm(np.diff(joints - self.wanted, axis=0), axis=-1)
        slides = more > share * self.room
        wrong[1:] |= slides
        wrong[:-1] |= slides
        joints_of = np.cumsum([0] + [len(leg.joints) for leg in self.legs])
        return np.stack([wrong[:, a:b].any(axis=1) for a, b in pairwise(joints_of)], axis=1)

    def _room(self, height: Array) -> Array:
        """How much further each joint may move between frames than in the input, (T - 1, joints), metres.

        height: (T, joints) metres above the joint's lowest position. Infinite where the joint does not stand.
        """
        low = height < STILL_HEIGHT
        level: Array = self.wanted - (self.wanted @ self.up)[..., None] * self.up
        step = np.linalg.norm(np.diff(level, axis=0), axis=-1)
        return np.where((step < STILL) & low[1:] & low[:-1], SLIDE - step, np.inf)

    def _joints(self, poses: dict[str, Array]) -> Array:
        """Positions (T, n, 3) of the feet's joints, metres, armature space, leg by leg. poses: bone -> (T, 4, 4)."""
        names = [name for leg in self.legs for name in leg.joints]
        return np.stack([poses[name][:, :3, 3] for name in names], axis=1) / self.unit

    def _poses(self, values: dict[str, Array]) -> dict[str, Array]:
        return pose_bones(self.rig, *self._channels(values), [name for leg in self.legs for name in leg.all])

    def _channels(self, values: dict[str, Array]) -> tuple[dict[str, Array], dict[str, Array]]:
        """Split channels (T, n) of bones into rotations (T, 3, 3) and locations (T, 3), where they have one."""
        turns, places = {}, {}
        for name, channels in values.items():
            track = self.fits[name].track
            width = track.rotation.shape[1]
            turns[name] = rotation_matrices(channels[:, :width], track.mode)
            if track.location is not None:
                places[name] = channels[:, width:]
        return turns, places
