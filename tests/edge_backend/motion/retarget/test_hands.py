"""Hands of real characters: every knuckle flexes as asked, about its true axis, whatever the roll of the bones."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from some_rigs import dance, posed
from test_real_rigs import fitted_with_fingers

from edge_backend.motion.retarget.hands import (
    STEP,
    STYLES,
    Finger,
    HandSettings,
    intended_flexion,
    measure_fingers,
    off_the_others,
    off_the_palm,
    palm_distance,
    pose_hands,
)
from edge_backend.motion.rotations import axis_angle_to_matrix

HANDS = [
    "babylon_rigged_mesh.glb", "mesh2motion_sintel.glb", "vrm_example.vrm", "mpfb_default_bpy45.blend",
    "mmd_yw_test_model.pmx", "rocketbox_male_adult_06.fbx", "godette_v4.vrm", "maya_kenney_character.fbx",
]  # fmt: skip
STILL = {"amount": 1.0, "life": 0.0}


def flexions(measured, fingers, poses, side, digit):
    """Degrees (bones,) between a finger's bones in the last frame, seen along its knuckle axis as the hand lies."""
    finger = next(one for one in measure_fingers(measured, fingers, side) if one.digit == digit)
    places = posed(measured.rig, poses, len(poses[0].rotations))
    heads = [places[bone][-1, :3, 3] for bone in finger.bones]
    wrist = places[measured.bones[f"hand.{side}"]][-1, :3, 3]
    ways = [heads[0] - wrist, *np.diff(heads, axis=0)]
    found = []
    for pair in pairwise(ways):
        a, b = (way - finger.axis * (way @ finger.axis) for way in pair)
        found.append(np.degrees(np.arctan2(np.cross(a, b) @ finger.axis, a @ b)))
    return np.array(found)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", HANDS)
def test_every_knuckle_is_where_the_style_wants_it(name, style):
    measured, fingers = fitted_with_fingers(name)
    motion = dance(frames=30)
    _, poses = pose_hands(measured, fingers, motion, HandSettings(style, **STILL))
    for key, chain in fingers.items():
        digit, _, side = key.partition(".")
        if digit == "thumb" or len(chain) < 2:
            continue
        here = flexions(measured, fingers, poses, side, digit)
        wished = intended_flexion(digit, style, len(chain))[: len(here)]
        assert np.abs(here - wished).max() < 5  # degrees; exact but for rounding


@pytest.mark.parametrize("name", HANDS)
def test_a_fist_closes_towards_the_palm_and_opens_again(name):
    """Fingertips of a fist lie on the side of the palm, nearer to the wrist than those of a flat hand."""
    measured, fingers = fitted_with_fingers(name)
    motion = dance(frames=30)
    reach = {}
    for style in ("flat", "fist"):
        frames, poses = pose_hands(measured, fingers, motion, HandSettings(style, **STILL))
        places = posed(measured.rig, poses, len(frames))
        for side in "LR":
            wrist = places[measured.bones[f"hand.{side}"]][-1, :3, 3]
            for key, chain in fingers.items():
                if key.endswith(side) and not key.startswith("thumb") and len(chain) > 1:
                    reach.setdefault(key, []).append(places[chain[-1]][-1, :3, 3] - wrist)
    assert reach
    palms = {"L": [], "R": []}
    for key, (flat, fist) in reach.items():
        assert np.linalg.norm(fist) < np.linalg.norm(flat)
        palms[key[-1]].append(fist - flat)
    # Palms face down in a T-pose, inward and back where arms hang: there the tips of a fist go from where they were.
    left, back, up = measured.axes.T
    for side, inward in (("L", -left), ("R", left)):
        assert np.mean(palms[side], axis=0) @ (inward + 0.5 * back - up) > 0


