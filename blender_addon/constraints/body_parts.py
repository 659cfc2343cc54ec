"""Bones of a rig as joints of the model. No bpy."""

from collections.abc import Iterable, Mapping

from ..edge_backend.diffusion.body_parts import BODY_PARTS, BodyPart
from ..edge_backend.motion.retarget.slots import HIPS, JOINTS, TRAVEL, neck_slots, spine_shares, spine_slots
from ..edge_backend.motion.skeleton import Joint

PART_LABELS: Mapping[str, str] = {
    "whole": "Whole body", "upper": "Upper body", "lower": "Lower body", "left_arm": "Left arm",
    "right_arm": "Right arm", "left_leg": "Left leg", "right_leg": "Right leg", "legs": "Legs", "head": "Head",
}  # fmt: skip


def slot_joints(bones: Mapping[str, str]) -> dict[str, Joint]:
    """Slot of the bone map -> the joint that its bone follows most, for every slot except `travel`."""
    spine = spine_slots(bones)
    joints = dict(zip(spine, (share.second for share in spine_shares(len(spine))), strict=True))
    joints |= dict.fromkeys(neck_slots(bones), Joint.NECK)
    for slot in bones:
        part = slot.replace("_twist", "")
        if part in JOINTS:
            joints[slot] = JOINTS[part]
    return joints


def joints_of(bones: Mapping[str, str], chosen: Iterable[str]) -> frozenset[Joint]:
    """The joints that these bones of the rig move; wrists include the hands, which have no bones of their own."""
    names = set(chosen)
    joints = {joint for slot, joint in slot_joints(bones).items() if bones[slot] in names}
    if TRAVEL in bones and bones[TRAVEL] in names:
        joints.add(Joint.PELVIS)
    # The lowest bone of a spine with fewer than three bones also moves the spine joints below its own.
    shown = [joint for joint in (Joint.SPINE1, Joint.SPINE2, Joint.SPINE3) if joint in slot_joints(bones).values()]
    if shown and shown[0] in joints:
        joints |= {joint for joint in (Joint.SPINE1, Joint.SPINE2) if joint < shown[0]}
    for side in ("LEFT", "RIGHT"):
        if Joint[f"{side}_WRIST"] in joints:
            joints.add(Joint[f"{side}_HAND"])
    return frozenset(joints)


def bones_of(bones: Mapping[str, str], part: BodyPart) -> list[str]:
    """The bones of the rig that show this part of the body; with its root, also the bones that move the whole body."""
    found = [bones[slot] for slot, joint in slot_joints(bones).items() if joint in part.joints]
    if part.root:
        found += [bones[slot] for slot in (TRAVEL, HIPS) if slot in bones]
    return list(dict.fromkeys(found))


def part_named(joints: frozenset[Joint]) -> str:
    """The name of the body part with exactly these joints, "" if there is none."""
    return next((name for name, part in BODY_PARTS.items() if part.joints == joints), "")
