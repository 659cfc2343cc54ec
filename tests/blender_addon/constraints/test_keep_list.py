"""The keep list: sentences, frames, and rows of the request."""

import math

import numpy as np
import pytest
from blender_fixtures import addon, random_motion


@pytest.fixture
def keep():
    return addon("constraints.rows")


def gather(rows, timing, read):
    """The constraints of the rows, with motions that `read` returns at once."""

    def steps(frames):
        yield 0.5
        return read(frames)

    return addon("edge_backend.motion.steps").at_once(addon("constraints.rows").gather_in_steps(rows, timing, steps))


def test_rows_read_as_sentences(keep):
    row, joints = keep.Row, addon("edge_backend.motion.skeleton").Joint
    rows = {
        "Pose at frame 120": row("POSE", 120, 120),
        "Upper body, 1-240": row("RANGE", 1, 240, "upper"),
        "Left hand, 300-330": row("RANGE", 300, 330, joints=frozenset({joints.LEFT_WRIST}), label="Left hand"),
        "Left arm at frame 12": row("POSE", 12, 12, "left_arm"),
        "Everything before 96": row("RANGE", end=95),
        "Everything from 96 on": row("RANGE", start=96),
        "Whole body, all the time": row("RANGE"),
        "Head, from 10 on": row("RANGE", start=10, part="head"),
        "Root path from curve DancePath, 1-240": row("PATH", 1, 240, points=((0, 0),), curve="DancePath"),
        "Root path, all the time": row("PATH"),
        "Left foot and right foot on the floor, 20-30": row("FEET", 20, 30, feet=("left_foot", "right_foot")),
        "Legs, 5-9, 60%, fade 3": row("RANGE", 5, 9, "legs", weight=0.6, fade=3),
    }
    assert {keep.sentence(row): row for row in rows.values()} == rows


@pytest.mark.parametrize(("rate", "first"), [(30.0, 1.0), (24.0, 25.0), (60.0, 11.0), (24 / 1.001, 1.5)])
def test_frames_of_the_scene_become_frames_of_the_dance(keep, rate, first):
    """A range keeps every frame of the dance inside it and none outside; a pose the nearest one."""
    timing = keep.Timing(first, rate, 120)
    asked = []

    def read(frames):
        asked.append(list(frames))
        return random_motion(len(frames))

    start, end = first + 20, first + 40
    rows = [keep.Row("RANGE", start, end, "upper"), keep.Row("POSE", first + 55, first + 55)]
    kept = gather(rows, timing, read)
    (body, _), (pose, _) = kept.bodies
    inside = [frame for frame in range(120) if start - 1e-3 <= timing.to_scene(frame) <= end + 1e-3]
    assert (body.start, body.stop, body.part) == (inside[0], inside[-1] + 1, "upper")
    assert pose.stop == pose.start + 1 and abs(timing.to_scene(pose.start) - first - 55) <= rate / 60 + 1e-6
    assert asked[0][:-1] == [timing.to_scene(frame) for frame in inside] and asked[1][0] == first + 55


def test_open_rows_reach_to_the_dances_ends_and_take_the_shared_motion(keep, tmp_path):
    timing = keep.Timing(1.0, 30.0, 100)
    rows = [keep.Row(end=20), keep.Row(start=80, weight=0.5, fade=5), keep.Row("PATH", -math.inf, math.inf)]
    request = gather(rows, timing, lambda frames: random_motion(len(frames))).request(tmp_path)
    assert [(row.start, row.stop, row.weight, row.fade) for row in request.bodies] == [(0, 20, 1, 0), (79, 100, 0.5, 5)]
    assert request.source.first == 0 and all(row.source == request.source for row in (*request.bodies, *request.paths))
    assert (tmp_path / "take.npz").is_file()


def test_a_row_outside_of_the_dance_is_named(keep):
    timing = keep.Timing(1.0, 30.0, 100)
    with pytest.raises(addon("edge_backend.errors").EdgeError, match="“Pose at frame 101” lies outside") as caught:
        gather([keep.Row("POSE", 101, 101)], timing, random_motion)
    assert caught.value.code == "keep_outside" and "frames 1 to 100" in caught.value.message


def test_chosen_hips_are_kept_with_their_place(keep):
    joints = addon("edge_backend.motion.skeleton").Joint
    row = keep.Row("RANGE", 1, 50, joints=frozenset({joints.PELVIS, joints.SPINE1}), label="Hips")
    kept = gather([row], keep.Timing(1.0, 30.0, 100), lambda frames: random_motion(len(frames)))
    assert kept.bodies[0][0].joints == ("pelvis", "spine1")
    assert kept.paths[0][0].height and kept.paths[0][0].stop == 50


def test_a_pose_inside_a_range_agrees_with_it_about_the_floor(keep):
    """Contacts depend on the next frame, which a single pose does not have."""
    timing = keep.Timing(1.0, 30.0, 100)
    contacts = addon("edge_backend.motion.contacts").edge_contacts

    def read(frames):
        motion = random_motion(200)
        at = [round(frame) for frame in frames]
        motion.rotations, motion.root = motion.rotations[at], motion.root[at]
        motion.contacts = contacts(motion.joints()).astype(np.float32)
        return motion

    kept = gather([keep.Row("POSE", 50, 50), keep.Row(start=20, end=50)], timing, read)
    pose, _ = kept.sources["pose0"]
    whole, first = kept.sources["take"]
    assert np.array_equal(pose.contacts[0], whole.contacts[49 - first]) and not pose.contacts.any()


@pytest.mark.parametrize("channel", ["location", "rotation_quaternion", "rotation_euler"])
def test_held_values_come_out_exactly_and_the_difference_fades(channel):
    pulled = addon("constraints.exact_keys").through_targets
    random = np.random.default_rng(0)
    frames = np.arange(1.0, 101.0)
    width = 4 if channel == "rotation_quaternion" else 3
    values = np.cumsum(random.normal(0, 0.01, (100, width)), axis=0) + 1
    if width == 4:
        values /= np.linalg.norm(values, axis=1, keepdims=True)
    wanted = np.array([20.0, 21.0, 22.0, 30.0, 60.5])
    targets = np.array([values[int(frame) - 1] for frame in wanted]) + 0.02
    if width == 4:
        targets /= -np.linalg.norm(targets, axis=1, keepdims=True)  # the same rotations, the other way round
    new_frames, new = pulled(frames, values, wanted, targets, channel=channel, fade=9.0)
    assert 60.5 in new_frames and len(new_frames) == 101
    at = np.searchsorted(new_frames, wanted)
    sign = -1 if width == 4 else 1
    assert np.abs(sign * new[at] - targets).max() < 1e-9
    far = [frame for frame in range(1, 101) if np.abs(wanted - frame).min() > 9]
    assert np.abs(new[np.searchsorted(new_frames, far)] - values[np.array(far) - 1]).max() < 1e-12
    step = np.abs(np.diff(new, axis=0)).max()
    assert step <= np.abs(np.diff(values, axis=0)).max() + 0.01