def test_half_the_amount_is_half_the_way_and_none_is_the_rest_pose():
    measured, fingers = fitted_with_fingers("vrm_example.vrm")
    motion = dance(frames=30)
    half, full, none = (
        pose_hands(measured, fingers, motion, HandSettings("fist", amount, 0.0))[1] for amount in (0.5, 1.0, 0.0)
    )
    for a, b, c in zip(half, full, none, strict=True):
        assert np.allclose(a.rotations @ a.rotations, b.rotations, atol=1e-9)
        assert np.allclose(c.rotations, np.eye(3), atol=1e-12)


@pytest.mark.parametrize("style", STYLES)
def test_living_hands_move_little_by_little_within_what_people_reach(style):
    measured, fingers = fitted_with_fingers("vrm_example.vrm")
    motion = dance(frames=150)
    frames, poses = pose_hands(measured, fingers, motion, HandSettings(style, 1.0, 1.0))
    assert frames[0] == 0 and frames[-1] == 149 and len(frames) <= 150 / STEP + 2
    moved = 0.0
    for pose in poses:
        between = np.swapaxes(pose.rotations[:-1], 1, 2) @ pose.rotations[1:]
        angle = np.degrees(np.arccos(np.clip((np.trace(between, axis1=1, axis2=2) - 1) / 2, -1, 1)))
        assert angle.max() < 60
        moved = max(moved, angle.max())
    assert moved > (2 if style != "flat" else 0)
    for side in "LR":
        for finger in measure_fingers(measured, fingers, side):
            for place, bone in enumerate(finger.bones):
                pose = next(one for one in poses if one.bone == bone)
                cosine = np.clip((np.trace(pose.rotations, axis1=1, axis2=2) - 1) / 2, -1, 1)
                assert np.degrees(np.arccos(cosine)).max() + finger.flexion[place] < 125


SECTIONS = st.lists(st.floats(0.3, 3.0), min_size=1, max_size=4)


@given(
    SECTIONS, st.lists(st.tuples(st.floats(0, 90), st.floats(0, 110), st.floats(0, 80), st.floats(0, 60)), max_size=5)
)
def test_no_finger_goes_through_the_palm_whatever_its_proportions(sections, hands):
    lengths = np.array(sections)
    wished = np.array(hands).reshape(-1, 4)[:, : len(lengths)]
    flexion = off_the_palm(lengths, wished)
    assert (flexion <= wished + 1e-9).all() and (flexion >= 0).all()
    assert np.array_equal(flexion[:, 0], wished[:, 0])  # the knuckle is as the style wants it
    assert (palm_distance(lengths, flexion) >= -1e-9).all()


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", HANDS)
def test_fingers_of_real_hands_stay_on_the_palms_side(name, style):
    """Geometry, not angles: where the joints are, from the plane through the wrist and the knuckles."""
    measured, fingers = fitted_with_fingers(name)
    frames, poses = pose_hands(measured, fingers, dance(frames=60), HandSettings(style, 1.0, 1.0))
    places = posed(measured.rig, poses, len(frames))
    checked = 0
    for side in "LR":
        wrist = places[measured.bones[f"hand.{side}"]][:, :3, 3]
        for finger in measure_fingers(measured, fingers, side):
            if finger.digit == "thumb" or len(finger.bones) < 2:
                continue
            knuckle = places[finger.bones[0]][:, :3, 3]
            ahead = (knuckle - wrist) / np.linalg.norm(knuckle - wrist, axis=1, keepdims=True)
            inward = np.cross(finger.axis, ahead)
            for bone in finger.bones[1:]:
                way = places[bone][:, :3, 3] - knuckle
                back = np.sum(way * ahead, axis=1) < 0
                assert not (back & (np.sum(way * inward, axis=1) < 0)).any()
                checked += 1
    assert checked


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", HANDS)
def test_thumbs_of_real_hands_stay_off_the_palm_and_the_other_fingers(name, style):
    """The outer sections of a thumb are a finger's thickness, a seventh of a finger, from palm and finger bones."""
    measured, fingers = fitted_with_fingers(name)
    frames, poses = pose_hands(measured, fingers, dance(frames=60), HandSettings(style, 1.0, 1.0))
    places = posed(measured.rig, poses, len(frames))
    checked = 0
    for side in "LR":
        hand = {finger.digit: finger for finger in measure_fingers(measured, fingers, side)}
        if "thumb" not in hand or len(hand["thumb"].bones) < 2:
            continue
        wrist = places[measured.bones[f"hand.{side}"]][:, :3, 3]
        lines = {digit: line(finger, places, measured) for digit, finger in hand.items()}
        outer = points_along(lines.pop("thumb")[-3:])[3:]
        others = np.concatenate([points_along([wrist, *joints]) for joints in lines.values()])
        length = np.mean([hand[digit].lengths.sum() for digit in lines])
        assert np.linalg.norm(outer[:, None] - others, axis=-1).min() > 0.14 * length
        checked += 1
    assert checked == 2


