"""Forward kinematics on the SMPL skeleton."""

import numpy as np
import pytest
from hypothesis import given
from motion_strategies import axis_angles, motions

from edge_backend.motion.contacts import edge_contacts
from edge_backend.motion.kinematics import forward_kinematics, global_rotations
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.skeleton import MIRROR, SMPL, Y_UP_TO_Z_UP, Joint

NOTHING = np.tile(np.eye(3), (24, 1, 1))  # every joint at rest
EXACT = 1e-12  # metres, float64 rounding along a chain of nine joints; offsets are exact in it


def close(actual, expected, tolerance=EXACT):
    np.testing.assert_allclose(actual, expected, atol=tolerance, rtol=0)


def standing():
    rotations = NOTHING.copy()
    rotations[0] = Y_UP_TO_Z_UP
    return rotations


def test_an_untouched_dancer_stands_upright_and_faces_minus_y():
    joints = forward_kinematics(standing(), np.zeros(3))
    assert joints[Joint.HEAD, 2] > 0.5
    assert joints[Joint.LEFT_TOES, 2] < -0.9
    assert joints[Joint.LEFT_TOES, 1] < joints[Joint.LEFT_ANKLE, 1] - 0.1
    assert joints[Joint.LEFT_HAND, 0] > 0.7
    assert joints[Joint.RIGHT_HAND, 0] < -0.7


def test_the_pelvis_is_at_the_root():
    joints = forward_kinematics(standing(), np.array([1.0, 2, 3]))
    close(joints[Joint.PELVIS], [1, 2, 3])


@given(axis_angles(3, 24))
def test_bones_keep_their_lengths(vectors):
    joints = forward_kinematics(axis_angle_to_matrix(vectors), np.zeros((3, 3)))
    bones = joints[:, 1:] - joints[:, list(SMPL.parents[1:])]
    lengths = np.linalg.norm(SMPL.offsets[1:].astype(np.float64), axis=-1)
    close(np.linalg.norm(bones, axis=-1), np.tile(lengths, (3, 1)))


@given(axis_angles(24), axis_angles())
def test_turning_the_pelvis_turns_the_whole_dancer(vectors, turn):
    rotations, turn = axis_angle_to_matrix(vectors), axis_angle_to_matrix(turn)
    before = forward_kinematics(rotations, np.zeros(3))
    rotations[0] = turn @ rotations[0]
    close(forward_kinematics(rotations, np.zeros(3)), before @ turn.T)


@given(axis_angles(24))
def test_global_rotations_are_the_products_down_to_the_joint(vectors):
    rotations = axis_angle_to_matrix(vectors)
    chain = [Joint.SPINE1, Joint.SPINE2, Joint.SPINE3, Joint.NECK, Joint.HEAD]
    expected = rotations[0]
    for joint in chain:
        expected = expected @ rotations[joint]
    close(global_rotations(rotations)[Joint.HEAD], expected)


def test_a_joint_moves_what_hangs_on_it_and_nothing_else():
    rotations = standing()
    rotations[Joint.LEFT_ELBOW] = axis_angle_to_matrix([0, 1.0, 0])
    moved = np.linalg.norm(
        forward_kinematics(rotations, np.zeros(3)) - forward_kinematics(standing(), np.zeros(3)), axis=1
    )
    assert set(np.flatnonzero(moved > 1e-6)) == {Joint.LEFT_WRIST, Joint.LEFT_HAND}


def test_another_number_of_joints_is_refused():
    with pytest.raises(ValueError, match="24 joints"):
        forward_kinematics(NOTHING[:22], np.zeros(3))


def test_the_skeleton_lists_parents_first_and_pairs_left_with_right():
    assert all(parent < joint for joint, parent in enumerate(SMPL.parents))
    for joint in Joint:
        other = joint.name.replace("LEFT", "?").replace("RIGHT", "LEFT").replace("?", "RIGHT")
        assert MIRROR[joint] == Joint[other]


@given(motions(max_frames=4))
def test_float32_joints_are_within_a_hundredth_of_a_millimetre(motion):
    exact = forward_kinematics(motion.rotations.astype(np.float64), motion.root.astype(np.float64))
    close(motion.joints(), exact, 1e-5)


def test_a_foot_is_in_contact_while_it_moves_less_than_a_centimetre_per_frame():
    joints = np.zeros((5, 24, 3))
    joints[:, Joint.LEFT_ANKLE, 0] = [0, 0.009, 0.018, 0.029, 0.029]
    joints[:, Joint.RIGHT_TOES, 2] = [0, 0.02, 0.04, 0.06, 0.08]
    contacts = edge_contacts(joints)
    assert contacts[:, 0].tolist() == [1, 1, 0, 1, 1]
    assert contacts[:, 1].tolist() == [1, 1, 1, 1, 1]
    assert contacts[:, 3].tolist() == [0, 0, 0, 0, 1]  # the last frame has no next one
