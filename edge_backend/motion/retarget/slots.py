"""The slots of a bone map: body parts that a rig's bones can stand for, and the model's joints that drive them.

A bone map is a mapping from slots to bone names. Only the slots in REQUIRED are needed. `travel` is the bone whose
location moves the body; by default that is the hips.
"""

from collections.abc import Mapping
from typing import NamedTuple

from ..skeleton import Joint

TRAVEL, HIPS, HEAD = "travel", "hips", "head"
SPINES = tuple(f"spine{number}" for number in range(1, 7))
NECKS = ("neck1", "neck2", "neck3")
SIDES = ("L", "R")
SIDED = (
    "collar", "upper_arm", "upper_arm_twist", "forearm", "forearm_twist", "hand", "thigh", "shin", "foot", "toes",
)  # fmt: skip

REQUIRED = (
    HIPS,
    SPINES[0],
    *(f"{part}.{side}" for part in ("upper_arm", "forearm", "thigh", "shin", "foot") for side in SIDES),
)
"""A rig without these cannot dance."""

_PART_JOINT = {
    "collar": Joint.LEFT_COLLAR, "upper_arm": Joint.LEFT_SHOULDER, "forearm": Joint.LEFT_ELBOW,
    "hand": Joint.LEFT_WRIST,
    "thigh": Joint.LEFT_HIP, "shin": Joint.LEFT_KNEE, "foot": Joint.LEFT_ANKLE, "toes": Joint.LEFT_TOES,
}  # fmt: skip

JOINTS: Mapping[str, Joint] = {
    HIPS: Joint.PELVIS,
    HEAD: Joint.HEAD,
    **{f"{part}.L": joint for part, joint in _PART_JOINT.items()},
    **{f"{part}.R": Joint(joint + 1) for part, joint in _PART_JOINT.items()},
}
"""The joint whose rotation a slot's bone gets; spine, neck and twist slots have none of their own."""


_WORDS = {
    TRAVEL: "root control", HIPS: "hips", HEAD: "head", "collar": "collar", "upper_arm": "upper arm",
    "upper_arm_twist": "upper arm twist", "forearm": "forearm", "forearm_twist": "forearm twist", "hand": "hand",
    "thigh": "thigh", "shin": "shin", "foot": "foot", "toes": "toes",
}  # fmt: skip
_SIDE_WORDS = {"L": "left", "R": "right"}


class Share(NamedTuple):
    """A rotation interpolated between those of two joints: weight 0 is the first's, 1 the second's."""

    first: Joint
    second: Joint
    weight: float


def slot_names() -> list[str]:
    """All slots, in the order of the panel: travel, hips, spine, neck, head, then left and right limbs."""
    return [TRAVEL, HIPS, *SPINES, *NECKS, HEAD, *(f"{part}.{side}" for side in SIDES for part in SIDED)]


def slot_words(slot: str) -> str:
    """The slot's name in messages: "left forearm" for `forearm.L`."""
    part, _, side = slot.partition(".")
    if slot in SPINES:
        return f"spine bone {SPINES.index(slot) + 1}"
    if slot in NECKS:
        return f"neck bone {NECKS.index(slot) + 1}"
    return f"{_SIDE_WORDS[side]} {_WORDS[part]}" if side else _WORDS[part]


def mirrored(slot: str) -> str:
    """The slot of the other side; the slot itself if it has no side."""
    part, _, side = slot.partition(".")
    return f"{part}.{'R' if side == 'L' else 'L'}" if side else slot


def spine_slots(bones: Mapping[str, str]) -> list[str]:
    """The spine slots that the map fills, from the hips up."""
    return [slot for slot in SPINES if slot in bones]


def neck_slots(bones: Mapping[str, str]) -> list[str]:
    """The neck slots that the map fills, from the chest up."""
    return [slot for slot in NECKS if slot in bones]


def spine_ties(count: int) -> dict[Joint, int]:
    """Spine joint -> number of the one of `count` spine bones that gets exactly that joint's rotation.

    The last bone is the chest. Of two bones, the lower one gets the rotation of the second of three joints.
    """
    joints = (Joint.SPINE1, Joint.SPINE2, Joint.SPINE3)
    if count < len(joints):
        return {joint: bone for bone, joint in enumerate(joints[len(joints) - count :])}
    return {joint: round(number * count / len(joints)) - 1 for number, joint in enumerate(joints, start=1)}


def spine_shares(count: int) -> list[Share]:
    """The rotation of each of `count` spine bones, from the hips up; bones without a joint are interpolated."""
    knots = [(-1, Joint.PELVIS), *((bone, joint) for joint, bone in spine_ties(count).items())]
    return _between(knots, count)


def neck_shares(count: int) -> list[Share]:
    """The rotation of each of `count` neck bones, from the chest up; the last one gets the neck joint's rotation."""
    return _between([(-1, Joint.SPINE3), (count - 1, Joint.NECK)], count)


def _between(knots: list[tuple[int, Joint]], count: int) -> list[Share]:
    shares = []
    for bone in range(count):
        below = max(knot for knot in knots if knot[0] < bone)
        above = min(knot for knot in knots if knot[0] >= bone)
        shares.append(Share(below[1], above[1], (bone - below[0]) / (above[0] - below[0])))
    return shares
