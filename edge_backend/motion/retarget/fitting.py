"""Measures a rig at rest: its axes, scale and floor, and the rotations from its rest pose to the model's T-pose."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from ...numerics.array import Array
from ...numerics.vectors import unit
from ..feet.meshes import FootMesh
from ..feet.rig import SMPL_RIG, SMPL_TOE_HEIGHT, Sole
from ..feet.turns import UP, about_z, swing
from ..skeleton import SMPL, Y_UP_TO_Z_UP, Joint
from .rig import Rig, unscaled
from .slots import HEAD, HIPS, JOINTS, SIDES, TRAVEL, slot_words

MODEL_LEG = float(np.mean([foot.thigh + foot.shin for foot in SMPL_RIG.feet]))  # metres
MODEL_ANKLE = float(np.mean([foot.ankle_height for foot in SMPL_RIG.feet]))
MODEL_HIPS = (SMPL.offsets[[Joint.LEFT_HIP, Joint.RIGHT_HIP]].mean(axis=0) @ Y_UP_TO_Z_UP.T).astype(np.float64)
"""From the model's pelvis to the midpoint of its hip joints (3,), metres, at rest, z up."""

_SNAP = np.cos(np.radians(25))  # a body within this angle of the armature's axes is taken to be aligned with them
# Toe joints and ankles are above the floor by at most these shares of leg length; otherwise the armature's origin is
# not on the floor.
_HIGHEST_TOES, _HIGHEST_ANKLE = 0.12, 0.25
_DOWN = np.cos(np.radians(60))  # the legs of a standing rest pose point down within this angle
_HANGS = 0.25  # share of leg length: hips nearer to the origin than this count as being there, as in BVH files
_LIES = np.cos(np.radians(45))  # the body of a rest pose that leans further than this lies
_SAME_SIZE = 1e-4
_POINT = 0.03  # share of leg length: shorter bones have no direction
_BALL = 0.16  # share of leg length: from the ankle forward to the toe joint, for rigs without toes
_BALL_OF_SOLE = 0.7  # the same at most, as a share of the way from the ankle to the end of the sole, if that is known
# A mesh's feet are taken for those that stand if the sole is so far below toe joints and ankles, metres of the model.
_UNDER_TOES, _UNDER_ANKLE = (-0.01, 0.13), (0.008, 0.3)
_LONGEST_SOLE = 0.86  # share of leg length, or of the distance of the feet where that is greater, as in round bodies
_LOW = 0.012  # metres of the model: what is so near to the lowest point belongs to the sole
_SHORTEST = 0.01  # metres of the model: the sole's least reach beyond a joint
# Share of leg length by which a sole may be below and above the armature's origin, and yet stand at its height.
_LOWEST_SOLE, _HIGHEST_SOLE = -0.05, 0.1


