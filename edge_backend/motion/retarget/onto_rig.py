"""Computes the channels of a rig's bones for a motion."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass

import numpy as np

from ...numerics.array import Array
from ..feet import FootRig, FootSettings, Leg, settle_in_steps
from ..feet.meshes import PosedMesh, put_down_in_steps
from ..feet.turns import inverse
from ..kinematics import global_rotations, joint_positions
from ..motion import Motion
from ..rotations import axis_angle_to_matrix, matrix_to_quaternion, quaternion_to_matrix, slerp
from ..skeleton import SMPL, Y_UP_TO_Z_UP, Joint, Skeleton
from ..steps import at_once, part
from .contacts import standing_feet
from .families import IkLegs
from .fitting import MODEL_ANKLE, Fit, model_direction
from .ik_legs import LegPose, control_places, replaced_bones
from .rig import Posed, location_axes, turn_bones
from .slots import (
    HIPS,
    JOINTS,
    SIDES,
    TRAVEL,
    Share,
    neck_shares,
    neck_slots,
    spine_shares,
    spine_slots,
)

_LEG_PARTS = ("thigh", "shin", "foot", "toes")
_LEG_SKELETON = Skeleton(
    names=("hips", *(f"{part}.{side}" for side in SIDES for part in _LEG_PARTS)),
    parents=(-1, 0, 1, 2, 3, 0, 5, 6, 7),
    offsets=np.zeros((9, 3)),
)
_LEGS = (Leg(1, 2, 3, 4), Leg(5, 6, 7, 8))
_STRETCH = 900  # frames that are computed in one step, where frames do not depend on each other


@dataclass(frozen=True)
class BonePose:
    """A bone's channels over T frames, relative to rest and in its own axes.

    rotations: (T, 3, 3). location: (T, 3) armature units, None for bones that only rotate.
    """

    bone: str
    rotations: Array
    location: Array | None = None


@dataclass(frozen=True)
class _Body:
    """The motion in the rig's proportions, the model's space.

    turns: slot -> (T, 3, 3) rotation from the rig's rest pose. hips: (T, 3) metres, midpoint of the hip joints.
    """

    turns: dict[str, Array]
    hips: Array


def pose_rig(
    fit: Fit,
    motion: Motion,
    feet: FootSettings | None = None,
    travel_turns: bool = True,
    ik_legs: IkLegs | None = None,
) -> list[BonePose]:
    """Run `pose_rig_in_steps` to its end; arguments and result are the same."""
    return at_once(pose_rig_in_steps(fit, motion, feet, travel_turns, ik_legs))


def pose_rig_in_steps(
    fit: Fit,
    motion: Motion,
    feet: FootSettings | None = None,
    travel_turns: bool = True,
    ik_legs: IkLegs | None = None,
) -> Generator[float, None, list[BonePose]]:
    """The channels of the rig's bones for a motion, parents before their children. Yields the fraction that is done.

    Limbs have the directions of the model's; the path of the hips is the model's, scaled by leg length. feet: settings
    of the foot cleanup in the rig's proportions, None for no cleanup. travel_turns: whether the bone of the slot
    `travel` rotates with the hips; otherwise it is only translated. ik_legs: controls that get the legs' channels
    instead of the legs' own bones.
    """
    body = yield from part(_carry_over_in_steps(fit, motion), 0.0, 0.1)
    standing = np.zeros((motion.frames, 4))
    yield 0.1
    if feet is not None:
        standing = standing_feet(motion)
        yield 0.5
        body = yield from part(_clean_feet(fit, body, standing, feet), 0.5, 0.9)
        yield 0.9
    turned, hips = _turned_bones(fit, body, travel_turns), body.hips
    del body  # of a long dance, large
    parts = [f"{part}.{side}" for part in ("thigh", "shin", "foot") for side in SIDES]
    posed = turn_bones(fit.rig, turned, motion.frames, {fit.travel, *(fit.bones[slot] for slot in parts)})
    shift = _body_shift(fit, posed, hips)
    locations = {fit.travel: _location(fit, posed, fit.travel, shift)}
    if ik_legs is None:
        locations |= _loose_feet(fit, posed, turned, shift)
        return [BonePose(name, turn, locations.get(name)) for name, turn in posed.turns.items()]
    controls: dict[str, tuple[Array, Array | None]] = {}
    for side, leg in ik_legs.legs.items():
        pose = _leg_pose(fit, posed, turned, shift, side)
        controls |= control_places(fit, side, leg, pose, _whole_sole(standing, side))
    posed = turn_bones(fit.rig, turned | {name: axes for name, (axes, _) in controls.items()}, motion.frames, controls)
    locations |= {
        name: _location(fit, posed, name, place - posed.space[name][:, :3, 3] - _carried(fit, name, shift))
        for name, (_, place) in controls.items()
        if place is not None
    }
    own = replaced_bones(fit.bones, ik_legs)
    return [BonePose(name, turn, locations.get(name)) for name, turn in posed.turns.items() if name not in own]


def _turned_bones(fit: Fit, body: _Body, travel_turns: bool) -> dict[str, Array]:
    """Bone -> its axes (T, 3, 3) in the dance, armature space. travel_turns: as in `pose_rig_in_steps`."""
    turned = {fit.bones[slot]: _bone_axes(fit, fit.bones[slot], turn) for slot, turn in body.turns.items()}
    if TRAVEL in fit.bones and travel_turns:
        turned[fit.travel] = _bone_axes(fit, fit.travel, body.turns[HIPS])
    turned.setdefault(fit.travel, np.broadcast_to(fit.rig[fit.travel].axes, (len(body.hips), 3, 3)))
    return turned


def _bone_axes(fit: Fit, bone: str, turn: Array) -> Array:
    """Axes (T, 3, 3) in armature space of a bone rotated from rest by `turn` (T, 3, 3) in the model's space."""
    return fit.axes @ turn @ fit.axes.T @ fit.rig[bone].axes