def line(finger, places, measured):
    """The joints of a posed finger and its tip, each (K, 3)."""
    last = places[finger.bones[-1]]
    turned = last[:, :3, :3] @ measured.rig[finger.bones[-1]].rest[:3, :3].T
    tip = last[:, :3, 3] + turned @ finger.directions[-1] * finger.lengths[-1]
    return [*(places[bone][:, :3, 3] for bone in finger.bones), tip]


def points_along(joints):
    return np.array([a + (b - a) * t for a, b in pairwise(joints) for t in np.linspace(0, 1, 10)])


@settings(max_examples=25)
@given(st.floats(-60, 60), st.floats(-30, 60), st.floats(0.5, 2.0), st.floats(0, 40))
def test_a_thumb_closes_as_far_as_the_others_leave_it(aside, lower, length, height):
    """Whatever its rest pose and length; where it is never free it stays where it is farthest from them."""
    way = axis_angle_to_matrix(np.radians([0.0, lower, aside])) @ np.array([1.0, 0.0, 0.0])
    axis = np.cross(way, [0.0, 1.0, -1.0])
    thumb = Finger(
        "thumb", ("a", "b", "c"), axis / np.linalg.norm(axis), np.zeros(3), length * np.array([40.0, 30.0, 25.0]),
        np.tile(way, (3, 1)), np.array([20.0, -25.0, -height]),
    )  # fmt: skip
    palm = np.array([[[0.0, 0.0, 0.0], [85.0, y, 0.0], [90.0, y, -40.0], [65.0, y, -35.0]] for y in (-30, -10, 10, 30)])
    others = list(palm[:, None])
    asked = np.array([[30.0, 35.0, 45.0]])
    turned = off_the_others(thumb, asked, others)
    share = turned[0] / asked[0]
    assert np.ptp(share) < 1e-9 and 0 <= share[0] <= 1

    def apart(part):
        outer = points_along(thumb.joints(part * asked)[0, -3:])[3:]
        return np.linalg.norm(outer[:, None] - points_along_all(palm), axis=-1).min()

    best = max(apart(part) for part in np.linspace(0, 1, 21))
    assert apart(share[0]) > min(best, 0.17 * 65) - 5  # millimetres; a quarter of a section is between two points


def points_along_all(lines):
    return np.concatenate([points_along(joints) for joints in lines])


def test_fingers_of_one_bone_beside_a_thumb_without_length_close_too():
    """Hands of CMU's BVH files: thumb and finger start at the wrist, so that no bone lies across the palm."""
    measured, fingers = fitted_with_fingers("cmu_01_01.bvh")
    assert {"thumb.L", "middle.L"} <= set(fingers) or {"thumb.L", "index.L"} <= set(fingers)
    _, poses = pose_hands(measured, fingers, dance(frames=30), HandSettings("fist", **STILL))
    for pose in poses:
        angle = np.degrees(np.arccos(np.clip((np.trace(pose.rotations[-1]) - 1) / 2, -1, 1)))
        assert angle > 20