@dataclass(frozen=True)
class Fit:
    """A rig with its bone map, measured at rest.

    axes: (3, 3) the body's left, back and up as columns, in armature space. scale: armature units per metre of the
    model. floor: (3,) the point below the armature's origin on the floor on which the rig stands at rest, armature
    space. The model's space: metres of the model, z up, facing -y, the floor at z = 0.
    floor_offset: (3,) translation from that floor to the one on which the rig dances, armature space. It is 0 but for
    rigs whose hips are at the armature's origin at rest, as in BVH files, and for rest poses that lean or lie: these
    dance on a floor through the origin.
    growth: how many times larger than at rest the body is shown, because a bone above it has a pose with a scale.
    feet: side -> the mesh of a foot at rest, the model's space; empty where they are not known.
    """

    rig: Rig
    bones: Mapping[str, str]
    axes: Array
    scale: float
    floor: Array
    floor_offset: Array
    growth: float = 1.0
    feet: Mapping[str, FootMesh] = field(default_factory=dict)

    def to_model(self, points: Array) -> Array:
        """Points (..., 3) of the posed rig from armature space to the model's space."""
        return (points / self.growth - self.floor) @ self.axes / self.scale

    def to_armature(self, points: Array) -> Array:
        """Points (..., 3) from the model's space to armature space, where the posed rig has them."""
        return (points @ self.axes.T * self.scale + self.floor) * self.growth

    def at_rest(self, points: Array) -> Array:
        """Points (..., 3) of the rig at rest from armature space to the model's space."""
        return (points - self.floor) @ self.axes / self.scale

    def head(self, slot: str) -> Array:
        """The head (3,) of a slot's bone at rest, the model's space."""
        return self.at_rest(self.rig[self.bones[slot]].head)

    @cached_property
    def travel(self) -> str:
        """The bone whose location channels move the body: the slot `travel`, or else the hips.

        If the hips are connected to their parent, the nearest ancestor that is not.
        """
        if TRAVEL in self.bones:
            return self.bones[TRAVEL]
        hips = self.bones[HIPS]
        return next(name for name in (hips, *self.rig.ancestors(hips)) if not self.rig[name].connected)

    @cached_property
    def toe_height(self) -> float:
        """The toe joints' height above the sole, metres of the model: that of the lower foot at rest.

        Where one leg is shorter, its foot does not reach the floor at rest, but its sole is no thicker.
        """
        return float(min(self.toe_joint(side)[2] for side in SIDES))

    @cached_property
    def ankle_height(self) -> float:
        """The ankles' height above the sole, metres of the model, the mean of both feet."""
        if self.feet:
            return float(np.mean([self.head(f"foot.{side}")[2] - self._ground(side) for side in SIDES]))
        over_toes = [self.head(f"foot.{side}")[2] - self.toe_joint(side)[2] for side in SIDES]
        return self.toe_height + float(np.mean(over_toes))

    def toe_joint(self, side: str) -> Array:
        """The toe joint (3,) at rest, the model's space; estimated for rigs without toes."""
        if self.feet and self.feet[side].on_shin:
            return self.head(f"foot.{side}") + self._foot_heading(side) * _SHORTEST
        if f"toes.{side}" in self.bones:
            return self.head(f"toes.{side}")
        ankle, ahead, ground = self.head(f"foot.{side}"), self._foot_heading(side), self._ground(side)
        length = _BALL * MODEL_LEG
        if self.feet:
            reach = float(((self.feet[side].own_points - ankle) @ ahead).max())
            length = float(np.clip(_BALL_OF_SOLE * reach, _SHORTEST, length))
        ball = ankle + ahead * length
        ball[2] = ground + min(SMPL_TOE_HEIGHT, (ankle[2] - ground) / 2)
        return ball

    def _ground(self, side: str) -> float:
        """The height of a foot's lowest point at rest, the model's space: the floor's, if the mesh is not known."""
        return float(self.feet[side].own_points[:, 2].min()) if self.feet else 0.0

    @cached_property
    def soles(self) -> tuple[Sole, ...] | None:
        """The soles of both feet as their meshes have them; None if these are not known."""
        return tuple(self._sole(side) for side in SIDES) if self.feet else None

    def _sole(self, side: str) -> Sole:
        """The tip is the point that would touch the floor first if the toes pointed down by 45 degrees."""
        points, toe, ankle = self.feet[side].own_points, self.toe_joint(side), self.head(f"foot.{side}")
        if self.feet[side].on_shin:
            return Sole(float(toe[2] - self._ground(side)), _SHORTEST, (_SHORTEST, 0.0))
        forward = unit((toe - ankle) * [1, 1, 0])
        ahead, height = (points - toe) @ forward, points[:, 2] - self._ground(side)
        heel = -((points - ankle) @ forward)[height < _LOW].min()
        tip = np.argmax(ahead - height)
        reach = max(float(ahead[tip]), _SHORTEST)
        return Sole(float(toe[2] - self._ground(side)), max(float(heel), _SHORTEST), (reach, float(height[tip])))

    @cached_property
    def corrections(self) -> dict[str, Array]:
        """Slot -> rotation (3, 3) from the rig's rest pose to the model's T-pose, in the model's space.

        For limbs the smallest rotation after that of the limb above; for feet a rotation about the vertical alone, so
        that flat feet stay flat. The rest pose of torso, collars and head is taken to be the model's.
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
        """The slot's correction (3, 3), the identity for slots without one."""
        return self.corrections.get(slot, np.eye(3))

    def _correction(self, slot: str, next_slot: str, above: Array) -> Array:
        if slot not in self.bones:
            return above
        end = self.head(next_slot) if next_slot in self.bones else self._end(slot)
        offset = end - self.head(slot)
        if np.linalg.norm(offset) < _POINT * MODEL_LEG:
            return above
        here = above @ unit(offset)
        return swing(here, model_direction(JOINTS[next_slot])) @ above

    def _end(self, slot: str) -> Array:
        """The end (3,) of a slot's bone, the model's space: the mean of its children's heads, or its tail."""
        name = self.bones[slot]
        below = [bone.head for bone in self.rig.values() if bone.parent == name]
        return self.at_rest(np.mean(below, axis=0) if below else self.rig[name].tail)

    def _foot_correction(self, side: str) -> Array:
        if f"toes.{side}" not in self.bones:
            return np.eye(3)
        here = self.head(f"toes.{side}") - self.head(f"foot.{side}")
        there = model_direction(JOINTS[f"toes.{side}"])
        return about_z(np.arctan2(there[1], there[0]) - np.arctan2(here[1], here[0]))

    def _foot_heading(self, side: str) -> Array:
        """Heading (3,), unit, horizontal, of a foot without toes: along its bone if that points forward, else -y."""
        bone = self.rig[self.bones[f"foot.{side}"]]
        along = (self.at_rest(bone.tail) - self.at_rest(bone.head)) * [1, 1, 0]
        forward = np.array([0.0, -1.0, 0.0])
        return unit(along) if unit(along) @ forward > np.cos(np.radians(45)) else forward


