"""Computes a motion of the model from the poses of a rig."""

from collections.abc import Mapping

import numpy as np

from ...numerics.array import Array
from ..contacts import edge_contacts
from ..feet.turns import inverse
from ..kinematics import forward_kinematics
from ..motion import Motion
from ..rotations import matrix_to_quaternion, quaternion_to_matrix, slerp
from ..skeleton import SMPL, Y_UP_TO_Z_UP, Joint
from .fitting import MODEL_ANKLE, MODEL_HIPS, Fit
from .rig import unscaled
from .slots import JOINTS, SIDES, neck_slots, spine_slots, spine_ties

_SPINE = (Joint.SPINE1, Joint.SPINE2, Joint.SPINE3)


def read_rig(fit: Fit, poses: Mapping[str, Array]) -> Motion:
    """The motion of a posed rig, sampled at T frames, 30 a second, with EDGE's contact labels.

    poses: slot -> (T, 4, 4), the pose of the slot's bone in armature space, for every slot of the fit but travel.
    Joints without a bone rotate with their parent joint; those of the spine are interpolated.
    """
    turns = {slot: fit.axes.T @ unscaled(pose[:, :3, :3]) @ _rest_axes(fit, slot) for slot, pose in poses.items()}
    model = _model_turns(fit, turns)
    hips = fit.to_model(np.mean([poses[f"thigh.{side}"][:, :3, 3] for side in SIDES], axis=0) - fit.floor_offset)
    hips[:, 2] -= fit.ankle_height - MODEL_ANKLE
    root = hips - model[:, Joint.PELVIS] @ MODEL_HIPS
    rotations = _local(model @ Y_UP_TO_Z_UP.astype(np.float64))
    joints = forward_kinematics(rotations, root)
    return Motion(rotations.astype(np.float32), root.astype(np.float32), edge_contacts(joints).astype(np.float32))


def _rest_axes(fit: Fit, slot: str) -> Array:
    """The right factor (3, 3) from a bone's posed axes to its rotation relative to the T-pose."""
    return fit.rig[fit.bones[slot]].axes.T @ fit.axes @ fit.correction(slot).T


def _model_turns(fit: Fit, turns: Mapping[str, Array]) -> Array:
    """Rotations (T, 24, 3, 3) of the model's joints relative to its T-pose, in the model's space.

    turns: slot -> (T, 3, 3), the same of the slots' bones.
    """
    known: dict[int, Array] = {joint: turns[slot] for slot, joint in JOINTS.items() if slot in turns}
    for side in SIDES:
        for part, end in (("upper_arm", "forearm"), ("forearm", "hand")):
            twist, end_slot = f"{part}_twist.{side}", f"{end}.{side}"
            if twist in turns and fit.bones[twist] in fit.rig.ancestors(fit.bones[end_slot]):
                known[JOINTS[f"{part}.{side}"]] = turns[twist]
    spine, neck = spine_slots(fit.bones), neck_slots(fit.bones)
    known |= {joint: turns[spine[bone]] for joint, bone in spine_ties(len(spine)).items()}
    if neck:
        known[Joint.NECK] = turns[neck[-1]]
    _fill_spine(known)
    for joint, parent in enumerate(SMPL.parents):
        if joint not in known:
            known[joint] = known[parent]
    return np.stack([known[joint] for joint in range(len(SMPL))], axis=1)


def _fill_spine(known: dict[int, Array]) -> None:
    """Interpolate, in place, spine joints without a bone between the pelvis and the lowest spine joint that has one."""
    lowest = next((number for number, joint in enumerate(_SPINE) if joint in known), None)
    if not lowest:
        return
    pelvis, above = (matrix_to_quaternion(known[joint]) for joint in (Joint.PELVIS, _SPINE[lowest]))
    for number in range(lowest):
        weight = np.full(len(pelvis), (number + 1) / (lowest + 1))
        known[_SPINE[number]] = quaternion_to_matrix(slerp(pelvis, above, weight))


def _local(world: Array) -> Array:
    local = world.copy()
    local[:, 1:] = inverse(world[:, list(SMPL.parents[1:])]) @ world[:, 1:]
    return local
