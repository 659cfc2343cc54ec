"""The pickle for the tools of EDGE's authors, which they read without any class of ours."""

import pickle

import numpy as np
from hypothesis import given, settings
from motion_strategies import motions

from edge_backend.motion.edge_pickle import save_edge_pickle
from edge_backend.motion.rotations import axis_angle_to_matrix


@settings(max_examples=10)
@given(motion=motions())
def test_poses_root_and_joints_are_in_it(tmp_path_factory, motion):
    path = tmp_path_factory.mktemp("pickle") / "dance.pkl"
    save_edge_pickle(path, motion)
    content = pickle.Unpickler(path.open("rb")).load()  # noqa: S301 - written two lines above
    assert content["smpl_poses"].shape == (motion.frames, 72)
    rotations = axis_angle_to_matrix(content["smpl_poses"].reshape(-1, 24, 3))
    np.testing.assert_allclose(rotations, motion.rotations, atol=2e-6)
    np.testing.assert_array_equal(content["smpl_trans"], motion.root)
    np.testing.assert_array_equal(content["full_pose"], motion.joints())
