"""The mathematics of retargeting, without Blender."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sole_metrics import sole_points
from some_rigs import MAP, dance, make_rig, posed

from edge_backend.motion.feet import FootSettings, clean, clean_motion
from edge_backend.motion.feet.metrics import plant_slide
from edge_backend.motion.kinematics import forward_kinematics
from edge_backend.motion.motion import Motion
from edge_backend.motion.retarget import Rig, fit, pose_rig, read_rig
from edge_backend.motion.retarget.contacts import standing_feet
from edge_backend.motion.retarget.fitting import MODEL_LEG
from edge_backend.motion.retarget.onto_rig import leg_rig, swing_twist
from edge_backend.motion.retarget.slots import spine_shares, spine_ties
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.skeleton import Joint

LIMBS = [(16, 18), (17, 19), (18, 20), (19, 21), (1, 4), (2, 5), (4, 7), (5, 8)]
LEG = ("thigh", "shin", "foot", "toes")
LONG_LEGS = {4: 1.1, 5: 1.1, 7: 1.25, 8: 1.25, 10: 0.8, 11: 0.8}
# Hips half as wide again and thighs as long as shins, as most rigs have them; and Rigify's human: short shins and feet.
WIDE_HIPS = {1: 1.5, 2: 1.5, 4: 1.06, 5: 1.06, 7: 0.94, 8: 0.94}
SHORT_SHINS = {1: 1.37, 2: 1.37, 4: 1.13, 5: 1.13, 7: 0.87, 8: 0.87, 10: 0.7, 11: 0.7}


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


@pytest.mark.parametrize("lean", [(40, 0, 12), (-35, 20, 0), (0, -38, 0)])
def test_a_rest_pose_that_leans_dances_upright_on_the_floor_through_the_origin(lean):
    turn = np.linalg.multi_dot([axis_angle_to_matrix(np.eye(3)[axis] * np.radians(a)) for axis, a in enumerate(lean)])
    rig, motion = make_rig(LONG_LEGS, turn, 100, 30), dance()
    measured = fit(rig, MAP, np.array([0.0, 0.0, 3.0]))
    matrices = posed(rig, pose_rig(measured, motion), motion.frames)
    points = np.stack([matrix[:, :3, 3] for matrix in matrices.values()], axis=1)
    joints = motion.joints().astype(np.float64)
    assert np.abs(directions(points) - directions(joints)).max() < 1e-4
    # Hips, and thereby ankles, are as high over z = 0 as the model's, but for ankles of another height.
    heights = points[:, 1:3, 2].mean(axis=1) / measured.scale - joints[:, 1:3, 2].mean(axis=1)
    assert np.ptp(heights) < 1e-4 and abs(heights[0]) < 0.03
    back = read_rig(measured, {slot: matrices[bone] for slot, bone in MAP.items()})
    assert np.abs(back.root - motion.root).max() < 1e-4
    assert np.abs(back.rotations - motion.rotations)[:, :22].max() < 1e-4


@pytest.mark.parametrize("lean", [(90, 0, 0), (-90, 0, 0), (0, 90, 0), (180, 0, 0), (62, 0, 0), (-90, 0, 180)])
def test_a_body_that_lies_in_an_armature_that_stands_dances_upright(lean):
    """As importers have it where a file's up axis is another one than they take it for."""
    turn = np.linalg.multi_dot([axis_angle_to_matrix(np.eye(3)[axis] * np.radians(a)) for axis, a in enumerate(lean)])
    rig, motion = make_rig(LONG_LEGS, turn, 100, 30), dance()
    measured = fit(rig, MAP, np.array([0.0, 0.0, 1.0]))
    assert np.allclose(measured.axes[:, 2], (0, 0, 1)) and np.linalg.det(measured.axes) == pytest.approx(1)
    matrices = posed(rig, pose_rig(measured, motion), motion.frames)
    points = np.stack([matrix[:, :3, 3] for matrix in matrices.values()], axis=1)
    joints = motion.joints().astype(np.float64)
    assert np.abs(directions(points) - directions(joints) @ measured.axes.T).max() < 1e-4
    heights = points[:, 1:3, 2].mean(axis=1) / measured.scale - joints[:, 1:3, 2].mean(axis=1)
    assert np.ptp(heights) < 1e-4 and abs(heights[0]) < 0.03
    back = read_rig(measured, {slot: matrices[bone] for slot, bone in MAP.items()})
    assert np.abs(back.root - motion.root).max() < 1e-4


