"""Detects joint rotations beyond human range.

Each joint's rotation is split into swing (direction of the next bone) and twist (about that bone), for knees and elbows
also into flexion and sideways angle. The limits are those of trained dancers with a margin, so that rotations beyond
them are errors and not only unusual.
"""

from dataclasses import dataclass

import numpy as np

from ..motion.rotations import matrix_to_axis_angle, matrix_to_quaternion
from ..motion.skeleton import SMPL, Joint
from ..numerics.array import Array


@dataclass(frozen=True, slots=True)
class Limit:
    """Degrees. swing: of the bone to `toward`, from its rest direction. twist: about that bone, in either sense."""

    toward: Joint
    swing: float
    twist: float


@dataclass(frozen=True, slots=True)
class Hinge:
    """Degrees. flexion: range of the rotation of the bone to `toward` about `axis`; sideways: out of that plane."""

    toward: Joint
    axis: tuple[float, float, float]
    flexion: tuple[float, float]
    sideways: float


LIMITS = {
    Joint.LEFT_HIP: Limit(Joint.LEFT_KNEE, 140, 90),
    Joint.RIGHT_HIP: Limit(Joint.RIGHT_KNEE, 140, 90),
    Joint.SPINE1: Limit(Joint.SPINE2, 45, 40),
    Joint.SPINE2: Limit(Joint.SPINE3, 45, 40),
    Joint.SPINE3: Limit(Joint.NECK, 45, 40),
    Joint.NECK: Limit(Joint.HEAD, 60, 60),
    Joint.LEFT_COLLAR: Limit(Joint.LEFT_SHOULDER, 50, 40),
    Joint.RIGHT_COLLAR: Limit(Joint.RIGHT_SHOULDER, 50, 40),
    Joint.LEFT_SHOULDER: Limit(Joint.LEFT_ELBOW, 150, 150),
    Joint.RIGHT_SHOULDER: Limit(Joint.RIGHT_ELBOW, 150, 150),
    Joint.LEFT_KNEE: Limit(Joint.LEFT_ANKLE, 165, 50),
    Joint.RIGHT_KNEE: Limit(Joint.RIGHT_ANKLE, 165, 50),
    Joint.LEFT_ELBOW: Limit(Joint.LEFT_WRIST, 165, 120),
    Joint.RIGHT_ELBOW: Limit(Joint.RIGHT_WRIST, 165, 120),
    Joint.LEFT_ANKLE: Limit(Joint.LEFT_TOES, 75, 60),
    Joint.RIGHT_ANKLE: Limit(Joint.RIGHT_TOES, 75, 60),
    Joint.LEFT_WRIST: Limit(Joint.LEFT_HAND, 90, 75),
    Joint.RIGHT_WRIST: Limit(Joint.RIGHT_HAND, 90, 75),
}
HINGES = {
    Joint.LEFT_KNEE: Hinge(Joint.LEFT_ANKLE, (1, 0, 0), (-15, 165), 40),
    Joint.RIGHT_KNEE: Hinge(Joint.RIGHT_ANKLE, (1, 0, 0), (-15, 165), 40),
    Joint.LEFT_ELBOW: Hinge(Joint.LEFT_WRIST, (0, -1, 0), (-20, 170), 50),
    Joint.RIGHT_ELBOW: Hinge(Joint.RIGHT_WRIST, (0, 1, 0), (-20, 170), 50),
}
WHOLE = {Joint.HEAD: 75.0, Joint.LEFT_TOES: 90.0, Joint.RIGHT_TOES: 90.0}  # degrees in all; no next bone


def overbent(rotations: Array) -> Array:
    """Bool (T, 24), joints beyond their limits. rotations: (T, 24, 3, 3) local. The pelvis has no limits."""
    beyond = np.zeros(rotations.shape[:2], dtype=bool)
    for joint, limit in LIMITS.items():
        swing, twist = _swing_and_twist(rotations[:, joint], _bone(limit.toward))
        beyond[:, joint] |= (swing > limit.swing) | (np.abs(twist) > limit.twist)
    for joint, hinge in HINGES.items():
        flexion, sideways = _hinge_angles(rotations[:, joint], _bone(hinge.toward), np.array(hinge.axis))
        beyond[:, joint] |= (flexion < hinge.flexion[0]) | (flexion > hinge.flexion[1])
        beyond[:, joint] |= np.abs(sideways) > hinge.sideways
    for joint, most in WHOLE.items():
        beyond[:, joint] |= np.degrees(np.linalg.norm(matrix_to_axis_angle(rotations[:, joint]), axis=-1)) > most
    return beyond


def overbent_share(rotations: Array) -> float:
    """The largest share, over joints, of frames in which the joint is beyond its limits.

    rotations: (T, 24, 3, 3) local.
    """
    return float(overbent(rotations).mean(axis=0).max())


def _bone(toward: Joint) -> Array:
    offset = SMPL.offsets[toward].astype(np.float64)
    return offset / np.linalg.norm(offset)


def _swing_and_twist(rotations: Array, bone: Array) -> tuple[Array, Array]:
    """Swing of the bone (3,) from rest and signed twist about it, both (T,), degrees, of rotations (T, 3, 3)."""
    swing = np.degrees(np.arccos(np.clip(rotations @ bone @ bone, -1.0, 1.0)))
    quaternion = matrix_to_quaternion(rotations.astype(np.float64))
    twist = np.degrees(2 * np.arctan2(quaternion[:, 1:] @ bone, quaternion[:, 0]))
    return swing, (twist + 180) % 360 - 180


def _hinge_angles(rotations: Array, bone: Array, axis: Array) -> tuple[Array, Array]:
    """Flexion and sideways angle (T,), degrees, of rotations (T, 3, 3) of a bone (3,) with a hinge axis (3,)."""
    turned = rotations @ bone
    in_plane = bone - float(bone @ axis) * axis
    straight = in_plane / float(np.linalg.norm(in_plane))
    flexion = np.degrees(np.arctan2(turned @ np.cross(axis, straight), turned @ straight))
    # Flexion beyond 180 degrees wraps to -180; such a joint is bent, not overstretched.
    flexion = np.where(flexion < -120, flexion + 360, flexion)
    sideways = np.degrees(np.arcsin(np.clip(turned @ axis, -1.0, 1.0)) - np.arcsin(np.clip(bone @ axis, -1.0, 1.0)))
    return flexion, sideways
