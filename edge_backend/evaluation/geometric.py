"""Geometric features of a motion (Mueller et al. 2005), the 32 boolean ones of AIST++'s evaluation.

Thresholds are multiples of lengths of the skeleton: humerus (shoulder to elbow), width of shoulders, width of hips.
Speeds are doubled as in the published code, which takes 1/120 s per frame for motions at 60 fps.
"""

from dataclasses import dataclass

import numpy as np

from ..motion.kinematics import forward_kinematics
from ..motion.skeleton import SMPL, Joint
from ..numerics.array import Array
from ..schema.frames import FPS

SPEED_UNIT = 2.0

_REST = forward_kinematics(np.broadcast_to(np.eye(3), (len(SMPL), 3, 3)), np.zeros(3))
HUMERUS = float(np.linalg.norm(_REST[Joint.LEFT_SHOULDER] - _REST[Joint.LEFT_ELBOW]))
SHOULDERS = float(np.linalg.norm(_REST[Joint.LEFT_SHOULDER] - _REST[Joint.RIGHT_SHOULDER]))
HIPS = float(np.linalg.norm(_REST[Joint.LEFT_HIP] - _REST[Joint.RIGHT_HIP]))


def geometric_features(joints: Array) -> Array:
    """Shares (32,) of frames, from the second on, in which each boolean feature is true.

    joints: (T, 24, 3) metres, z up, 30 fps, T >= 2.
    """
    pose = _Pose(joints.astype(np.float64))
    return np.stack([*_hands(pose), *_feet(pose), *_body(pose)]).mean(axis=1)


@dataclass(frozen=True, slots=True)
class _Pose:
    """Relations between joints, from which features are built. Results are (T - 1, ...), for frames 1 to T - 1."""

    joints: Array

    def at(self, joint: Joint) -> Array:
        return self.joints[1:, joint]

    def bone(self, start: Joint, end: Joint) -> Array:
        return self.at(end) - self.at(start)

    def height(self, joint: Joint) -> Array:
        """Height above the lowest joint of the frame, metres."""
        return self.at(joint)[:, 2] - self.joints[1:, :, 2].min(axis=-1)

    def speed(self, joint: Joint) -> Array:
        return np.linalg.norm(np.diff(self.joints[:, joint], axis=0), axis=-1) * FPS * SPEED_UNIT

    def speed_along(self, moving: Joint, origin: Joint, direction: Array) -> Array:
        """Velocity of one joint relative to another, along a direction (T - 1, 3)."""
        relative = np.diff(self.joints[:, moving] - self.joints[:, origin], axis=0) * FPS * SPEED_UNIT
        return _along(relative, direction)

    def beyond_plane(self, joint: Joint, a: Joint, b: Joint, c: Joint) -> Array:
        """Signed distance from the plane through three joints, whose normal is (c - a) x (b - a)."""
        return _along(self.bone(a, joint), np.cross(self.bone(a, c), self.bone(a, b)))

    def angle(self, first: Array, second: Array) -> Array:
        """Angles (T - 1,), degrees, between directions (T - 1, 3)."""
        cosine = _along(first, second) / np.maximum(np.linalg.norm(first, axis=-1), 1e-12)
        return np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))


def _along(vectors: Array, direction: Array) -> Array:
    """Components (T - 1,) of vectors (T - 1, 3) along directions (T - 1, 3); 0 where a direction has length 0."""
    return (vectors * direction).sum(axis=-1) / np.maximum(np.linalg.norm(direction, axis=-1), 1e-12)


_SIDES = (
    (Joint.RIGHT_WRIST, Joint.RIGHT_ELBOW, Joint.RIGHT_SHOULDER, Joint.RIGHT_HIP, Joint.RIGHT_KNEE, Joint.RIGHT_ANKLE),
    (Joint.LEFT_WRIST, Joint.LEFT_ELBOW, Joint.LEFT_SHOULDER, Joint.LEFT_HIP, Joint.LEFT_KNEE, Joint.LEFT_ANKLE),
)


