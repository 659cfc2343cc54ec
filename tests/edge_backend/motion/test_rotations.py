"""Conversions between representations of rotations, as round trips and against other libraries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from motion_strategies import axis_angles
from scipy.spatial.transform import Rotation, Slerp

from edge_backend.motion.rotations import (
    axis_angle_to_matrix,
    continuous_quaternions,
    matrix_to_axis_angle,
    matrix_to_quaternion,
    matrix_to_rot6d,
    quaternion_to_matrix,
    rot6d_to_matrix,
    slerp,
)

EXACT = 1e-12  # float64 rounding of a dozen operations on numbers near 1


def close(actual, expected, tolerance=EXACT):
    np.testing.assert_allclose(actual, expected, atol=tolerance, rtol=0)


@given(axis_angles(4))
def test_matrices_are_rotations_and_scipys(vectors):
    matrices = axis_angle_to_matrix(vectors)
    close(matrices @ matrices.swapaxes(-1, -2), np.tile(np.eye(3), (4, 1, 1)))
    close(np.linalg.det(matrices), np.ones(4))
    close(matrices, Rotation.from_rotvec(vectors).as_matrix())


@given(axis_angles(4))
def test_axis_angles_come_back_as_the_same_rotation_of_at_most_half_a_turn(vectors):
    matrices = axis_angle_to_matrix(vectors)
    back = matrix_to_axis_angle(matrices)
    assert (np.linalg.norm(back, axis=-1) <= np.pi + EXACT).all()
    close(axis_angle_to_matrix(back), matrices)


@given(axis_angles(4))
def test_quaternions_and_6d_vectors_come_back_as_the_same_matrix(vectors):
    matrices = axis_angle_to_matrix(vectors)
    quaternions = matrix_to_quaternion(matrices)
    assert (quaternions[..., 0] >= 0).all()
    close(np.linalg.norm(quaternions, axis=-1), np.ones(4))
    close(quaternion_to_matrix(quaternions), matrices)
    close(rot6d_to_matrix(matrix_to_rot6d(matrices)), matrices)


def test_6d_is_the_first_two_rows():
    matrix = np.arange(9.0).reshape(3, 3)
    assert matrix_to_rot6d(matrix).tolist() == [0, 1, 2, 3, 4, 5]


@given(axis_angles(), st.floats(0.1, 10), st.floats(0.1, 10), st.floats(-3, 3))
def test_6d_rows_are_straightened_in_their_own_order(vector, first, second, shear):
    """Lengths and a shear of the second row towards the first are noise that Gram-Schmidt takes away."""
    matrix = axis_angle_to_matrix(vector)
    raw = np.concatenate([first * matrix[0], second * matrix[1] + shear * matrix[0]])
    close(rot6d_to_matrix(raw), matrix, 1e-11)  # the shear can be 30 times as long as the second row


def test_rows_without_a_direction_give_no_nan():
    assert np.isfinite(rot6d_to_matrix(np.zeros(6))).all()
    assert np.isfinite(rot6d_to_matrix(np.array([1.0, 0, 0, 2, 0, 0]))).all()


@given(axis_angles(), axis_angles(), st.floats(0, 1))
def test_slerp_is_scipys_on_the_shorter_arc(start, end, weight):
    ends = Rotation.from_rotvec(np.stack([start, end]))
    a, b = (matrix_to_quaternion(matrix) for matrix in ends.as_matrix())
    if abs(a @ b) < 1e-6:
        return  # half a turn apart: both arcs are as short
    expected = Slerp([0, 1], ends)(weight).as_matrix()
    # Near half a turn, rounding of the ends turns the arc: 1e-15 / 1e-6.
    close(quaternion_to_matrix(slerp(a, b, np.array(weight))), expected, 1e-8)
    close(quaternion_to_matrix(slerp(-a, b, np.array(weight))), expected, 1e-8)


def test_slerp_takes_a_weight_per_frame():
    start = np.tile([1.0, 0, 0, 0], (3, 1))
    end = np.tile(np.array([1.0, 0, 0, 1.0]) / np.sqrt(2), (3, 1))  # a quarter turn about z
    turned = matrix_to_axis_angle(quaternion_to_matrix(slerp(start, end, np.array([0, 0.5, 1]))))
    close(turned[:, 2], np.array([0, np.pi / 4, np.pi / 2]))


@given(axis_angles(5), st.lists(st.sampled_from([1, -1]), min_size=5, max_size=5))
def test_continuous_quaternions_never_jump_to_the_other_sign(vectors, signs):
    quaternions = matrix_to_quaternion(axis_angle_to_matrix(vectors)) * np.array(signs)[:, None]
    smooth = continuous_quaternions(quaternions)
    assert (np.sum(smooth[1:] * smooth[:-1], axis=-1) >= 0).all()
    close(np.abs(smooth), np.abs(quaternions), 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_floating_type_is_preserved(dtype):
    matrices = axis_angle_to_matrix(np.ones((2, 3), dtype=dtype))
    assert matrices.dtype == dtype
    for convert in (matrix_to_axis_angle, matrix_to_quaternion, matrix_to_rot6d):
        assert convert(matrices).dtype == dtype


def test_float32_is_exact_enough_for_joints():
    """Through a file and back: 2e-6 rad on a 1 m long arm is 2 micrometres."""
    vectors = np.random.default_rng(0).normal(size=(1000, 3))
    matrices = axis_angle_to_matrix(vectors)
    back = axis_angle_to_matrix(matrix_to_axis_angle(matrices.astype(np.float32)))
    close(back, matrices, 2e-6)
