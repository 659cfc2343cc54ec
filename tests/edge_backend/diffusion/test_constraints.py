"""Building constraints: what they contain, and what they refuse."""

import numpy as np
import pytest

from edge_backend.diffusion.body_parts import BODY_PARTS, WHOLE, BodyPart
from edge_backend.diffusion.constraints import (
    Constraint,
    check_length,
    combine,
    contacts_at,
    frame_range,
    free,
    pose_at,
    root_path,
)
from edge_backend.errors import EdgeError
from edge_backend.motion.contacts import CONTACT_JOINTS
from edge_backend.motion.representation import CHANNELS, CONTACTS, ROOT, ROTATIONS, pack
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.skeleton import Joint

FRAMES = 40


def poses(count=1, height=1.0, **turns):
    """Vectors (count, 151) of a dancer who stands at `height`, with joints turned by degrees about x."""
    axis_angle = np.zeros((count, 24, 3))
    for name, degrees in turns.items():
        axis_angle[:, Joint[name.upper()], 0] = np.radians(degrees)
    return pack(np.zeros((count, 4)), np.array([[0.0, 0.0, height]] * count), axis_angle_to_matrix(axis_angle))


def constrained(constraint):
    """(frames, channels) that are constrained."""
    rows, channels = np.nonzero(constraint.weight)
    return sorted({int(row) for row in rows}), sorted({int(channel) for channel in channels})


def rotation_channels(*joints):
    return sorted(channel for joint in joints for channel in range(7 + 6 * joint, 13 + 6 * joint))


def test_a_pose_is_constrained_at_its_frames_only():
    pose = poses(left_elbow=60)[0]
    constraint = pose_at(pose, [3, 17], FRAMES)
    assert constrained(constraint) == ([3, 17], list(range(CHANNELS)))
    np.testing.assert_array_equal(constraint.values[[3, 17]], [pose, pose])
    assert constraint.exact[[3, 17]].all()


def test_a_range_of_a_dance_goes_where_it_is_put():
    dance = poses(5)
    dance[:, 4] = np.arange(5)
    constraint = frame_range(dance, 10, FRAMES)
    assert constrained(constraint)[0] == [10, 11, 12, 13, 14]
    assert constraint.values[10:15, 4].tolist() == [0, 1, 2, 3, 4]


def test_a_part_of_the_body_is_its_joints():
    constraint = pose_at(poses()[0], [0], FRAMES, BodyPart(frozenset({Joint.HEAD, Joint.LEFT_WRIST})))
    assert constrained(constraint)[1] == rotation_channels(Joint.HEAD, Joint.LEFT_WRIST)


def test_upper_and_lower_body_share_nothing_and_make_the_whole():
    upper, lower = BODY_PARTS["upper"].channels(), BODY_PARTS["lower"].channels()
    assert not (upper & lower).any()
    assert (upper | lower).all()
    assert lower[ROOT].all()
    assert lower[CONTACTS].all()
    assert WHOLE.channels().all()


def test_left_and_right_parts_mirror_each_other():
    for name in ("arm", "leg"):
        left, right = (sorted(BODY_PARTS[f"{side}_{name}"].joints) for side in ("left", "right"))
        assert [joint.name.replace("LEFT", "RIGHT") for joint in left] == [joint.name for joint in right]


@pytest.mark.parametrize("axes", [2, 3])
def test_a_path_holds_the_root_over_the_floor_or_in_space(axes):
    path = np.arange(axes * 4, dtype=float).reshape(4, axes) / 10
    constraint = root_path(path, [5, 6, 7, 9], FRAMES)
    assert constrained(constraint) == ([5, 6, 7, 9], [4, 5, 6][:axes])
    np.testing.assert_allclose(constraint.values[[5, 6, 7, 9], 4 : 4 + axes], path, rtol=1e-6)


@pytest.mark.parametrize("down", [True, False])
def test_a_foot_can_be_asked_to_stand(down):
    constraint = contacts_at([Joint.RIGHT_TOES], [8, 9], FRAMES, down)
    assert constrained(constraint) == ([8, 9], [3])
    assert constraint.values[8, 3] == down


def test_contact_channels_are_in_the_order_of_the_motion_vector():
    assert [int(joint) for joint in CONTACT_JOINTS] == [7, 8, 10, 11]


def test_softening_lowers_every_weight():
    constraint = pose_at(poses()[0], [4], FRAMES).softened(0.25)
    assert set(np.unique(constraint.weight)) == {0, 0.25}
    assert not constraint.exact.any()


def test_fading_rises_into_a_range_and_falls_out_of_it():
    constraint = frame_range(poses(11), 10, FRAMES).fading(4)
    np.testing.assert_allclose(
        constraint.weight[9:22, 0], [0, 0.2, 0.4, 0.6, 0.8, 1, 1, 1, 0.8, 0.6, 0.4, 0.2, 0], rtol=1e-6
    )


def test_fading_leaves_the_ends_of_the_dance_alone():
    constraint = frame_range(poses(FRAMES - 10), 0, FRAMES).fading(4)
    assert (constraint.weight[: FRAMES - 14] == 1).all()


