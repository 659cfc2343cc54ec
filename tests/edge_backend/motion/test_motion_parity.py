"""The room `motion` equals the authors' code on recorded numbers."""

import numpy as np
import pytest

from edge_backend.motion.aist import from_aist
from edge_backend.motion.kinematics import forward_kinematics
from edge_backend.motion.representation import Normaliser
from edge_backend.motion.rotations import (
    axis_angle_to_matrix,
    matrix_to_axis_angle,
    matrix_to_rot6d,
    rot6d_to_matrix,
)

TOLERANCE = 1e-4  # absolute: a tenth of a millimetre, and as much in normalised units


@pytest.fixture
def normaliser(golden):
    return Normaliser(golden["normalizer.scale"], golden["normalizer.min"])


def close(actual, expected, tolerance=TOLERANCE):
    np.testing.assert_allclose(actual, expected, atol=tolerance, rtol=0)


def test_parity_of_forward_kinematics(golden):
    rotations = axis_angle_to_matrix(golden["fk.axis_angle"])
    close(forward_kinematics(rotations, golden["fk.root"]), golden["fk.joints"])


def test_parity_of_6d_rotations(golden):
    close(matrix_to_rot6d(axis_angle_to_matrix(golden["fk.axis_angle"])), golden["rot.sixd_from_aa"])


def test_parity_of_axis_angles_from_raw_6d_vectors(golden):
    """Any six numbers, as a network gives them: they are made orthonormal first."""
    close(matrix_to_axis_angle(rot6d_to_matrix(golden["rot.sixd_raw"])), golden["rot.aa_from_sixd_raw"])


def test_parity_of_aist_motions_as_normalised_vectors(golden, normaliser):
    poses, roots = golden["data.q_yup_60fps"], golden["data.pos_yup_60fps"]
    vectors = np.stack([from_aist(pose, root).vectors() for pose, root in zip(poses, roots, strict=True)])
    close(normaliser.normalise(vectors), golden["data.normalized_151"])


def test_parity_of_unnormalised_vectors(golden, normaliser):
    close(normaliser.unnormalise(golden["data.normalized_151"]), golden["normalizer.unnormalized"])


def test_parity_of_a_fitted_normaliser(golden):
    """From vectors that span the golden's range, the golden's scale and min."""
    low, high = golden["normalizer.data_min"], golden["normalizer.data_max"]
    fitted = Normaliser.fit(np.stack([low, high, (low + high) / 2]))
    np.testing.assert_allclose(fitted.scale, golden["normalizer.scale"], rtol=1e-5)
    np.testing.assert_allclose(fitted.min, golden["normalizer.min"], rtol=1e-5, atol=1e-5)
