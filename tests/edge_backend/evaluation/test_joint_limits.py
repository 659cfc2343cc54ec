"""Joints that bend as people do pass; joints that do not are named."""

import numpy as np
import pytest
from hand_made import standing_rotations

from edge_backend.evaluation.limits import overbent, overbent_share
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.skeleton import Joint

X, Y, Z = np.eye(3)


def bent(joint: Joint, axis: np.ndarray, degrees: float, frames: int = 10) -> np.ndarray:
    rotations = standing_rotations(frames)
    rotations[:, joint] = axis_angle_to_matrix(np.radians(degrees) * axis)
    return rotations


HUMAN = [
    (Joint.LEFT_KNEE, X, 140),  # heel to the buttock
    (Joint.RIGHT_KNEE, X, 140),
    (Joint.LEFT_ELBOW, -Y, 145),  # hand to the shoulder
    (Joint.RIGHT_ELBOW, Y, 145),
    (Joint.LEFT_HIP, -X, 130),  # a high kick
    (Joint.LEFT_SHOULDER, -Z, 85),  # the arm down
    (Joint.RIGHT_SHOULDER, -Z, 90),  # the arm up
    (Joint.LEFT_ANKLE, X, 60),  # on tiptoe
    (Joint.HEAD, Y, 60),
    (Joint.SPINE2, X, 35),
    (Joint.PELVIS, X, 175),  # upside down is for the dancer to choose
]
WRONG = [
    (Joint.LEFT_KNEE, X, -30),  # the wrong way
    (Joint.RIGHT_KNEE, X, -30),
    (Joint.LEFT_KNEE, X, 179),
    (Joint.LEFT_KNEE, Z, 60),  # sideways
    (Joint.LEFT_ELBOW, -Y, -40),
    (Joint.RIGHT_ELBOW, Y, -40),
    (Joint.RIGHT_ELBOW, Z, 70),
    (Joint.LEFT_HIP, -X, 160),
    (Joint.RIGHT_HIP, Y, 120),  # the leg twisted round
    (Joint.SPINE1, X, 60),
    (Joint.NECK, Y, 90),
    (Joint.HEAD, Y, 120),
    (Joint.LEFT_ANKLE, X, 95),
    (Joint.RIGHT_WRIST, Z, 110),
    (Joint.LEFT_TOES, X, 100),
]


@pytest.mark.parametrize(("joint", "axis", "degrees"), HUMAN)
def test_what_dancers_do_is_within_limits(joint: Joint, axis: np.ndarray, degrees: float) -> None:
    assert not overbent(bent(joint, axis, degrees)).any()


@pytest.mark.parametrize(("joint", "axis", "degrees"), WRONG)
def test_impossible_rotations_are_beyond_the_limits_of_that_joint_alone(
    joint: Joint, axis: np.ndarray, degrees: float
) -> None:
    found = overbent(bent(joint, axis, degrees))
    assert found[:, joint].all()
    assert found.sum() == len(found)


def test_the_rest_pose_is_within_limits() -> None:
    assert overbent_share(standing_rotations(5)) == 0


def test_the_share_is_that_of_the_worst_joint() -> None:
    rotations = standing_rotations(100)
    rotations[:7, Joint.LEFT_KNEE] = axis_angle_to_matrix(np.radians(-40) * X)
    rotations[50:53, Joint.HEAD] = axis_angle_to_matrix(np.radians(120) * Y)
    assert overbent_share(rotations) == pytest.approx(0.07)