def fit(rig: Rig, bones: Mapping[str, str], up: Array | None = None, feet: Mapping[str, FootMesh] | None = None) -> Fit:
    """Measure a rig at rest. bones: slot -> bone, with every slot of slots.REQUIRED and only bones of the rig.

    up: (3,) the world's vertical in armature space. A rest pose that leans both from it and from the armature's axes,
    as a pose of a jump does, or that lies in an armature that stands, as after an import with another up axis, is
    measured as if it stood upright. None: the body's own up is taken to be the vertical. Bones from the hips down are
    measured as large as the scales of their poses make them, with the soles where they are at rest. feet: side ->
    the mesh of a foot at rest, armature space; they are left out where they cannot be those of soles.
    Raises ValueError if that is not possible: legs of length 0, hips of width 0, or a rest pose that does not stand.
    """
    axes, given = body_axes(rig, bones), rig
    straight = None if up is None else _straightened(axes, up)
    if straight is not None:
        rig, axes = _turned(rig, straight @ axes.T, rig[bones[HIPS]].head), straight
    heads = {slot: rig[bone].head @ axes for slot, bone in bones.items()}
    _require_standing(heads)
    leg = float(np.mean([_leg_length(heads, side) for side in SIDES]))
    carried = _carried_feet(given, rig, bones, feet or {})
    if not _are_feet(carried, heads, axes, leg):
        carried, feet = {}, {}
    lowest = min((float((foot.own_points @ axes[:, 2]).min()) for foot in carried.values()), default=None)
    floor = axes[:, 2] * _floor_height(heads, leg, lowest)
    if _scaled(rig, bones):
        rig = _grown(rig, bones, floor, axes[:, 2])
        heads = {slot: rig[bone].head @ axes for slot, bone in bones.items()}
        leg = float(np.mean([_leg_length(heads, side) for side in SIDES]))
        carried = _carried_feet(given, rig, bones, feet or {})
    at_origin = straight is not None or abs(heads[HIPS][2]) < _HANGS * leg
    growth, scale = _growth(rig, bones[HIPS]), leg / MODEL_LEG
    shown = {side: foot.at((foot.points - floor) @ axes / scale) for side, foot in carried.items()}
    return Fit(rig, bones, axes, scale, floor, -floor * growth if at_origin else np.zeros(3), growth, shown)