def _hands(pose: _Pose) -> list[Array]:
    """Features 1 to 14. In the published code, an unused argument makes features 5 and 6 equal."""
    right, left = Joint.RIGHT_WRIST, Joint.LEFT_WRIST
    chest = pose.bone(Joint.SPINE3, Joint.NECK)
    stretch = pose.speed_along(Joint.SPINE3, Joint.SPINE1, pose.bone(Joint.SPINE1, Joint.SPINE3)) > 1.8 * HUMERUS
    forward = np.cross(pose.bone(Joint.NECK, Joint.LEFT_HIP), pose.bone(Joint.NECK, Joint.RIGHT_HIP))
    return [
        pose.speed_along(right, Joint.NECK, forward) > 1.8 * HUMERUS,
        pose.speed_along(left, Joint.NECK, -forward) > 1.8 * HUMERUS,
        _along(pose.bone(Joint.NECK, right), chest) > 0.2 * HUMERUS,
        _along(pose.bone(Joint.NECK, left), chest) > 0.2 * HUMERUS,
        stretch,
        stretch,
        *(
            pose.angle(pose.bone(elbow, shoulder), pose.bone(elbow, wrist)) < 110
            for wrist, elbow, shoulder, *_ in _SIDES
        ),
        _along(pose.bone(left, right), pose.bone(Joint.LEFT_SHOULDER, Joint.RIGHT_SHOULDER)) > 2.5 * SHOULDERS,
        pose.speed_along(right, left, pose.bone(left, right)) > 1.4 * HUMERUS,
        pose.speed_along(left, right, pose.bone(right, Joint.PELVIS)) > 1.4 * HUMERUS,
        pose.speed_along(right, left, pose.bone(left, Joint.PELVIS)) > 1.4 * HUMERUS,
        pose.speed(right) > 2.5 * HUMERUS,
        pose.speed(left) > 2.5 * HUMERUS,
    ]


def _feet(pose: _Pose) -> list[Array]:
    """Features 15 to 23."""
    right, left = Joint.RIGHT_ANKLE, Joint.LEFT_ANKLE
    return [
        pose.beyond_plane(right, Joint.PELVIS, Joint.LEFT_HIP, Joint.LEFT_TOES) > 0.38 * HUMERUS,
        pose.beyond_plane(left, Joint.PELVIS, Joint.RIGHT_HIP, Joint.RIGHT_TOES) > 0.38 * HUMERUS,
        pose.height(right) > 1.2 * HUMERUS,
        pose.height(left) > 1.2 * HUMERUS,
        _along(pose.bone(left, right), pose.bone(Joint.LEFT_HIP, Joint.RIGHT_HIP)) > 2.1 * HIPS,
        *(pose.angle(pose.bone(knee, hip), pose.bone(knee, ankle)) < 110 for *_, hip, knee, ankle in _SIDES),
        pose.speed(right) > 2.5 * HUMERUS,
        pose.speed(left) > 2.5 * HUMERUS,
    ]


def _body(pose: _Pose) -> list[Array]:
    """Features 24 to 32."""
    down_the_back = pose.bone(Joint.NECK, Joint.PELVIS)
    lean = pose.angle(down_the_back, np.broadcast_to([0.0, 0.0, 1.0], down_the_back.shape))
    return [
        *(pose.angle(down_the_back, pose.bone(shoulder, elbow)) > 25 for _, elbow, shoulder, *_ in _SIDES),
        *(pose.angle(down_the_back, pose.bone(hip, knee)) > 50 for *_, hip, knee, _ in _SIDES),
        pose.beyond_plane(Joint.PELVIS, Joint.RIGHT_ANKLE, Joint.NECK, Joint.LEFT_ANKLE) > 0.5 * HUMERUS,
        (lean > 70) & (lean < 110),
        pose.height(Joint.RIGHT_WRIST) < 1.2 * HUMERUS,
        pose.height(Joint.LEFT_WRIST) < 1.2 * HUMERUS,
        pose.speed(Joint.PELVIS) > 2.3 * HUMERUS,
    ]
