"""Dances on the model's own skeleton in other proportions."""

import numpy as np
import pytest
from sole_metrics import sole_points
from some_rigs import dance

from edge_backend.motion.feet import FootSettings, clean_motion
from edge_backend.motion.feet.metrics import plant_slide
from edge_backend.motion.kinematics import forward_kinematics
from edge_backend.motion.retarget import off_body, onto_body
from edge_backend.motion.retarget.body import body_rig
from edge_backend.motion.retarget.contacts import standing_feet
from edge_backend.motion.skeleton import SMPL, Y_UP_TO_Z_UP

TALL = {4: 1.1, 5: 1.1, 7: 1.25, 8: 1.25, 10: 0.8, 11: 0.8, 18: 1.2, 19: 1.2}


def rest_joints(lengths):
    """The model at rest with bones lengthened by joint number, toe joints 25 mm above the floor."""
    offsets = SMPL.offsets.astype(np.float64) @ Y_UP_TO_Z_UP.T
    joints = np.zeros((24, 3))
    for joint, parent in enumerate(SMPL.parents[1:], start=1):
        joints[joint] = joints[parent] + offsets[joint] * lengths.get(joint, 1)
    joints[:, 2] += 0.025 - joints[[10, 11], 2].min()
    return joints


def test_a_body_of_the_models_proportions_gets_the_dance_itself():
    motion = dance()
    assert onto_body(motion, rest_joints({}), FootSettings()) is motion
    assert off_body(motion, rest_joints({})) is motion


def test_every_joint_turns_as_the_models_and_the_way_back_is_exact():
    motion, joints = dance(), rest_joints(TALL)
    there = onto_body(motion, joints)
    assert np.array_equal(there.rotations, motion.rotations)
    assert np.abs(off_body(there, joints).root - motion.root).max() < 1e-5


def test_ankles_stand_as_high_as_on_the_body_at_rest():
    """A model that stands in T-pose stands in T-pose on the body, whose feet are flat on the same floor."""
    joints, model = rest_joints(TALL), rest_joints({})
    model[:, 2] += 0.022 - 0.025  # the model's own toe joints
    still = dance(frames=2)
    upright = np.tile(np.eye(3, dtype=np.float32), (2, 24, 1, 1))
    upright[:, 0] = Y_UP_TO_Z_UP
    still.rotations, still.root = upright, np.tile(model[0], (2, 1)).astype(np.float32)
    there = onto_body(still, joints)
    heights = forward_kinematics(there.rotations, there.root, body_rig(joints).skeleton)[..., 2]
    assert np.abs(heights[:, [7, 8]].mean() - joints[[7, 8], 2].mean()) < 0.002


@pytest.mark.parametrize("name", ["salsa", "commercial", "modern"])
def test_feet_stand_on_the_bodys_floor(name):
    motion, joints = clean_motion(dance(name)), rest_joints(TALL)
    rig = body_rig(joints)
    raw, cleaned = onto_body(motion, joints), onto_body(motion, joints, FootSettings())
    stands = standing_feet(motion).reshape(-1, 2, 2).transpose(0, 2, 1) > 0
    before, after = (
        plant_slide(forward_kinematics(body.rotations, body.root, rig.skeleton), stands, rig) * 1000
        for body in (raw, cleaned)
    )
    assert np.median(before) > 0.1
    assert np.median(after) < 0.3 and np.percentile(after, 95) < 1  # millimetres per frame, as on the dancer
    assert sole_points(cleaned.rotations, cleaned.root, rig)[..., 2].min() > -0.005