def test_a_body_that_lies_with_its_object_is_left_lying():
    """The dance goes with the object; Blender's panel says that it lies."""
    rig = make_rig()
    assert fit(rig, MAP, np.array([0.0, 1.0, 0.0])).axes[2, 2] == 1


SIZES = {"left_hip": 1.2, "right_hip": 1.2, "left_ankle": 0.7, "right_ankle": 0.7}


def test_bones_that_their_poses_scale_dance_as_bones_of_that_size():
    """Legs below the hip joints a fifth longer, and feet with them, but for a scale of their own."""
    motion = clean_motion(dance("commercial"))
    plain = make_rig()
    scaled = Rig(replace(bone, pose=np.diag([SIZES.get(name, 1.0)] * 3 + [1.0])) for name, bone in plain.items())
    alike = make_rig({4: 1.2, 5: 1.2, 7: 1.2, 8: 1.2, 10: 0.84, 11: 0.84})
    for feet in (None, FootSettings()):
        measured = fit(scaled, MAP, np.array([0.0, 0.0, 1.0]))
        here = heads(scaled, pose_rig(measured, motion, feet), motion.frames)
        there = heads(alike, pose_rig(fit(alike, MAP), motion, feet), motion.frames)
        here[..., 2] += 0.025 - 0.84 * 0.025  # soles are nearer to the toe joints of smaller feet
        off = np.abs(here - there)[:, :12]
        assert off[..., :2].max() < (1e-9 if feet is None else 0.01)  # metres
        assert off[..., 2].max() < (0.001 if feet is None else 0.01)  # left and right are not equally long
    matrices = posed(scaled, pose_rig(measured, motion), motion.frames)
    back = read_rig(measured, {slot: matrices[bone] for slot, bone in MAP.items()})
    assert np.abs(back.root - motion.root).max() < 1e-4


def test_a_rig_whose_object_is_turned_so_that_it_stands_is_not_straightened():
    turn = axis_angle_to_matrix(np.array([np.radians(40), 0, 0]))
    rig = make_rig(turn=turn)
    measured = fit(rig, MAP, turn @ [0, 0, 1])
    assert measured.rig is rig and np.degrees(np.arccos(measured.axes[:, 2] @ turn[:, 2])) < 5


def test_a_rig_that_hangs_from_its_origin_by_the_hips_dances_on_the_origins_floor():
    """As BVH files have it: at rest the feet are a leg below the origin, in the motion they are on it."""
    rig = make_rig(LONG_LEGS)
    hips = rig["pelvis"].head
    bones = []
    for bone in rig.values():
        rest = bone.rest.copy()
        rest[:3, 3] -= hips
        bones.append(replace(bone, rest=rest, tail=bone.tail - hips))
    hanging = Rig(bones)
    motion = clean_motion(dance())
    feet = {}
    for name, one in (("standing", rig), ("hanging", hanging)):
        measured = fit(one, MAP)
        matrices = posed(one, pose_rig(measured, motion, FootSettings()), motion.frames)
        feet[name] = matrices["left_toes"][:, 2, 3]
        back = read_rig(measured, {slot: matrices[bone] for slot, bone in MAP.items()})
        assert np.abs(back.root - motion.root).max() < 0.03  # what the feet's cleanup moves the hips by
    assert np.abs(feet["standing"] - feet["hanging"]).max() < 0.01


def leg_motion(measured, motion, settings):
    """The rig's legs after `pose_rig`, as `leg_rig` has them: local rotations (T, 9, 3, 3) and joints (T, 9, 3)."""
    rig, feet = measured.rig, leg_rig(measured)
    matrices = posed(rig, pose_rig(measured, motion, settings), motion.frames)
    bones = [measured.bones[slot] for slot in ("hips", *(f"{part}.{side}" for side in "LR" for part in LEG))]
    turns = np.stack([measured.axes.T @ matrices[bone][:, :3, :3] @ rig[bone].axes.T for bone in bones], axis=1)
    local = turns.copy()
    local[:, 1:] = np.swapaxes(turns[:, list(feet.skeleton.parents[1:])], -1, -2) @ turns[:, 1:]
    points = [measured.to_model(matrices[bone][:, :3, 3]) for bone in bones[1:]]
    joints = np.stack([(points[0] + points[4]) / 2, *points], axis=1)
    assert np.allclose(forward_kinematics(local, joints[:, 0], feet.skeleton), joints, atol=1e-5)
    return local, joints