def _carry_over_in_steps(fit: Fit, motion: Motion) -> Generator[float, None, _Body]:
    """The motion in the rig's proportions, computed in stretches."""
    bodies = []
    for first in range(0, max(motion.frames, 1), _STRETCH):
        bodies.append(_carry_over(fit, motion.part(slice(first, first + _STRETCH))))
        yield first / max(motion.frames, 1)
    turns = {slot: np.concatenate([body.turns.pop(slot) for body in bodies]) for slot in list(bodies[0].turns)}
    return _Body(turns, np.concatenate([body.hips for body in bodies]))


def _carry_over(fit: Fit, motion: Motion) -> _Body:
    turned = global_rotations(motion.rotations.astype(np.float64))
    model = (turned.reshape(-1, 3) @ Y_UP_TO_Z_UP.T.astype(np.float64)).reshape(turned.shape)  # one product, faster
    turns = {slot: model[:, joint] @ fit.correction(slot) for slot, joint in JOINTS.items() if slot in fit.bones}
    spine, neck = spine_slots(fit.bones), neck_slots(fit.bones)
    shares = zip([*spine, *neck], [*spine_shares(len(spine)), *neck_shares(len(neck))], strict=True)
    turns |= {slot: _shared(model, share) for slot, share in shares}
    for side in SIDES:
        turns |= _twists(fit, model, side)
    joints = joint_positions(turned, motion.root.astype(np.float64))
    hips = joints[:, [Joint.LEFT_HIP, Joint.RIGHT_HIP]].mean(axis=1)
    hips[:, 2] += fit.ankle_height - MODEL_ANKLE
    return _Body(turns, hips)


def _shared(model: Array, share: Share) -> Array:
    if share.weight == 1:
        return model[:, share.second]
    first, second = (matrix_to_quaternion(model[:, joint]) for joint in (share.first, share.second))
    return quaternion_to_matrix(slerp(first, second, np.full(len(model), share.weight)))


def _twists(fit: Fit, model: Array, side: str) -> dict[str, Array]:
    """Slot -> rotation (T, 3, 3) for twist bones, and for limb bones whose twist they take.

    model: (T, 24, 3, 3) rotations of the model's joints from its T-pose. A twist bone within the chain of the limb
    (Daz, MMD) gets the limb's whole twist, and the limb only the swing. A twist bone beside the chain (Unreal) gets a
    share of the hand's twist, by its position between elbow and wrist.
    """
    turns: dict[str, Array] = {}
    for limb, end in (("upper_arm", "forearm"), ("forearm", "hand")):
        slot, twist_slot, end_slot = f"{limb}.{side}", f"{limb}_twist.{side}", f"{end}.{side}"
        if twist_slot not in fit.bones or end_slot not in fit.bones:
            continue
        joint, end_joint = JOINTS[slot], JOINTS[end_slot]
        axis, correction = model_direction(end_joint), fit.correction(slot)
        if fit.bones[twist_slot] in fit.rig.ancestors(fit.bones[end_slot]):
            above = model[:, SMPL.parents[joint]]
            bend, _ = swing_twist(inverse(above) @ model[:, joint], axis)
            turns |= {slot: above @ bend @ correction, twist_slot: model[:, joint] @ correction}
        elif limb == "forearm":
            _, twist = swing_twist(inverse(model[:, joint]) @ model[:, end_joint], axis)
            elbow, wrist = fit.head(slot), fit.head(end_slot)
            share = np.clip((fit.head(twist_slot) - elbow) @ (wrist - elbow) / np.sum((wrist - elbow) ** 2), 0.25, 1)
            still = np.broadcast_to((1.0, 0.0, 0.0, 0.0), (len(model), 4))
            part_twist = quaternion_to_matrix(slerp(still, matrix_to_quaternion(twist), np.full(len(model), share)))
            turns[twist_slot] = model[:, joint] @ part_twist @ correction
    return turns


