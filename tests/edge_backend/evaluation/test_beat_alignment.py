"""Beat alignment of bodies that stop at known times."""

import numpy as np
import pytest
from hand_made import UPRIGHT, standing_rotations, swaying
from hypothesis import given
from hypothesis import strategies as st

from edge_backend.evaluation.beats import TOLERANCE_S, beat_alignment, hits
from edge_backend.motion.beat_alignment import motion_beats
from edge_backend.motion.kinematics import forward_kinematics
from edge_backend.motion.skeleton import SMPL

FRAMES = 900
PERIOD_S = 2.0  # the body stops every second
JOINTS = swaying(FRAMES, PERIOD_S).joints()
STOPS = np.arange(1.0, 29.5, 1.0)


def test_motion_beats_are_where_the_body_stops() -> None:
    found = motion_beats(JOINTS)
    assert len(found) == len(STOPS)
    np.testing.assert_allclose(found, STOPS, atol=0.002)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("rounding", [1e-15, 1e-12, 1e-9, 1e-7])
def test_a_stop_whose_two_slowest_speeds_differ_by_rounding_is_one_stop(rounding: float, seed: int) -> None:
    """Each stop lies half-way between two speeds that are equal: processors round one of them up, or the other."""
    noise = np.random.default_rng(seed).uniform(-rounding, rounding, JOINTS.shape)
    np.testing.assert_allclose(motion_beats(JOINTS + noise), STOPS, atol=0.002)


def slid(steps: list[float]) -> np.ndarray:
    """Joints that all slide along x, by so many metres in each quarter of a second."""
    joints = np.zeros((1 + 8 * len(steps), 24, 3))
    joints[1:, :, 0] = np.cumsum(np.repeat(np.array(steps) / 8, 8))[:, None]
    return joints


@pytest.mark.parametrize(
    ("steps", "count"),
    [
        ([1, 0.5, 0.5, 0.5, 0.5, 0.5, 1], 1),  # one plateau, however long
        ([1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.2], 0),  # it is left downwards, and the movement ends before a rest is seen
        ([1, 0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0], 1),  # the rest, not the plateau on the way to it
        ([0, 0, 0, 0, 1, 1, 1, 1], 0),  # who starts has not stopped
    ],
)
def test_equal_speeds_are_one_stop_and_only_at_a_minimum(steps: list[float], count: int) -> None:
    assert len(motion_beats(slid(steps))) == count


@pytest.mark.parametrize("speed", [0.0123, 0.02, 0.033])
def test_a_steady_walk_in_single_precision_has_no_stops(speed: float) -> None:
    walk = np.array([[0, 0, UPRIGHT]]) + np.arange(600)[:, None] * [speed, 0, 0]
    joints = forward_kinematics(standing_rotations(600).astype(np.float32), walk.astype(np.float32), SMPL)
    assert joints.dtype == np.float32
    assert len(motion_beats(joints)) == 0


def test_stops_between_frames_are_found_there() -> None:
    shifted = swaying(FRAMES, PERIOD_S).joints()
    angle = 0.3 * np.cos(np.pi * (np.arange(FRAMES) / 30 - 0.0123))
    shifted[..., 0] = angle[:, None]
    shifted[..., 1:] = 0
    np.testing.assert_allclose(motion_beats(shifted), STOPS + 0.0123, atol=0.004)


def test_music_on_the_stops_aligns_and_music_between_them_does_not() -> None:
    on, off = beat_alignment(JOINTS, STOPS), beat_alignment(JOINTS, STOPS + 0.5)
    assert on.music == pytest.approx(1, abs=0.01)
    assert on.motion == pytest.approx(1, abs=0.01)
    assert off.music < 1e-6
    assert on.percentile > 0.9
    assert off.percentile < 0.1


def test_chance_is_the_share_of_time_near_a_beat() -> None:
    """A random phase of a period P hits with sigma sqrt(2 pi) / P: 0.125 for 1 s; 200 draws have an error of 0.02."""
    alignment = beat_alignment(JOINTS, STOPS)
    expected = TOLERANCE_S * np.sqrt(2 * np.pi) / 1.0
    assert alignment.music_chance == pytest.approx(expected, abs=0.05)
    assert alignment.motion_chance == pytest.approx(expected, abs=0.05)


def test_each_direction_asks_its_own_question() -> None:
    twice_as_many = np.arange(0.5, 29.5, 0.5)
    alignment = beat_alignment(JOINTS, twice_as_many)
    assert alignment.motion > 0.9  # every stop has its beat
    assert alignment.music == pytest.approx(0.5, abs=0.05)  # every other beat has a stop


def test_beats_after_the_dance_do_not_count() -> None:
    assert beat_alignment(JOINTS, STOPS) == beat_alignment(JOINTS, np.concatenate([[-3.0], STOPS, [31.0, 40.0]]))


def test_hits_by_arithmetic() -> None:
    assert hits(np.array([1.0, 2.0]), np.array([1.05, 2.0])) == pytest.approx((np.exp(-0.5) + 1) / 2)
    assert hits(np.array([1.0]), np.array([1.1])) == pytest.approx(np.exp(-2))
    assert hits(np.array([]), np.array([1.0])) == 0
    assert hits(np.array([1.0]), np.array([])) == 0


@given(st.lists(st.floats(0, 10), min_size=1, max_size=20), st.lists(st.floats(0, 10), min_size=1, max_size=20))
def test_hits_takes_the_nearest_of_all(beats: list[float], others: list[float]) -> None:
    found, known = np.sort(beats), np.sort(others)
    nearest = np.abs(found[:, None] - known).min(axis=1)
    assert hits(found, known) == pytest.approx(np.exp(-0.5 * (nearest / TOLERANCE_S) ** 2).mean())


def test_a_body_that_never_stops_aligns_with_nothing() -> None:
    walking = np.zeros((300, 24, 3))
    walking[..., 0] = np.arange(300)[:, None] * 0.02
    assert beat_alignment(walking, np.arange(0.0, 10.0)).music == 0
