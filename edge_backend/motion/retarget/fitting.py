"""How a rig stands at rest: which way it faces, how large it is, where its floor is, and how its limbs differ from the
model's T-pose."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...numerics.array import Array
from ..feet.rig import SMPL_RIG, SMPL_TOE_HEIGHT
from ..feet.turns import about_z, swing
from ..skeleton import SMPL, Y_UP_TO_Z_UP, Joint
from .bone_map import slot_words
from .rig import Rig
from .slots import HEAD, HIPS, JOINTS, SIDES, TRAVEL

MODEL_LEG = float(np.mean([foot.thigh + foot.shin for foot in SMPL_RIG.feet]))  # metres
MODEL_ANKLE = float(np.mean([foot.ankle_height for foot in SMPL_RIG.feet]))
MODEL_HIPS = (SMPL.offsets[[Joint.LEFT_HIP, Joint.RIGHT_HIP]].mean(axis=0) @ Y_UP_TO_Z_UP.T).astype(np.float64)
"""From the model's pelvis to the middle between its hip joints, at rest, z up."""

_SNAP = np.cos(np.radians(25))  # a body this near to the armature's axes stands along them
# Toe joints lie between the floor and this share of the leg above it; ankles higher. Otherwise the armature's origin is
# not on the floor.
_HIGHEST_TOES, _HIGHEST_ANKLE = 0.12, 0.25
_DOWN = np.cos(np.radians(60))  # legs of a rest pose that stands point down better than this
_HANGS = 0.25  # of the leg: hips as near as this to the origin are where BVH files put them
_BALL = 0.16  # of the leg: from the ankle forward to where toes would begin


@dataclass(frozen=True)
class Fit:
    """A rig with its bone map, measured at rest.

    axes: (3, 3) the body's left, back and up as columns, in armature space. scale: armature units per metre of the
    model. floor: (3,) the point of the floor below the armature's origin, on which the rig stands at rest, armature
    space. What is in the model's space is metres of the model, z up, facing -y, the floor at 0.
    stage: (3,) from that floor to the one on which the rig dances, armature space. They are the same but for rigs that
    hang from their origin by the hips, as BVH files have them: their motion is told from the origin on.
    """

    rig: Rig
    bones: Mapping[str, str]
    axes: Array
    scale: float
    floor: Array
    stage: Array

    def to_model(self, points: Array) -> Array:
        """Points (..., 3) from armature space to the model's space."""
        return (points - self.floor) @ self.axes / self.scale

    def to_armature(self, points: Array) -> Array:
        """Points (..., 3) from the model's space to armature space."""
        return points @ self.axes.T * self.scale + self.floor

    def head(self, slot: str) -> Array:
        """Where a slot's bone begins at rest (3,), the model's space."""
        return self.to_model(self.rig[self.bones[slot]].head)

    @cached_property
    def travel(self) -> str:
        """The bone that carries the body through space.

        The map's own; else the hips, or the nearest bone above them that can be moved.
        """
        if TRAVEL in self.bones:
            return self.bones[TRAVEL]
        hips = self.bones[HIPS]
        return next(name for name in (hips, *self.rig.ancestors(hips)) if not self.rig[name].connected)

    @cached_property
    def ankle_height(self) -> float:
        """The ankles above the floor, metres of the model."""
        return float(np.mean([self.head(f"foot.{side}")[2] for side in SIDES]))

    def toe_joint(self, side: str) -> Array:
        """The toe joint at rest (3,), the model's space; for rigs without toes the place where it would be."""
        if f"toes.{side}" in self.bones:
            return self.head(f"toes.{side}")
        ankle = self.head(f"foot.{side}")
        ball = ankle + self._foot_heading(side) * _BALL * MODEL_LEG
        ball[2] = min(SMPL_TOE_HEIGHT, ankle[2] / 2)
        return ball

    @cached_property
    def corrections(self) -> dict[str, Array]:
        """By slot, the turn (3, 3) from the rig's rest pose to the model's T-pose, in the model's space.

        Limbs turn the smallest way on top of the limb above them; feet turn about the vertical alone, so that flat feet
        stay flat. The torso, the collars and the head are taken to stand as the model's do.
        """
        turns: dict[str, Array] = {}
        for side in SIDES:
            for upper, lower, end in (("upper_arm", "forearm", "hand"), ("thigh", "shin", "foot")):
                above = np.eye(3)
                for slot, next_slot in ((upper, lower), (lower, end)):
                    above = self._correction(f"{slot}.{side}", f"{next_slot}.{side}", above)
                    turns[f"{slot}.{side}"] = above
            turns[f"upper_arm_twist.{side}"] = turns[f"upper_arm.{side}"]
            turns[f"hand.{side}"] = turns[f"forearm_twist.{side}"] = turns[f"forearm.{side}"]
            turns[f"foot.{side}"] = turns[f"toes.{side}"] = self._foot_correction(side)
        return turns

    def correction(self, slot: str) -> Array:
        """The slot's correction (3, 3), no turn for slots that need none."""
        return self.corrections.get(slot, np.eye(3))

    def _correction(self, slot: str, next_slot: str, above: Array) -> Array:
        if slot not in self.bones or next_slot not in self.bones:
            return above
        here = above @ _unit(self.head(next_slot) - self.head(slot))
        return swing(here, model_direction(JOINTS[next_slot])) @ above

    def _foot_correction(self, side: str) -> Array:
        if f"toes.{side}" not in self.bones:
            return np.eye(3)
        here = self.head(f"toes.{side}") - self.head(f"foot.{side}")
        there = model_direction(JOINTS[f"toes.{side}"])
        return about_z(np.arctan2(there[1], there[0]) - np.arctan2(here[1], here[0]))

    def _foot_heading(self, side: str) -> Array:
        """Where a foot without toes points (3,), level: along its bone if that points forward, else straight on."""
        bone = self.rig[self.bones[f"foot.{side}"]]
        along = (self.to_model(bone.tail) - self.to_model(bone.head)) * [1, 1, 0]
        forward = np.array([0.0, -1.0, 0.0])
        return _unit(along) if _unit(along) @ forward > np.cos(np.radians(45)) else forward