def legs_turned(joints, others):
    """Degrees (T, 4) between thighs and shins of two leg motions."""
    ways = [points[:, [2, 3, 6, 7]] - points[:, [1, 2, 5, 6]] for points in (joints, others)]
    across = np.linalg.norm(np.cross(*ways), axis=-1)
    return np.degrees(np.arctan2(across, np.sum(ways[0] * ways[1], axis=-1)))


def hips_off(joints, others):
    """How far the hips' way is from another after the best scale, as a share of its reach."""
    ways = [points[:, 0] - points[:, 0].mean(axis=0) for points in (joints, others)]
    scaled = ways[0] * np.sum(ways[0] * ways[1]) / np.sum(ways[0] ** 2)
    return np.linalg.norm(ways[1] - scaled, axis=1).max() / np.linalg.norm(scaled, axis=1).max()


@pytest.mark.parametrize("name", ["salsa", "commercial", "modern", "breakdance"])
@pytest.mark.parametrize(
    ("lengths", "over"),  # of all thighs, shins and frames, turned by more than 2 degrees; of breakdance
    [(WIDE_HIPS, (0.01, 0.01)), (LONG_LEGS, (0.03, 0.05)), (SHORT_SHINS, (0.02, 0.05))],
    ids=["wide hips", "long shins", "short shins"],
)
def test_feet_stand_on_the_rigs_floor_where_the_dancers_stand_and_legs_point_as_theirs(lengths, over, name):
    """The figures of the foot cleanup, in rigs of other proportions than the model's."""
    motion = clean_motion(dance(name))  # as dances arrive
    measured = fit(make_rig(lengths, units=100), MAP)
    feet = leg_rig(measured)
    stands = standing_feet(motion).reshape(-1, 2, 2).transpose(0, 2, 1) > 0
    (_, before), (local, after) = (leg_motion(measured, motion, settings) for settings in (None, FootSettings()))
    slides = [plant_slide(joints, stands, feet) * 1000 for joints in (before, after)]  # millimetres per frame
    assert np.median(slides[0]) > 0.1  # proportions alone make feet slide
    assert np.median(slides[1]) < 0.3 and np.percentile(slides[1], 95) < 1
    assert sole_points(local, after[:, 0], feet)[..., 2].min() > -0.005
    turned = legs_turned(before, after)
    assert np.median(turned) < 0.5 and np.percentile(turned, 95) < 2  # measured: 0.48 and 1.97 degrees at most
    # Measured at most, by rig: 0.7, 2.7, 1.3 %, and 0.7, 4.2, 4.5 % of breakdance. Before hips and stances gave: 14 %.
    assert (turned > 2).mean() < over[name == "breakdance"]
    assert hips_off(before, after) < 0.01  # asked for; measured: 0.98 %
    swinging = [np.diff(joints[:, [0, 3, 7]], 3, axis=0) for joints in (before, after)]
    jerks = np.linalg.norm(swinging, axis=3).mean(axis=1)
    assert np.all(jerks[1] < 1.05 * jerks[0])  # hips and ankles tremble as little as the dancer's


@pytest.mark.parametrize(("thighs", "shins"), [(0.8, 1.25), (0.75, 1.3)])
def test_legs_with_long_shins_do_not_snap_where_feet_are_folded_under_the_hips(thighs, shins):
    """Such a leg cannot fold as far as the dancer's in squats and floor work. With the second rig the dance failed."""
    motion = clean_motion(dance("breakdance"))
    measured = fit(make_rig({4: thighs, 5: thighs, 7: shins, 8: shins}), MAP)
    (_, before), (_, after) = (leg_motion(measured, motion, settings) for settings in (None, FootSettings()))
    own, steps = (legs_turned(joints[1:], joints[:-1]).max(axis=0) for joints in (before, after))
    assert (steps < own + 14).all()  # degrees a frame; measured: 12.4 more at most, and 21.2 before