def swing_twist(turn: Array, axis: Array) -> tuple[Array, Array]:
    """Split rotations (..., 3, 3) into swing @ twist: twist about axis (3,), unit, swing about one perpendicular to it.

    Returns swing and twist, each (..., 3, 3).
    """
    quaternion = matrix_to_quaternion(turn)
    along = quaternion[..., 1:] @ axis
    twist = np.concatenate([quaternion[..., :1], along[..., None] * axis], axis=-1)
    # Where the swing is half a turn, the twist is undefined; it is set to the identity.
    lost = np.linalg.norm(twist, axis=-1, keepdims=True) < 1e-9
    twist = quaternion_to_matrix(np.where(lost, (1.0, 0.0, 0.0, 0.0), twist))
    return turn @ inverse(twist), twist


def _clean_feet(fit: Fit, body: _Body, contacts: Array, settings: FootSettings) -> Generator[float, None, _Body]:
    rig = leg_rig(fit)
    frames = len(body.hips)
    slots = [HIPS, *(f"{part}.{side}" for side in SIDES for part in _LEG_PARTS)]
    # A foot without toes gets a leaf joint that rotates with it.
    turns = np.stack([body.turns.get(slot, body.turns[slot.replace("toes", "foot")]) for slot in slots], axis=1)
    above = np.concatenate([np.tile(np.eye(3), (frames, 1, 1, 1)), turns[:, list(rig.skeleton.parents[1:])]], axis=1)
    local = inverse(above) @ turns
    cleaned = yield from part(settle_in_steps(local, body.hips, contacts, settings, rig=rig), 0, 0.9)
    world, hips = global_rotations(cleaned.rotations, rig.skeleton), cleaned.root
    joints = joint_positions(world, hips, rig.skeleton)
    for side, leg, foot in zip(SIDES, rig.legs, rig.feet, strict=True):
        if f"toes.{side}" not in fit.bones:
            height = joints[:, leg.ankle, 2] - settings.floor
            tipped = _tip_up(world[:, leg.ankle], foot.to_toe + foot.tip, height)
            world[:, leg.ankle], world[:, leg.toe] = tipped, tipped
    if fit.feet and settings.enabled:
        joints = joint_positions(world, hips, rig.skeleton)
        down = put_down_in_steps(world, joints, cleaned.planted, rig, posed_meshes(fit, rig), settings)
        world, drop = yield from part(down, 0.9, 1)
        hips = hips - drop[:, None] * [0, 0, 1]
    legs = {slot: world[:, number] for number, slot in enumerate(slots) if slot != HIPS and slot in body.turns}
    return _Body(body.turns | legs, hips)


def posed_meshes(fit: Fit, rig: FootRig) -> list[PosedMesh]:
    """The meshes of both feet on the rig of `leg_rig`."""
    heads = leg_joints(fit)
    return [PosedMesh(fit.feet[side], leg, heads) for side, leg in zip(SIDES, rig.legs, strict=True)]


def _tip_up(turns: Array, tip: Array, heights: Array) -> Array:
    """Rotations (T, 3, 3) of a foot without toes, pitched so that its tip is not below the floor.

    tip: (3,) metres from the ankle, in the foot's own axes. heights: (T,) metres, the ankle above the floor.
    """
    shift = turns @ tip
    length = np.linalg.norm(tip)
    here, lowest = np.arcsin(shift[:, 2] / length), np.arcsin(np.clip(-heights / length, -1, 1))
    axis = np.cross(shift, [0.0, 0.0, 1.0])
    axis /= np.maximum(np.linalg.norm(axis, axis=1, keepdims=True), 1e-9)
    return axis_angle_to_matrix(np.maximum(lowest - here, 0)[:, None] * axis) @ turns


