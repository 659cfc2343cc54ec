"""Feet stand on the soles of their meshes, which need not be where the bones say."""

import numpy as np
import pytest
from some_rigs import MAP, dance, make_rig, posed

from edge_backend.motion.feet import FootSettings, clean_motion
from edge_backend.motion.feet.meshes import SECTIONS, FootMesh, put_down_in_steps
from edge_backend.motion.kinematics import joint_positions
from edge_backend.motion.retarget import fit, onto_rig, pose_rig, read_rig
from edge_backend.motion.retarget.contacts import standing_feet
from edge_backend.motion.retarget.onto_rig import leg_joints, leg_rig, posed_meshes
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.steps import at_once

OBJECT = axis_angle_to_matrix(np.array([np.pi / 2, 0, 0]))


HEEL, BEYOND = 0.08, 0.13  # metres behind the ankle, and ahead of the toe joint


def shoes(rig, turn, under=0.06, units=1.0):
    """Blocks around the feet, with soles `under` metres below the toe joints."""
    found = {}
    for side in "LR":
        ankle, toe = (rig[MAP[f"{part}.{side}"]].head @ turn / units for part in ("foot", "toes"))
        ends = ankle[1] + HEEL, toe[1] - BEYOND
        block = [
            (toe[0] + x, y, z) for x in (-0.04, 0.04) for y in np.linspace(*ends, 5) for z in (toe[2] - under, toe[2])
        ]
        found[side] = units * np.array(block) @ turn.T
    return found


def meshes(rig, points, turn, shin=0.0, thigh=0.0):
    """The blocks as meshes: ahead of the toe joints they follow the toes; these shares of the inner halves the leg."""
    found = {}
    for side in "LR":
        toes, ankle = (rig[MAP[f"{part}.{side}"]].head for part in ("toes", "foot"))
        ahead = ((points[side] - toes) @ turn)[:, 1] < 0
        inner = ((points[side] - toes) @ turn)[:, 0] * np.sign((ankle @ turn)[0]) < 0
        shares = np.zeros((len(points[side]), len(SECTIONS)))
        shares[:, SECTIONS.index("shin")], shares[:, SECTIONS.index("thigh")] = inner * shin, inner * thigh
        own = 1 - shares.sum(axis=1)
        shares[:, SECTIONS.index("foot")], shares[:, SECTIONS.index("toes")] = own * ~ahead, own * ahead
        found[side] = FootMesh(points[side], shares)
    return found


def skinned(rig, poses, feet):
    """Heights (T, 2) of the lowest point of each foot, as an Armature modifier has it; metres, z up."""
    places = posed(rig, poses, len(poses[0].rotations))
    heights = []
    for side in "LR":
        slots = ("hips", *(f"{part}.{side}" for part in ("thigh", "shin", "foot", "toes")))
        turned = [places[MAP[slot]] @ np.linalg.inv(rig[MAP[slot]].rest) for slot in slots]
        moved = [feet[side].points @ one[:, 2:3, :3].swapaxes(1, 2)[..., 0, None] for one in turned]
        z = [high[..., 0] + one[:, 2, 3, None] for high, one in zip(moved, turned, strict=True)]
        heights.append((np.stack(z, axis=2) * feet[side].shares).sum(axis=2).min(axis=1))
    return np.stack(heights, axis=1)


def lowest(rig, poses, points, turn, units):
    """Heights (T, 2) of the lowest point of each foot, metres, with the toes' part going with the toes."""
    places = posed(rig, poses, len(poses[0].rotations))
    heights = []
    for side in "LR":
        foot, toes = (rig[MAP[f"{part}.{side}"]] for part in ("foot", "toes"))
        ahead = ((points[side] - toes.head) @ turn)[:, 1] < 0
        moved = [
            (some @ turned[:, :3, :3].swapaxes(1, 2) + turned[:, None, :3, 3])
            for bone, some in ((foot, points[side][~ahead]), (toes, points[side][ahead]))
            for turned in [places[bone.name] @ np.linalg.inv(bone.rest)]
        ]
        heights.append((np.concatenate(moved, axis=1) @ turn)[..., 2].min(axis=1) / units)
    return np.stack(heights, axis=1)


@pytest.mark.parametrize(("units", "turn"), [(1.0, np.eye(3)), (100.0, OBJECT)])
@pytest.mark.parametrize("under", [0.06, 0.002])
def test_soles_of_meshes_stand_on_the_floor_and_tips_of_long_shoes_stay_above_it(units, turn, under):
    """The toe joints are 25 mm above the origin: the sole is 35 mm below it, or floats 23 mm above it."""
    rig, motion = make_rig(turn=turn, units=units), clean_motion(dance())
    points = shoes(rig, turn, under, units=units)
    planted = standing_feet(motion) > 0
    whole = planted[:, :2] & planted[:, 2:]
    found = []
    for feet in (meshes(rig, points, turn), None):
        measured = fit(rig, MAP, None, feet)
        heights = lowest(rig, pose_rig(measured, motion, FootSettings()), points, turn, units)
        found.append((heights[whole], heights.min()))
    (standing, deepest), (before, _) = found
    assert len(standing) > 100
    assert standing.min() > -0.002 and standing.max() < 0.005
    assert deepest > -0.02
    assert abs(np.median(before)) > 0.02  # without the meshes