def test_hips_that_are_farther_apart_than_legs_are_long_stay_above_the_floor_in_floor_work():
    """The dancer's pelvis is rolled by 56 degrees near the floor. A hip joint came under it, and the soles off it."""
    motion = clean_motion(dance("breakdance"))
    measured = fit(make_rig({1: (12, 1, 1), 2: (12, 1, 1)}), MAP)
    local, joints = leg_motion(measured, motion, FootSettings())
    stands = standing_feet(motion).reshape(-1, 2, 2).transpose(0, 2, 1).any(axis=2)
    soles = sole_points(local, joints[:, 0], leg_rig(measured))[..., 2].min(axis=2)
    assert joints[:, [1, 5], 2].min() > 0.25  # measured: 0.33; -0.06 before
    assert soles.min() > -0.005 and soles[stands].max() < 0.005  # measured before: -0.075 and 0.023
    bends = [
        np.abs(np.diff(points, n=2)).max()
        for points in (joints[:, 0, 2], leg_motion(measured, motion, None)[1][:, 0, 2])
    ]
    assert bends[0] < 1.1 * bends[1]


@pytest.mark.parametrize("name", ["salsa", "commercial"])
def test_feet_without_toe_bones_do_not_pierce_the_floor_with_their_tips(name):
    """They cannot bend where the dancer's do, so they are pitched less while the heel is up."""
    bones = {slot: bone for slot, bone in MAP.items() if not slot.startswith("toes")}
    motion = clean_motion(dance(name))
    measured = fit(make_rig(), bones)
    tip = leg_rig(measured).feet[0].to_toe + leg_rig(measured).feet[0].tip
    lowest = []
    for feet in (None, FootSettings()):
        matrices = posed(measured.rig, pose_rig(measured, motion, feet), motion.frames)
        foot, bone = matrices[bones["foot.L"]], measured.rig[bones["foot.L"]]
        turn = measured.axes.T @ foot[:, :3, :3] @ bone.axes.T @ measured.axes
        lowest.append((measured.to_model(foot[:, :3, 3]) + turn @ tip)[:, 2].min())
    assert lowest[0] < -0.01 and lowest[1] > -0.005


@pytest.mark.parametrize("name", ["salsa", "commercial", "modern", "breakdance"])
def test_on_a_rig_of_the_models_proportions_clean_feet_stay_as_they_are(name):
    """Feet that slide in a clean dance are not planted on the rig: planting would rotate legs by ten degrees."""
    motion = clean_motion(dance(name))
    measured = fit(make_rig(), MAP)
    (_, before), (_, after) = (leg_motion(measured, motion, settings) for settings in (None, FootSettings()))
    assert legs_turned(before, after).max() < 1  # measured: 0.8; asked for: 2
    assert hips_off(before, after) < 0.001


def test_standing_feet_are_those_that_the_cleanup_plants():
    motion = dance("salsa")
    planted = clean(motion.rotations, motion.root, motion.contacts).planted
    stands = standing_feet(motion).reshape(-1, 2, 2).transpose(0, 2, 1) > 0
    assert np.array_equal(stands[:-1], planted[:-1] & planted[1:])
    still = standing_feet(clean_motion(motion)).reshape(-1, 2, 2).transpose(0, 2, 1) > 0
    beside = stands.copy()  # a foot that comes down to its plant, or leaves it, may creep for a frame
    beside[1:] |= stands[:-1]
    beside[:-1] |= stands[1:]
    assert not np.any(still & ~beside)
    assert still.sum() > 0.9 * stands.sum()


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


def test_a_long_dance_takes_the_memory_of_its_bones_turns_and_little_else():
    """Their poses, which take twice as much, are there for some seconds at a time."""
    measured, some = fit(make_rig(), MAP), dance()
    at = np.arange(3600) % some.frames
    long = Motion(some.rotations[at].astype(np.float32), some.root[at].astype(np.float32), some.contacts[at])
    pose_rig(measured, some)
    tracemalloc.start()
    try:
        pose_rig(measured, long)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 4 * long.frames * len(MAP) * 9 * 8