def leg_rig(fit: Fit) -> FootRig:
    """The rig's hips and legs for the foot cleanup, in the model's space.

    Joint 0 is the midpoint of the hip joints. The stance is the rest pose, in which all joints have the space's axes.
    """
    heads = leg_joints(fit)
    parents = _LEG_SKELETON.parents
    offsets = heads - np.concatenate([heads[:1], heads[list(parents[1:])]])
    skeleton = Skeleton(_LEG_SKELETON.names, parents, offsets)
    return FootRig(skeleton, _LEGS, np.tile(np.eye(3), (len(skeleton), 1, 1)), fit.toe_height, fit.soles)


def leg_joints(fit: Fit) -> Array:
    """The joints (9, 3) of `leg_rig` at rest, the model's space."""
    joints = []
    for side in SIDES:
        joints += [fit.head(f"{part}.{side}") for part in _LEG_PARTS[:3]] + [fit.toe_joint(side)]
    return np.stack([(joints[0] + joints[4]) / 2, *joints])


def _body_shift(fit: Fit, posed: Posed, hips: Array) -> Array:
    """Translation (T, 3), armature space, that moves the hip joints' midpoint to `hips` (T, 3), the model's space."""
    now = np.mean([posed.space[fit.bones[f"thigh.{side}"]][:, :3, 3] for side in SIDES], axis=0)
    return fit.to_armature(hips) + fit.floor_offset - now


def _loose_feet(fit: Fit, posed: Posed, turned: Mapping[str, Array], shift: Array) -> dict[str, Array]:
    """Location channels (T, 3) that put feet which are no descendants of their shins at the ends of these."""
    found = {}
    for side in SIDES:
        shin, foot = fit.bones[f"shin.{side}"], fit.bones[f"foot.{side}"]
        if shin in fit.rig.ancestors(foot) or fit.rig[foot].connected:
            continue
        ankle = fit.rig[shin].axes.T @ (fit.rig[foot].head - fit.rig[shin].head)
        there = posed.space[shin][:, :3, 3] + shift + turned[shin] @ ankle * fit.growth
        found[foot] = _location(fit, posed, foot, there - posed.space[foot][:, :3, 3] - _carried(fit, foot, shift))
    return found


def _carried(fit: Fit, bone: str, shift: Array) -> Array:
    """The part (T, 3) of the body's translation `shift` (T, 3) that a bone inherits: all of it, or none."""
    return shift if fit.travel in fit.rig.ancestors(bone) else np.zeros_like(shift)


def _leg_pose(fit: Fit, posed: Posed, turned: Mapping[str, Array], shift: Array, side: str) -> LegPose:
    """The pose of a leg in the dance, armature space.

    posed: the rig without the body's translation `shift` (T, 3). turned: bone -> its axes (T, 3, 3).
    """
    thigh, shin, foot = (fit.bones[f"{part}.{side}"] for part in _LEG_PARTS[:3])
    turns = {bone: turned[bone] @ fit.rig[bone].axes.T for bone in (thigh, shin, foot)}
    hip = posed.space[thigh][:, :3, 3] + shift
    knee = hip + turns[thigh] @ (fit.rig[shin].head - fit.rig[thigh].head) * fit.growth
    ankle = knee + turns[shin] @ (fit.rig[foot].head - fit.rig[shin].head) * fit.growth
    toes = fit.bones.get(f"toes.{side}")
    toe_turn = turned[toes] @ fit.rig[toes].axes.T if toes else None
    return LegPose(hip, knee, ankle, turns[thigh], turns[foot], toe_turn)


def _whole_sole(standing: Array, side: str) -> Array:
    """Bool (T,), frames in which heel and toes are planted, in the interval before or after. standing: (T, 4)."""
    heel = SIDES.index(side)
    stands: Array = (standing[:, heel] > 0) & (standing[:, heel + len(SIDES)] > 0)
    stands[1:] |= stands[:-1].copy()
    return stands


def _location(fit: Fit, posed: Posed, bone: str, shift: Array) -> Array:
    """Location channels (T, 3) that translate a bone by `shift` (T, 3), armature space."""
    axes = location_axes(fit.rig, bone, posed.space[bone])
    return np.linalg.solve(axes, shift[..., None])[..., 0]