def test_a_body_far_from_the_origin_stands_where_its_soles_are():
    rig = make_rig()
    lifted = make_rig()
    points = {side: some - (0, 0, 0.3) for side, some in shoes(rig, np.eye(3)).items()}
    assert not fit(lifted, MAP, None, meshes(lifted, points, np.eye(3))).feet  # 33 cm under the toes are no soles
    for side in "LR":
        points[side] += (0, 0, 0.3)
    measured = fit(rig, MAP, None, meshes(rig, points, np.eye(3)))
    assert measured.toe_joint("L")[2] - points["L"][:, 2].min() / measured.scale == pytest.approx(0.06, abs=0.002)
    assert not measured.floor.any()


def test_a_dance_comes_back_from_a_rig_with_shoes_as_it_went():
    rig, motion = make_rig(), dance()
    measured = fit(rig, MAP, None, meshes(rig, shoes(rig, np.eye(3)), np.eye(3)))
    matrices = posed(rig, pose_rig(measured, motion), motion.frames)
    back = read_rig(measured, {slot: matrices[bone] for slot, bone in MAP.items()})
    assert np.abs(back.joints() - motion.joints()).max() < 1e-3


def test_meshes_of_one_foot_are_not_enough():
    rig = make_rig()
    assert not fit(rig, MAP, None, {"L": meshes(rig, shoes(rig, np.eye(3)), np.eye(3))["L"]}).feet


@pytest.mark.parametrize(("shin", "thigh"), [(0.0, 0.0), (0.35, 0.0), (0.3, 0.12)])
@pytest.mark.parametrize("name", ["salsa", "commercial"])
def test_soles_that_partly_follow_shin_and_thigh_stand_on_the_floor(shin, thigh, name):
    """As those of round bodies do. Wide soles, too, on the toes alone, and swinging ones."""
    rig, motion = make_rig(), clean_motion(dance(name))
    feet = meshes(rig, shoes(rig, np.eye(3)), np.eye(3), shin, thigh)
    rigid = meshes(rig, shoes(rig, np.eye(3)), np.eye(3))
    planted = standing_feet(motion).reshape(-1, 2, 2) > 0
    whole, any_part = planted.all(axis=1), planted.any(axis=1)
    heights = skinned(rig, pose_rig(fit(rig, MAP, None, feet), motion, FootSettings()), feet)
    assert heights[whole].min() > -0.0045 and heights[any_part].min() > -0.0045
    assert heights[whole].max() < 0.005
    assert heights.min() > -0.008
    if shin:
        before = skinned(rig, pose_rig(fit(rig, MAP, None, rigid), motion, FootSettings()), feet)
        assert before[whole].min() < -0.01


@pytest.mark.parametrize("name", ["salsa", "commercial"])
def test_balls_at_the_ends_of_shins_stand_on_the_floor_and_still_on_toes_too(name):
    """Such a body has no feet that could tip."""
    rig, motion = make_rig(), clean_motion(dance(name))
    around = np.random.default_rng(0).normal(size=(200, 3))
    around *= 0.07 / np.linalg.norm(around, axis=1, keepdims=True)
    shin = np.tile(np.eye(len(SECTIONS))[SECTIONS.index("shin")], (200, 1))
    feet = {side: FootMesh(rig[MAP[f"foot.{side}"]].head + around, shin, SECTIONS.index("shin")) for side in "LR"}
    poses = pose_rig(fit(rig, MAP, None, feet), motion, FootSettings())
    heights = skinned(rig, poses, feet)
    planted = standing_feet(motion).reshape(-1, 2, 2) > 0
    toes = planted[:, 1] & ~planted[:, 0]
    assert toes.sum() > 20
    assert heights[planted.any(axis=1)].min() > -0.004 and heights[planted.any(axis=1)].max() < 0.0055
    places = posed(rig, poses, motion.frames)
    ankles = np.stack([places[MAP[f"foot.{side}"]][:, :2, 3] for side in "LR"], axis=1)
    assert np.median(np.linalg.norm(np.diff(ankles, axis=0), axis=-1)[toes[:-1]]) < 0.0015  # a frame
    before = skinned(rig, pose_rig(fit(rig, MAP), motion, FootSettings()), feet)
    assert before[toes].max() > 0.02


