"""The mathematics of retargeting, without Blender."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from some_rigs import MAP, dance, make_rig, posed

from edge_backend.motion.feet import FootSettings, clean
from edge_backend.motion.feet.figures import plant_slide, sole_points
from edge_backend.motion.kinematics import forward_kinematics
from edge_backend.motion.retarget import fit, pose_rig, read_rig
from edge_backend.motion.retarget.fitting import MODEL_LEG
from edge_backend.motion.retarget.onto_rig import leg_rig, swing_twist
from edge_backend.motion.retarget.slots import spine_shares, spine_ties
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.skeleton import Joint

LIMBS = [(16, 18), (17, 19), (18, 20), (19, 21), (1, 4), (2, 5), (4, 7), (5, 8)]
LONG_LEGS = {4: 1.1, 5: 1.1, 7: 1.25, 8: 1.25, 10: 0.8, 11: 0.8}


def directions(points):
    ways = np.stack([points[:, last] - points[:, first] for first, last in LIMBS], axis=1)
    return ways / np.linalg.norm(ways, axis=-1, keepdims=True)


def heads(rig, poses, frames):
    return np.stack([matrix[:, :3, 3] for matrix in posed(rig, poses, frames).values()], axis=1)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 10**6),
    st.floats(-20, 70),
    st.floats(0.01, 100),
    st.tuples(*[st.sampled_from([0, 90, 180, 270])] * 3),
)
def test_limbs_point_where_the_models_do_whatever_the_bones_axes_the_arms_and_the_units(seed, drop, units, quarters):
    turn = np.linalg.multi_dot(
        [axis_angle_to_matrix(np.eye(3)[axis] * np.radians(q)) for axis, q in enumerate(quarters)]
    )
    rig = make_rig(LONG_LEGS, turn, units, drop, seed)
    motion = dance(frames=12)
    points = heads(rig, pose_rig(fit(rig, MAP), motion), motion.frames)
    wanted = directions(motion.joints().astype(np.float64)) @ turn.T
    assert np.abs(directions(points) - wanted).max() < 1e-4  # 0.006 degrees; the dance is float32


def test_the_hips_go_the_models_way_larger_by_the_legs_length():
    rig = make_rig(LONG_LEGS, units=100)
    motion = dance()
    measured = fit(rig, MAP)
    legs = np.linalg.norm(rig["left_knee"].head - rig["left_hip"].head)
    legs += np.linalg.norm(rig["left_ankle"].head - rig["left_knee"].head)
    assert measured.scale * MODEL_LEG == pytest.approx(legs, rel=0.01)
    here = heads(rig, pose_rig(measured, motion), motion.frames)[:, 1:3].mean(axis=1)
    there = motion.joints()[:, 1:3].mean(axis=1)
    assert np.allclose(np.diff(here, axis=0), measured.scale * np.diff(there, axis=0), atol=1e-3)


def test_a_motion_comes_back_from_the_rig_as_it_went():
    rig = make_rig(LONG_LEGS, axis_angle_to_matrix(np.array([np.pi / 2, 0, 0])), 100, 45)
    motion = dance()
    measured = fit(rig, MAP)
    matrices = posed(rig, pose_rig(measured, motion), motion.frames)
    back = read_rig(measured, {slot: matrices[bone] for slot, bone in MAP.items()})
    assert np.abs(back.root - motion.root).max() < 1e-4
    assert np.abs(back.rotations - motion.rotations)[:, :22].max() < 1e-4


def leg_joints(measured, matrices):
    """The joints of `leg_rig` (T, 9, 3) in the model's space, as the posed rig has them."""
    slots = [f"{part}.{side}" for side in "LR" for part in ("thigh", "shin", "foot", "toes")]
    points = [measured.to_model(matrices[measured.bones[slot]][:, :3, 3]) for slot in slots]
    return np.stack([(points[0] + points[4]) / 2, *points], axis=1)


@pytest.mark.parametrize("name", ["salsa", "commercial", "modern"])
def test_feet_stand_on_the_rigs_floor(name):
    """The figures of the foot cleanup, in a rig with longer shins and shorter feet than the model's."""
    rig = make_rig(LONG_LEGS, units=100)
    motion = dance(name)
    measured = fit(rig, MAP)
    feet = leg_rig(measured)
    slides, lowest = {}, {}
    for cleaned in (None, FootSettings()):
        poses = pose_rig(measured, motion, cleaned)
        matrices = posed(rig, poses, motion.frames)
        turns = np.stack(
            [
                measured.axes.T @ matrices[measured.bones[slot]][:, :3, :3] @ rig[measured.bones[slot]].axes.T
                for slot in ("hips", *(f"{p}.{s}" for s in "LR" for p in ("thigh", "shin", "foot", "toes")))
            ],
            axis=1,
        )
        local = turns.copy()
        local[:, 1:] = np.swapaxes(turns[:, list(feet.skeleton.parents[1:])], -1, -2) @ turns[:, 1:]
        joints = leg_joints(measured, matrices)
        assert np.allclose(forward_kinematics(local, joints[:, 0], feet.skeleton), joints, atol=1e-5)
        if cleaned is None:  # what the cleanup will plant
            planted = clean(local, joints[:, 0], motion.contacts, rig=feet).planted
        slides[cleaned] = plant_slide(joints, planted, feet) * 1000
        lowest[cleaned] = sole_points(local, joints[:, 0], feet)[..., 2].min()
    before, after = slides.values()
    assert np.median(before) > 0.1  # proportions alone make feet slide
    assert np.median(after) < 0.3 and np.percentile(after, 95) < 1  # millimetres per frame
    assert list(lowest.values())[1] > -0.005


@given(st.integers(1, 6))
def test_the_spines_turn_is_shared_and_the_chest_has_all_of_it(count):
    shares = spine_shares(count)
    assert (shares[-1].second, shares[-1].weight) == (Joint.SPINE3, 1)
    for joint, bone in spine_ties(count).items():
        assert (shares[bone].second, shares[bone].weight) == (joint, 1)
    heights = [[0, 3, 6, 9].index(share.first) + share.weight for share in shares]
    assert heights == sorted(heights)


@given(st.lists(st.floats(-2, 2), min_size=3, max_size=3), st.floats(-3, 3))
def test_swing_and_twist_make_the_turn_and_the_swing_does_not_twist(swing, angle):
    axis = np.array([0.6, 0.0, 0.8])
    across = np.array(swing) - np.dot(swing, axis) * axis
    if np.linalg.norm(across) > 3:
        across *= 3 / np.linalg.norm(across)
    turn = axis_angle_to_matrix(across) @ axis_angle_to_matrix(angle * axis)
    bend, twist = swing_twist(turn[None], axis)
    assert np.allclose(bend @ twist, turn, atol=1e-6)
    assert np.allclose(bend[0], axis_angle_to_matrix(across), atol=1e-6)


def test_a_body_without_width_is_refused():
    rig = make_rig({1: 0.0, 2: 0.0})
    with pytest.raises(ValueError, match="no width"):
        fit(rig, MAP)
