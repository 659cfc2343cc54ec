"""The 151 channels and their normaliser."""

import numpy as np
import pytest
from hypothesis import given
from motion_strategies import motions

from edge_backend.motion.kinematics import forward_kinematics
from edge_backend.motion.motion import Motion
from edge_backend.motion.representation import CONTACTS, ROOT, ROTATIONS, Normaliser, mirror, unpack
from edge_backend.motion.skeleton import MIRROR, SMPL, Skeleton

ROUNDING = 2e-6  # float32 matrices, straightened once


@given(motions())
def test_a_dance_comes_back_from_its_vectors(motion):
    vectors = motion.vectors()
    assert vectors.shape == (motion.frames, 151)
    assert vectors.dtype == np.float32
    back = Motion.from_vectors(vectors)
    np.testing.assert_array_equal(back.contacts, motion.contacts)
    np.testing.assert_array_equal(back.root, motion.root)
    np.testing.assert_allclose(back.rotations, motion.rotations, atol=ROUNDING)


def test_channels_are_contacts_then_root_then_two_rows_per_joint():
    rotations = np.arange(24 * 9, dtype=np.float32).reshape(1, 24, 3, 3)
    motion = Motion(rotations, np.array([[7.0, 8, 9]]), np.array([[1.0, 0, 0, 1]]))
    (vector,) = motion.vectors()
    assert vector[CONTACTS].tolist() == [1, 0, 0, 1]
    assert vector[ROOT].tolist() == [7, 8, 9]
    assert vector[ROTATIONS][6:12].tolist() == [9, 10, 11, 12, 13, 14]  # joint 1: its first two rows


@given(motions())
def test_a_mirrored_dance_is_the_mirror_image_of_a_symmetric_body(motion):
    """SMPL's body is not quite symmetric: both sides are compared on the mirror image of its offsets."""
    flip = np.array([-1, 1, 1], dtype=np.float32)
    mirrored_body = Skeleton(SMPL.names, SMPL.parents, SMPL.offsets[MIRROR] * flip)
    contacts, root, rotations = mirror(motion.contacts, motion.root, motion.rotations)
    joints = forward_kinematics(rotations, root, mirrored_body)
    np.testing.assert_allclose(joints[:, MIRROR] * flip, motion.joints(), atol=1e-5)
    np.testing.assert_array_equal(contacts[:, [1, 0, 3, 2]], motion.contacts)


@given(motions())
def test_mirrored_twice_is_the_dance_itself(motion):
    there = mirror(motion.contacts, motion.root, motion.rotations)
    contacts, root, rotations = mirror(*there)
    np.testing.assert_array_equal(contacts, motion.contacts)
    np.testing.assert_array_equal(root, motion.root)
    np.testing.assert_array_equal(rotations, motion.rotations)


def test_unpacked_arrays_are_ones_own():
    vectors = np.zeros((2, 151), dtype=np.float32)
    contacts, root, _ = unpack(vectors)
    contacts += 1
    root += 1
    assert not vectors.any()


@pytest.mark.parametrize("name", ["rotations", "root", "contacts"])
def test_arrays_of_different_lengths_are_no_dance(name):
    arrays = {"rotations": np.zeros((3, 24, 3, 3)), "root": np.zeros((3, 3)), "contacts": np.zeros((3, 4))}
    arrays[name] = arrays[name][:, :2]
    with pytest.raises(ValueError, match=name):
        Motion(**arrays)


class TestNormaliser:
    """By arithmetic: a channel from 2 to 6, and one that is always 3."""

    vectors = np.array([[2.0, 3.0], [4.0, 3.0], [6.0, 3.0]], dtype=np.float32)

    def test_the_range_becomes_minus_one_to_one(self):
        normaliser = Normaliser.fit(self.vectors)
        np.testing.assert_array_equal(normaliser.normalise(self.vectors)[:, 0], [-1, 0, 1])
        assert (normaliser.scale[0], normaliser.min[0]) == (0.5, -2)

    def test_a_channel_that_never_changes_has_scale_two(self):
        normaliser = Normaliser.fit(self.vectors)
        assert (normaliser.scale[1], normaliser.min[1]) == (2, -7)
        np.testing.assert_array_equal(normaliser.normalise(self.vectors)[:, 1], [-1, -1, -1])
        np.testing.assert_array_equal(normaliser.unnormalise(np.array([[0.0, -1.0]])), [[4, 3]])

    def test_what_lies_outside_is_clipped_both_ways(self):
        normaliser = Normaliser.fit(self.vectors)
        np.testing.assert_array_equal(normaliser.normalise(np.array([[8.0, 9.0], [0.0, 0.0]])), [[1, 1], [-1, -1]])
        np.testing.assert_array_equal(normaliser.unnormalise(np.array([[3.0, -5.0]])), [[6, 3]])

    def test_unclipped_values_go_on_beyond_the_range(self):
        normaliser = Normaliser.fit(self.vectors)
        np.testing.assert_array_equal(normaliser.unnormalise(np.array([[3.0, -5.0]]), clip=False), [[10, 1]])

    def test_windows_are_fitted_over_all_their_frames(self):
        windows = self.vectors.reshape(3, 1, 2)
        np.testing.assert_array_equal(Normaliser.fit(windows).scale, Normaliser.fit(self.vectors).scale)