def standing(frames):
    """Legs and meshes of feet of a rig at rest, and for so many frames its turns, joints, and planted feet: all."""
    rig = make_rig()
    measured = fit(rig, MAP, None, meshes(rig, shoes(rig, np.eye(3)), np.eye(3)))
    legs = leg_rig(measured)
    turns, joints = np.tile(np.eye(3), (frames, 9, 1, 1)), np.tile(leg_joints(measured), (frames, 1, 1))
    return legs, posed_meshes(measured, legs), turns, joints, np.ones((frames, 2, 2), bool)


def test_ankles_move_smoothly_as_soles_are_put_down():
    rig, motion = make_rig(), clean_motion(dance("salsa"))
    feet = meshes(rig, shoes(rig, np.eye(3)), np.eye(3), 0.35)
    jerks = []
    for given in (feet, None):
        places = posed(rig, pose_rig(fit(rig, MAP, None, given), motion, FootSettings()), motion.frames)
        ankles = np.stack([places[MAP[f"foot.{side}"]][:, :3, 3] for side in "LR"])
        jerks.append(np.abs(np.diff(ankles, 3, axis=1)).mean())
    assert jerks[0] < 1.1 * jerks[1]


def test_hips_are_lowered_where_a_straight_leg_is_too_short_for_its_sole():
    legs, feet, turns, joints, planted = standing(60)
    joints[..., 2] += 0.05 * (np.arange(60) >= 30)[:, None]  # metres; legs reach 4 cm below where they are at rest
    down, drop = at_once(put_down_in_steps(turns, joints, planted, legs, feet, FootSettings()))
    joints[:, 0, 2] -= drop
    placed = joint_positions(down, joints[:, 0], legs.skeleton)
    heights = np.stack([foot.heights(down, placed).min(axis=1) for foot in feet], axis=1)
    assert heights.min() > -0.004 and heights.max() < 0.005
    assert np.abs(np.diff(drop, n=2)).max() < 0.001 and not drop[:10].any()


def test_feet_that_stand_as_they_should_for_ten_seconds_are_left_alone():
    """They are moved where they do not, in stretches of 300 frames; there are stretches without any such frame."""
    legs, feet, turns, joints, planted = standing(1000)
    joints[..., 2] -= feet[0].heights(turns[:1], joints[:1]).min()  # onto the floor
    joints[20:40, :, 2] -= 0.03
    down, drop = at_once(put_down_in_steps(turns, joints, planted, legs, feet, FootSettings()))
    joints[:, 0, 2] -= drop
    placed = joint_positions(down, joints[:, 0], legs.skeleton)
    heights = np.stack([foot.heights(down, placed).min(axis=1) for foot in feet], axis=1)
    assert heights.min() > -0.004 and heights[300:].min() > -0.001


@pytest.mark.parametrize(("thighs", "shins"), [(0.75, 1.3), (0.85, 1.2)])
def test_hips_rise_over_soles_that_folded_legs_cannot_lift(thighs, shins):
    """In floor work, with a foot under the hips, long shins pushed a sole 4 cm below the floor."""
    rig, motion = make_rig({4: thighs, 5: thighs, 7: shins, 8: shins}), clean_motion(dance("breakdance"))
    points = shoes(rig, np.eye(3), 0.02)
    measured = fit(rig, MAP, None, meshes(rig, points, np.eye(3)))
    poses = pose_rig(measured, motion, FootSettings())
    heights = lowest(rig, poses, points, np.eye(3), 1.0)
    planted = standing_feet(motion).reshape(-1, 2, 2).any(axis=1) > 0
    assert heights.min() > -0.0045 and heights[planted].max() < 0.0052
    hips = [posed(rig, some, motion.frames)[MAP["hips"]][:, 2, 3] for some in (poses, pose_rig(measured, motion))]
    bends = [np.abs(np.diff(height, n=2)).max() for height in hips]
    assert bends[0] < 1.1 * bends[1]


def test_a_foot_beside_one_that_its_folded_leg_cannot_lift_is_not_lifted_again_and_again(monkeypatch):
    """A few frames of floor work, in which a long shin lies under the hips, threw the foot up before and after them."""
    rig, motion = make_rig({4: 0.75, 5: 0.75, 7: 1.3, 8: 1.3}), clean_motion(dance("breakdance"))
    points = shoes(rig, np.eye(3), 0.02)
    measured = fit(rig, MAP, None, meshes(rig, points, np.eye(3)))
    after = lowest(rig, pose_rig(measured, motion, FootSettings()), points, np.eye(3), 1.0)
    monkeypatch.setattr(onto_rig, "put_down_in_steps", left_as_they_are)
    before = lowest(rig, pose_rig(measured, motion, FootSettings()), points, np.eye(3), 1.0)
    assert (after - before).max() < 0.1  # measured: 0.090 m, of which the hips rise by 0.04; 0.211 if lifted again


def left_as_they_are(turns, *_):
    """As `put_down_in_steps`."""
    yield 1.0
    return turns, np.zeros(len(turns))