def test_pieces_combine_and_the_stronger_one_counts():
    soft = pose_at(poses(left_elbow=90)[0], [4, 5], FRAMES).softened(0.5)
    hard = pose_at(poses(left_elbow=30)[0], [5], FRAMES, BODY_PARTS["left_arm"])
    for both in (combine(soft, hard), combine(hard, soft)):
        elbow = slice(7 + 6 * Joint.LEFT_ELBOW, 13 + 6 * Joint.LEFT_ELBOW)
        np.testing.assert_array_equal(both.values[5, elbow], hard.values[5, elbow])
        np.testing.assert_array_equal(both.values[4, elbow], soft.values[4, elbow])
        assert both.weight[5, elbow].tolist() == [1] * 6
        assert both.weight[5, 4] == 0.5


def test_the_empty_constraint_is_valid():
    assert constrained(free(FRAMES)) == ([], [])


def refusal(code, make):
    with pytest.raises(EdgeError) as caught:
        make()
    assert caught.value.code == code
    assert caught.value.hint
    return caught.value.message


def test_two_poses_at_one_frame_contradict_each_other_by_frame_and_joint():
    one, other = poses()[0], poses(right_knee=20)[0]
    message = refusal(
        "constraint_contradiction", lambda: combine(pose_at(one, [7, 12], FRAMES), pose_at(other, [12], FRAMES))
    )
    assert "frame 12" in message
    assert "right knee" in message


def test_two_places_at_one_frame_contradict_each_other():
    message = refusal(
        "constraint_contradiction",
        lambda: combine(root_path(np.zeros((1, 2)), [3], FRAMES), root_path(np.full((1, 2), 0.01), [3], FRAMES)),
    )
    assert "frame 3" in message
    assert "pelvis" in message


def test_saying_the_same_thing_twice_is_no_contradiction():
    pose = poses(left_hip=80)[0]
    nearly = poses(left_hip=80.05)[0]  # a tenth of a degree cannot be seen
    combine(pose_at(pose, [3], FRAMES), pose_at(nearly, [3], FRAMES))


def test_a_hard_constraint_wins_over_a_soft_one_without_complaint():
    hard, soft = pose_at(poses()[0], [3], FRAMES), pose_at(poses(head=40)[0], [3, 4], FRAMES).softened(0.9)
    for both in (combine(hard, soft), combine(soft, hard)):
        assert np.array_equal(both.values[3], hard.values[3]) and np.array_equal(both.weight[3], hard.weight[3])
        assert np.array_equal(both.values[4], soft.values[4]) and np.array_equal(both.weight[4], soft.weight[4])
    assert not np.array_equal(hard.values[3], soft.values[3])


@pytest.mark.parametrize("frame", [-1, FRAMES])
def test_frames_outside_the_dance_cannot_be_constrained(frame):
    message = refusal("constraint_length", lambda: pose_at(poses()[0], [frame], FRAMES))
    assert f"Frame {frame}" in message


def test_a_constraint_for_another_length_is_refused():
    assert "40" in refusal("constraint_length", lambda: check_length(free(FRAMES), 41))
    refusal("constraint_length", lambda: combine(free(FRAMES), free(41)))


@pytest.mark.parametrize("shapes", [((4, 151), (5, 151)), ((4, 150), (4, 150))])
def test_a_mask_of_another_shape_than_its_values_is_refused(shapes):
    weight, values = (np.zeros(shape, np.float32) for shape in shapes)
    refusal("constraint_length", lambda: Constraint(weight, values))


@pytest.mark.parametrize(
    ("turns", "height", "name"),
    [
        ({"left_knee": 178}, 1.0, "left knee"),
        ({"spine2": 120}, 1.0, "spine2"),
        ({}, 7.5, "pelvis"),
        ({}, -0.5, "pelvis"),
    ],
)
def test_impossible_poses_are_refused(turns, height, name):
    message = refusal("constraint_range", lambda: pose_at(poses(height=height, **turns)[0], [21], FRAMES))
    assert "frame 21" in message
    assert name in message


def test_the_deepest_poses_of_real_dancers_are_accepted():
    pose_at(poses(left_knee=164, left_hip=142, right_shoulder=180, left_elbow=169, left_ankle=74)[0], [0], FRAMES)


def test_the_dancer_may_be_anywhere_and_face_anywhere():
    pose = poses(pelvis=180)[0]
    pose[4:6] = 250.0, -3000.0
    pose_at(pose, [0], FRAMES)


@pytest.mark.parametrize(("channel", "name"), [(2, "left toes"), (5, "pelvis"), (7 + 6 * 18 + 3, "left elbow")])
def test_numbers_that_are_none_are_named(channel, name):
    pose = poses()[0]
    pose[channel] = np.nan
    message = refusal("constraint_range", lambda: pose_at(pose, [9], FRAMES))
    assert "frame 9" in message
    assert name in message


def test_numbers_that_are_no_rotation_are_named():
    pose = poses()[0]
    pose[ROTATIONS][6 * Joint.NECK] = 0.7
    assert "neck" in refusal("constraint_range", lambda: pose_at(pose, [9], FRAMES))


def test_weights_are_from_0_to_1():
    constraint = pose_at(poses()[0], [9], FRAMES)
    assert "frame 9" in refusal("constraint_range", lambda: constraint.softened(1.5))


def test_values_without_weight_are_not_checked():
    values = np.full((FRAMES, CHANNELS), np.nan, np.float32)
    Constraint(np.zeros_like(values), values)