def fit(rig: Rig, bones: Mapping[str, str]) -> Fit:
    """Measure a rig at rest. bones: slot -> bone, with every slot of slots.REQUIRED and only bones of the rig.

    Raises ValueError if nothing can be said: legs have no length, hips no width, or the rest pose does not stand.
    """
    axes = body_axes(rig, bones)
    heads = {slot: rig[bone].head @ axes for slot, bone in bones.items()}
    _require_standing(heads)
    leg = float(np.mean([_leg_length(heads, side) for side in SIDES]))
    floor = axes[:, 2] * _floor_height(heads, leg)
    hangs = abs(heads[HIPS][2]) < _HANGS * leg
    return Fit(rig, bones, axes, leg / MODEL_LEG, floor, -floor if hangs else np.zeros(3))


def body_axes(rig: Rig, bones: Mapping[str, str]) -> Array:
    """The body's left, back and up (3, 3) as columns, in armature space: along the armature's axes if they are near."""
    heads = {slot: rig[bone].head for slot, bone in bones.items()}
    hips = (heads["thigh.L"] + heads["thigh.R"]) / 2
    top = heads[HEAD] if HEAD in heads else (heads["upper_arm.L"] + heads["upper_arm.R"]) / 2
    left = heads["thigh.L"] - heads["thigh.R"]
    up = top - hips - _project(top - hips, left)
    if np.linalg.norm(left) < 1e-9 or np.linalg.norm(up) < 1e-9:
        raise ValueError("the hips have no width, or the body no height")
    left, up = _unit(left), _unit(up)
    axes = np.stack([left, np.cross(up, left), up], axis=1)
    snapped = np.zeros((3, 3))
    for column in range(3):
        row = int(np.argmax(np.abs(axes[:, column])))
        snapped[row, column] = np.sign(axes[row, column])
    near = bool(np.all(np.sum(axes * snapped, axis=0) > _SNAP))
    return snapped if near and np.isclose(np.linalg.det(snapped), 1) else axes


def model_direction(joint: Joint) -> Array:
    """From its parent to a joint of the model in T-pose (3,): unit, z up."""
    return _unit(Y_UP_TO_Z_UP @ SMPL.offsets[joint].astype(np.float64))


def _require_standing(heads: Mapping[str, Array]) -> None:
    for side in SIDES:
        for slot, next_slot in ((f"thigh.{side}", f"shin.{side}"), (f"shin.{side}", f"foot.{side}")):
            way = heads[next_slot] - heads[slot]
            if np.linalg.norm(way) > 1e-9 and -_unit(way)[2] < _DOWN:
                raise ValueError(f"the {slot_words(slot)} does not point down")


def _leg_length(heads: Mapping[str, Array], side: str) -> float:
    thigh, shin, foot = (heads[f"{part}.{side}"] for part in ("thigh", "shin", "foot"))
    upper, lower = np.linalg.norm(shin - thigh), np.linalg.norm(foot - shin)
    if min(upper, lower) < 1e-9:
        raise ValueError(f"the leg on side {side} has no length")
    return float(upper + lower)


def _floor_height(heads: Mapping[str, Array], leg: float) -> float:
    """The floor along the body's up: through the armature's origin if the feet can stand there."""
    ankle = min(heads[f"foot.{side}"][2] for side in SIDES)
    if all(f"toes.{side}" in heads for side in SIDES):
        toes = min(heads[f"toes.{side}"][2] for side in SIDES)
        return 0.0 if 0 <= toes < _HIGHEST_TOES * leg else float(toes - SMPL_TOE_HEIGHT / MODEL_LEG * leg)
    return 0.0 if 0 < ankle < _HIGHEST_ANKLE * leg else float(ankle - MODEL_ANKLE / MODEL_LEG * leg)


def _project(vector: Array, onto: Array) -> Array:
    return onto * (vector @ onto) / np.maximum(onto @ onto, 1e-18)


def _unit(vector: Array) -> Array:
    return vector / np.maximum(np.linalg.norm(vector), 1e-12)