def _carried_feet(given: Rig, rig: Rig, bones: Mapping[str, str], feet: Mapping[str, FootMesh]) -> dict[str, FootMesh]:
    """Meshes of feet where they are in the measured rig: they go with the foot's bone. given: the rig before that."""
    carried = {}
    for side, foot in feet.items():
        name = bones[f"foot.{side}"]
        old, new = given[name], rig[name]
        size = np.linalg.norm(new.tail - new.head) / max(float(np.linalg.norm(old.tail - old.head)), 1e-12)
        own = (foot.points - old.rest[:3, 3]) @ unscaled(old.rest[:3, :3])
        carried[side] = foot.at(new.head + size * own @ new.axes.T)
    return carried


def _are_feet(feet: Mapping[str, FootMesh], heads: Mapping[str, Array], axes: Array, leg: float) -> bool:
    """Whether meshes of both feet, armature space, have their lowest one where a sole can be. heads: along the axes."""
    if set(feet) != set(SIDES):
        return False
    metre, apart = leg / MODEL_LEG, float(np.linalg.norm(heads["foot.L"] - heads["foot.R"]))
    for side in SIDES:
        points = feet[side].own_points @ axes
        lowest = points[:, 2].min()
        above = {"foot": _UNDER_ANKLE, "toes": _UNDER_TOES}
        for part, (least, most) in above.items():
            slot = f"{part}.{side}"
            if slot in heads and not least * metre < heads[slot][2] - lowest < most * metre:
                return False
        if float(np.ptp(points[:, 1])) > _LONGEST_SOLE * max(leg, apart):
            return False
    return True


def _growth(rig: Rig, hips: str) -> float:
    """The product of the scales of the poses of the hips' ancestors, such as glTF importers leave on a root bone."""
    growth = float(np.prod([rig[name].size for name in rig.ancestors(hips)]))
    return growth if abs(growth - 1) > _SAME_SIZE else 1.0


def _scaled(rig: Rig, bones: Mapping[str, str]) -> bool:
    """Whether the pose of a bone of the body, or of one between them, has a scale."""
    body = set(rig.with_ancestors(bones.values())).difference(rig.ancestors(bones[HIPS]))
    return any(abs(rig[name].size - 1) > _SAME_SIZE for name in body)


def _grown(rig: Rig, bones: Mapping[str, str], floor: Array, up: Array) -> Rig:
    """The rig with stances in which bones are as large as the scales of their poses make them.

    The scales of the hips' ancestors are not applied (see `Fit.growth`). floor, up: (3,), armature space. The body is
    translated along `up` so that its ankles are as high as their feet's size makes them, and soles where they were.
    """
    above = set(rig.ancestors(bones[HIPS]))
    heads: dict[str, Array] = {}
    sizes: dict[str, float] = {}
    for name, bone in rig.items():
        heads[name], sizes[name] = bone.head, 1.0
        if bone.parent is not None:
            sizes[name] = sizes[bone.parent]
            heads[name] = heads[bone.parent] + sizes[name] * (bone.head - rig[bone.parent].head)
        sizes[name] *= 1.0 if name in above else bone.size
    feet = [bones[f"foot.{side}"] for side in SIDES]
    lift = up * np.mean([((rig[foot].head - floor) * sizes[foot] - (heads[foot] - floor)) @ up for foot in feet])
    grown = []
    for name, bone in rig.items():
        stance = bone.standing.copy()
        stance[:3, 3] = heads[name] + lift
        grown.append(replace(bone, stance=stance, tail=stance[:3, 3] + sizes[name] * (bone.tail - bone.head)))
    return Rig(grown)


def body_axes(rig: Rig, bones: Mapping[str, str]) -> Array:
    """The body's left, back and up (3, 3) as columns, in armature space, snapped to the armature's axes if near them.

    Raises ValueError if the hips have no width or the body has no height.
    """
    heads = {slot: rig[bone].head for slot, bone in bones.items()}
    hips = (heads["thigh.L"] + heads["thigh.R"]) / 2
    top = heads[HEAD] if HEAD in heads else (heads["upper_arm.L"] + heads["upper_arm.R"]) / 2
    left = heads["thigh.L"] - heads["thigh.R"]
    up = top - hips - _project(top - hips, left)
    if np.linalg.norm(left) < 1e-9 or np.linalg.norm(up) < 1e-9:
        raise ValueError("the hips have no width, or the body no height")
    left, up = unit(left), unit(up)
    axes = np.stack([left, np.cross(up, left), up], axis=1)
    snapped = _nearest_axes(axes)
    near = snapped is not None and bool(np.all(np.sum(axes * snapped, axis=0) > _SNAP))
    return snapped if near and snapped is not None else axes


