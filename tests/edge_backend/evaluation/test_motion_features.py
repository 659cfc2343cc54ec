"""Kinetic and geometric features of motions whose energy and poses are known."""

import numpy as np
import pytest
from hand_made import FPS, standing, standing_rotations, still, swaying
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_backend.evaluation.geometric import HIPS, HUMERUS, SHOULDERS, geometric_features
from edge_backend.evaluation.kinetic import kinetic_features, published_kinetic_features
from edge_backend.motion.kinematics import forward_kinematics
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.skeleton import Joint

SECONDS = np.arange(150) / FPS
# Numbers of the 32 questions, from 1 as in the papers' lists.
STRETCH, WRISTS_FAST, ARMS_RAISED, THIGHS_RAISED, LYING, LOW_HANDS, TRAVELLING = (
    (5, 6),
    (13, 14),
    (24, 25),
    (26, 27),
    29,
    (30, 31),
    32,
)


def answers(joints: np.ndarray) -> dict[int, float]:
    return dict(enumerate(geometric_features(joints), start=1))


def test_constant_velocity_is_kinetic_energy_without_effort() -> None:
    joints = still(150)
    joints[:, Joint.LEFT_HAND, 0] = 0.3 * SECONDS
    joints[:, Joint.LEFT_HAND, 1] = 0.4 * SECONDS
    joints[:, Joint.LEFT_HAND, 2] = 0.6 * SECONDS
    features = kinetic_features(joints).reshape(24, 3)
    np.testing.assert_allclose(features[Joint.LEFT_HAND], [0.25, 0.36, 0], atol=1e-9)
    np.testing.assert_allclose(np.delete(features, Joint.LEFT_HAND, axis=0), 0)


def test_constant_acceleration_is_effort() -> None:
    joints = still(150)
    joints[:, Joint.HEAD, 1] = 0.5 * 3.0 * SECONDS**2
    assert kinetic_features(joints).reshape(24, 3)[Joint.HEAD, 2] == pytest.approx(3.0)


def test_velocities_are_averaged_over_five_steps() -> None:
    joints = still(150)
    joints[::2, Joint.HEAD, 0] = 0.01  # to and fro in every frame: 0.3 m/s, but a fifth of that over five steps
    along = kinetic_features(joints).reshape(24, 3)[Joint.HEAD, 0]
    assert along == pytest.approx(0.06**2, rel=0.05)  # the window is shorter at the ends


def test_the_missing_bracket_makes_a_place_look_like_effort() -> None:
    """v1 = p - p / dt: for a point that rests at distance d from the origin |v2 - v1| / dt = (60 - 1) 60 d."""
    joints = still(150)
    joints[:, Joint.HEAD, 2] = 0.5
    assert kinetic_features(joints).reshape(24, 3)[Joint.HEAD, 2] == 0
    assert published_kinetic_features(joints).reshape(24, 3)[Joint.HEAD, 2] == pytest.approx(59 * 60 * 0.5)


def test_both_readings_have_the_same_energies_but_for_the_frame_rate() -> None:
    joints = swaying(150, 1.3).joints()
    mended, published = (of(joints).reshape(24, 3) for of in (kinetic_features, published_kinetic_features))
    np.testing.assert_allclose(published[:, :2], 4 * mended[:, :2], rtol=1e-6, atol=1e-12)  # 60 / 30, squared


def test_the_units_are_the_skeletons_own() -> None:
    """The published code has them as constants of a T-pose: 0.257, 0.391 and 0.119 m."""
    assert pytest.approx(0.257, abs=0.001) == HUMERUS
    assert pytest.approx(0.391, abs=0.001) == SHOULDERS
    assert pytest.approx(0.119, abs=0.001) == HIPS


def test_standing_with_arms_out_answers_yes_to_raised_arms_alone() -> None:
    found = answers(standing(30))
    assert len(found) == 32
    yes = {number for number, share in found.items() if share == 1}
    assert set(ARMS_RAISED) <= yes
    assert not yes & {*STRETCH, *WRISTS_FAST, *THIGHS_RAISED, LYING, *LOW_HANDS, TRAVELLING}
    assert all(share in (0, 1) for share in found.values())


def test_lying_down_lies_with_low_hands() -> None:
    rotations = standing_rotations(30)
    rotations[:, 0] = np.eye(3)  # SMPL's own axes: the body's length along y, which is flat in a world with z up
    found = answers(forward_kinematics(rotations, np.zeros((30, 3))))
    assert found[LYING] == 1
    assert found[30] == found[31] == 1


def test_speeds_count_double_against_the_humerus() -> None:
    limit = 2.3 * HUMERUS / 2  # m/s of the pelvis: 0.295
    for speed, share in ((0.98 * limit, 0), (1.02 * limit, 1)):
        joints = standing(150)
        joints[..., 0] += (speed * SECONDS)[:, None]
        found = answers(joints)
        assert found[TRAVELLING] == share
        assert found[13] == found[14] == 0  # wrists: 2.5 humeri


def test_a_bent_elbow_and_knee_are_seen_for_the_time_that_they_are_bent() -> None:
    rotations = standing_rotations(101)
    rotations[26:, Joint.RIGHT_ELBOW] = axis_angle_to_matrix(np.array([0, np.radians(100), 0]))
    rotations[51:, Joint.LEFT_KNEE] = axis_angle_to_matrix(np.array([np.radians(100), 0, 0]))
    found = answers(forward_kinematics(rotations, np.zeros((101, 3))))
    assert found[7] == pytest.approx(0.75)  # right elbow below 110 degrees between the bones
    assert found[8] == 0
    assert found[20] == 0
    assert found[21] == pytest.approx(0.5)


@settings(max_examples=20, deadline=None)
@given(st.floats(-np.pi, np.pi), st.floats(-5, 5), st.floats(-5, 5))
def test_where_and_which_way_one_dances_changes_neither(angle: float, x: float, y: float) -> None:
    joints = swaying(90, 0.7).joints().astype(np.float64)
    turned = joints @ axis_angle_to_matrix(np.array([0, 0, angle])).T + [x, y, 0]
    np.testing.assert_allclose(kinetic_features(turned), kinetic_features(joints), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(geometric_features(turned), geometric_features(joints))
