"""The losses' kinematics agree with the motion package's, and gradients go through them."""

import numpy as np
import torch

from edge_backend.model.kinematics import forward_kinematics, rot6d_to_matrix, vector_joints
from edge_backend.motion import kinematics as exact
from edge_backend.motion.motion import Motion
from edge_backend.motion.rotations import axis_angle_to_matrix, matrix_to_axis_angle


def test_parity_of_forward_kinematics_in_torch(golden):
    rotations = torch.from_numpy(axis_angle_to_matrix(golden["fk.axis_angle"]))
    joints = forward_kinematics(rotations, torch.from_numpy(golden["fk.root"]))
    np.testing.assert_allclose(joints, golden["fk.joints"], atol=1e-4, rtol=0)


def test_parity_of_rotations_from_raw_6d_vectors_in_torch(golden):
    matrices = rot6d_to_matrix(torch.from_numpy(golden["rot.sixd_raw"]))
    np.testing.assert_allclose(matrix_to_axis_angle(matrices.numpy()), golden["rot.aa_from_sixd_raw"], atol=1e-4)


def test_joints_of_vectors_are_the_motion_packages():
    vectors = np.random.default_rng(0).normal(size=(7, 151))
    joints = vector_joints(torch.from_numpy(vectors))
    motion = Motion.from_vectors(vectors)
    np.testing.assert_allclose(joints, exact.forward_kinematics(motion.rotations, motion.root), atol=1e-12)


def test_gradients_are_the_finite_differences():
    torch.manual_seed(0)
    vectors = torch.randn(2, 151, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: vector_joints(v).square().sum(), vectors)


def test_autocast_leaves_the_joints_in_float32():
    vectors = torch.randn(5, 151)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = vector_joints(vectors)
    torch.testing.assert_close(rough, vector_joints(vectors), atol=0, rtol=0)