def _nearest_axes(axes: Array) -> Array | None:
    """The armature's axes (3, 3) that are nearest to a body's, as columns; None if they are no rotation."""
    nearest = np.zeros((3, 3))
    for column in range(3):
        row = int(np.argmax(np.abs(axes[:, column])))
        nearest[row, column] = np.sign(axes[row, column])
    return nearest if np.isclose(np.linalg.det(nearest), 1) else None


def _straightened(axes: Array, up: Array) -> Array | None:
    """The axes (3, 3) that a body that leans has when it is turned upright; None for a body that stands.

    axes, up: (3, 3) the body's and (3,) the world's vertical, armature space. A body that leans from the armature's
    axes is turned to the nearest of these. One that lies in an armature whose z is up is turned by the smallest
    rotation; it lies in the armature alone, so its object is not what lies.
    """
    vertical = unit(up)
    if axes[:, 2] @ vertical >= _SNAP:
        return None
    if vertical[2] >= _SNAP and axes[2, 2] < _LIES:
        upright = swing(axes[:, 2], UP) @ axes
        nearest = _nearest_axes(upright)
        return upright if nearest is None else nearest
    nearest = _nearest_axes(axes)
    return None if nearest is None or np.array_equal(nearest, axes) else nearest


def _turned(rig: Rig, turn: Array, about: Array) -> Rig:
    """The rig with a stance that is its own one turned by `turn` (3, 3) about a point (3,), armature space."""
    whole = np.eye(4)
    whole[:3, :3], whole[:3, 3] = turn, about - turn @ about
    return Rig(
        replace(bone, stance=whole @ bone.standing, tail=whole[:3, :3] @ bone.tail + whole[:3, 3])
        for bone in rig.values()
    )


def model_direction(joint: Joint) -> Array:
    """Direction (3,), unit, z up, from its parent to a joint of the model in T-pose."""
    return unit(Y_UP_TO_Z_UP @ SMPL.offsets[joint].astype(np.float64))


def _require_standing(heads: Mapping[str, Array]) -> None:
    for side in SIDES:
        for slot, next_slot in ((f"thigh.{side}", f"shin.{side}"), (f"shin.{side}", f"foot.{side}")):
            offset = heads[next_slot] - heads[slot]
            if np.linalg.norm(offset) > 1e-9 and -unit(offset)[2] < _DOWN:
                raise ValueError(f"the {slot_words(slot)} does not point down")


def _leg_length(heads: Mapping[str, Array], side: str) -> float:
    thigh, shin, foot = (heads[f"{part}.{side}"] for part in ("thigh", "shin", "foot"))
    upper, lower = np.linalg.norm(shin - thigh), np.linalg.norm(foot - shin)
    if min(upper, lower) < 1e-9:
        raise ValueError(f"the leg on side {side} has no length")
    return float(upper + lower)


def _floor_height(heads: Mapping[str, Array], leg: float, sole: float | None) -> float:
    """Height of the floor along the body's up axis, armature units: 0 if the feet can stand at the origin's height.

    sole: the height of the lowest point of the feet's meshes, if that is known.
    """
    if sole is not None:
        return 0.0 if _LOWEST_SOLE * leg < sole < _HIGHEST_SOLE * leg else sole
    ankle = min(heads[f"foot.{side}"][2] for side in SIDES)
    if all(f"toes.{side}" in heads for side in SIDES):
        toes = min(heads[f"toes.{side}"][2] for side in SIDES)
        return 0.0 if 0 <= toes < _HIGHEST_TOES * leg else float(toes - SMPL_TOE_HEIGHT / MODEL_LEG * leg)
    return 0.0 if 0 < ankle < _HIGHEST_ANKLE * leg else float(ankle - MODEL_ANKLE / MODEL_LEG * leg)


def _project(vector: Array, onto: Array) -> Array:
    return onto * (vector @ onto) / np.maximum(onto @ onto, 1e-18)
