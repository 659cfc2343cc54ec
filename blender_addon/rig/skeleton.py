"""The dancer's skeleton as Blender bones: SMPL's 24 joints and the fingers, which SMPL has not. No bpy.

Armature space is the model's world: metres, z up, the floor at z = 0, facing -y, the body's left at +x.
"""

from dataclasses import dataclass

import numpy as np

from ..edge_backend.motion.skeleton import SMPL, Y_UP_TO_Z_UP, Joint
from ..edge_backend.numerics.array import Array

TOE_JOINT_HEIGHT = 0.022
"""Metres from the sole to the toe joints of a standing dancer, as in the training data."""

FRONT, BACK, DOWN = (0.0, -1.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0)


@dataclass(frozen=True, slots=True)
class RestBone:
    """A bone at rest, in armature space.

    bend: (3,) the direction in which the tip moves for a positive rotation about the bone's x axis: the natural bend
    of the joint. It determines the roll (Blender's z axis of the bone).
    """

    name: str
    parent: str | None
    head: Array
    tail: Array
    bend: tuple[float, float, float]


def bone_name(joint: str) -> str:
    """`left_knee` is the bone `knee.L`: the spelling that Blender's mirror tools know."""
    side, _, part = joint.partition("_")
    return f"{part}.{side[0].upper()}" if side in ("left", "right") else joint


BONE_NAMES = tuple(bone_name(joint) for joint in SMPL.names)
"""In the order of the joints."""

# The joint that a bone points to; a bone that ends a limb goes on by so many metres (x to the body's outside).
_CHILD = {
    "pelvis": "spine1", "spine1": "spine2", "spine2": "spine3", "spine3": "neck", "neck": "head",
    "collar": "shoulder", "shoulder": "elbow", "elbow": "wrist", "wrist": "hand",
    "hip": "knee", "knee": "ankle", "ankle": "toes",
}  # fmt: skip
_TIP = {"head": (0.0, 0.0, 0.18), "hand": (0.09, 0.0, -0.012), "toes": (0.012, -0.065, -0.004)}
_BEND = {"hip": BACK, "knee": BACK, "ankle": DOWN, "toes": DOWN, "wrist": DOWN, "hand": DOWN}


# The heads of a left finger's three bones and its tip, millimetres from the head of the bone that it hangs on.
_DIGITS = {
    "thumb": ("wrist", ((20, -18, -4), (50, -46, -14), (78, -62, -22), (100, -70, -27))),
    "index": ("hand", ((4, -32, 0), (39, -34, -7), (59, -35, -11), (76, -36, -14))),
    "middle": ("hand", ((7, -10, 1), (46, -10, -7), (69, -10, -12), (87, -10, -15))),
    "ring": ("hand", ((4, 12, 0), (40, 14, -8), (62, 15, -13), (79, 16, -16))),
    "pinky": ("hand", ((-2, 33, -2), (27, 37, -9), (43, 39, -13), (58, 41, -17))),
}  # fmt: skip
_PALM, _THUMB_BEND = (-0.102, -0.040, -0.994), (-0.18, 0.67, -0.72)
"""Where the left palm faces, and where a thumb closes; so a finger turns about the x axes of its bones alone."""

FINGERS = {
    f"{digit}.{side}": tuple(f"{digit}{number}.{side}" for number in (1, 2, 3)) for side in "LR" for digit in _DIGITS
}
"""The bones of each finger from base to tip."""
FINGER_NAMES = tuple(name for names in FINGERS.values() for name in names)


def rest_joints() -> Array:
    """Joint positions (24, 3) of the dancer who stands in T-pose on the floor, metres, armature space."""
    joints = np.zeros((len(SMPL), 3))
    offsets = SMPL.offsets.astype(np.float64) @ Y_UP_TO_Z_UP.T
    for joint, parent in enumerate(SMPL.parents[1:], start=1):
        joints[joint] = joints[parent] + offsets[joint]
    lowest = joints[[Joint.LEFT_TOES, Joint.RIGHT_TOES], 2].min()
    joints[:, 2] += TOE_JOINT_HEIGHT - lowest
    return joints


def rest_bones(joints: Array) -> list[RestBone]:
    """The 24 bones of a dancer with these rest joints (24, 3), parents before their children."""
    bones = []
    for joint, (name, parent) in enumerate(zip(BONE_NAMES, SMPL.parents, strict=True)):
        part, _, side = name.partition(".")
        if part in _CHILD:
            child = _CHILD[part]
            tail = joints[BONE_NAMES.index(f"{child}.{side}" if side else child)]
        else:
            tail = joints[joint] + np.multiply(_TIP[part], (-1 if side == "R" else 1, 1, 1))
        bones.append(
            RestBone(name, BONE_NAMES[parent] if parent >= 0 else None, joints[joint], tail, _BEND.get(part, FRONT))
        )
    return bones


def finger_bones(joints: Array) -> list[RestBone]:
    """The 30 bones of a dancer's fingers, who has these rest joints (24, 3), parents before their children."""
    bones = []
    for finger, names in FINGERS.items():
        digit, _, side = finger.partition(".")
        joint, places = _DIGITS[digit]
        above = f"{joint}.{side}"
        mirror = (-1 if side == "R" else 1, 1, 1)
        points = joints[BONE_NAMES.index(above)] + np.multiply(places, mirror) / 1000
        x, y, z = _THUMB_BEND if digit == "thumb" else _PALM
        bend = (-x if side == "R" else x, y, z)
        for name, parent, head, tail in zip(names, (above, *names), points, points[1:], strict=False):
            bones.append(RestBone(name, parent, head, tail, bend))
    return bones
