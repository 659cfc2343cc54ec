"""Two-bone inverse kinematics: targets, lengths, the knee's plane, and the ends of reach."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_backend.motion.feet.legs import REMAINING_BEND, STRETCH, longest_legs, reachable
from edge_backend.motion.feet.legs import reach_leg as reach_as_far_as
from edge_backend.motion.rotations import axis_angle_to_matrix

SEEDS = st.integers(0, 2**32 - 1)


def reach_leg(thigh, shin, hinge, target):
    """With planted feet, which may stretch the leg furthest."""
    planted = np.ones(len(thigh), dtype=bool)
    return reach_as_far_as(thigh, shin, hinge, target, longest_legs(thigh, shin, planted))


def random_legs(seed, count=50, bend=(0.0, 2.5)):
    """Legs anywhere, knees bent by angles of the range about a hinge at right angles to the thigh, a bit off plane."""
    random = np.random.default_rng(seed)
    turn = axis_angle_to_matrix(random.normal(size=(count, 3)) * 2)
    thigh = turn @ np.array([0, 0, -0.4])
    hinge = turn @ np.array([1.0, 0, 0])
    lean = turn @ axis_angle_to_matrix(np.stack([random.uniform(*bend, count), 0 * random.random(count)] * 2, 1)[:, :3])
    shin = lean @ np.array([0, 0, -0.42])
    return thigh, shin, hinge, random


def directions(random, count):
    vector = random.normal(size=(count, 3))
    return vector / np.linalg.norm(vector, axis=1, keepdims=True)


def ends(thigh, shin, turns):
    knee = turns.hip @ thigh[..., None]
    return knee[..., 0], (knee + turns.hip @ turns.knee @ shin[..., None])[..., 0]


@given(SEEDS)
def test_a_target_in_reach_is_reached(seed):
    thigh, shin, hinge, random = random_legs(seed)
    target = directions(random, len(thigh)) * random.uniform(0.05, 0.98 * 0.82, (len(thigh), 1))
    _, ankle = ends(thigh, shin, reach_leg(thigh, shin, hinge, target))
    within = np.linalg.norm(target, axis=1) <= (np.linalg.norm(thigh + shin, axis=1) + STRETCH * 0.82) / 2
    assert np.allclose(ankle[within], target[within], atol=1e-9)


@given(SEEDS)
def test_turns_are_rotations_so_bones_keep_their_length(seed):
    thigh, shin, hinge, random = random_legs(seed)
    turns = reach_leg(thigh, shin, hinge, directions(random, len(thigh)) * random.uniform(0, 1.5, (len(thigh), 1)))
    for turn in (turns.hip, turns.knee):
        assert np.allclose(turn @ turn.swapaxes(-1, -2), np.eye(3), atol=1e-9)
        assert np.allclose(np.linalg.det(turn), 1)


@given(SEEDS)
def test_the_knee_keeps_its_plane(seed):
    """The bent leg lies in the plane that it had, turned with the leg: no twist about the way from hip to ankle."""
    thigh, shin, hinge, random = random_legs(seed, bend=(0.4, 2.0))
    before = np.cross(thigh, shin)
    before /= np.linalg.norm(before, axis=1, keepdims=True)
    target = (thigh + shin) + 0.05 * directions(random, len(thigh))
    turns = reach_leg(thigh, shin, hinge, target)
    knee, ankle = ends(thigh, shin, turns)
    after = np.cross(knee, ankle - knee)
    after /= np.linalg.norm(after, axis=1, keepdims=True)
    assert np.allclose((turns.hip @ before[..., None])[..., 0], after, atol=1e-6)
    assert (np.sum(before * after, axis=1) > 0.9).all()  # 5 cm at the ankle: never the other way round


@given(SEEDS)
def test_a_leg_that_is_right_stays(seed):
    thigh, shin, hinge, _ = random_legs(seed)
    turns = reach_leg(thigh, shin, hinge, thigh + shin)
    assert np.allclose(turns.hip, np.eye(3), atol=1e-6)
    assert np.allclose(turns.knee, np.eye(3), atol=1e-6)


@given(SEEDS)
def test_out_of_reach_the_leg_points_at_the_target(seed):
    thigh, shin, hinge, random = random_legs(seed)
    way = directions(random, len(thigh))
    _, ankle = ends(thigh, shin, reach_leg(thigh, shin, hinge, way * 3))
    longest = np.maximum(np.linalg.norm(thigh + shin, axis=1), STRETCH * 0.82)
    assert np.allclose(ankle / np.linalg.norm(ankle, axis=1, keepdims=True), way, atol=1e-9)
    assert (np.linalg.norm(ankle, axis=1) <= longest + 1e-9).all()


@pytest.mark.parametrize("length", [0.0, 1e-12, 0.02, 0.82, 0.82 * (1 + 1e-12), 10.0])
@pytest.mark.parametrize("bend", [0.0, 1e-9, 1e-4, 1.0, np.pi - 1e-9])
def test_nothing_breaks_at_the_ends_of_reach(length, bend):
    thigh = np.array([[0, 0, -0.4]])
    shin = np.array([[0, 0.42 * np.sin(bend), -0.42 * np.cos(bend)]])
    turns = reach_leg(thigh, shin, np.array([[1.0, 0, 0]]), np.array([[0, 0, -length]]))
    for turn in (turns.hip, turns.knee):
        assert np.isfinite(turn).all()
        assert np.allclose(turn @ turn.swapaxes(-1, -2), np.eye(3), atol=1e-9)


def test_a_leg_nearing_full_stretch_does_not_snap():
    """The target leaves at a steady 5 mm per frame. Unlimited, the knee would turn by 8.9 degrees in the frame in which
    the leg becomes straight."""
    bend = np.radians(40)
    frames = 60
    thigh = np.tile([[0, 0, -0.4]], (frames, 1))
    shin = np.tile([[0, -0.42 * np.sin(bend), -0.42 * np.cos(bend)]], (frames, 1))
    way = (thigh + shin)[0]
    length = np.linalg.norm(way)
    target = way / length * (length + 0.005 * np.arange(frames)[:, None])
    hinge = np.tile([[1.0, 0, 0]], (frames, 1))
    knee, ankle = ends(thigh, shin, reach_leg(thigh, shin, hinge, target))
    lower = ankle - knee
    angle = np.degrees(np.arctan2(np.linalg.norm(np.cross(knee, lower), axis=1), np.sum(knee * lower, axis=1)))
    assert np.abs(np.diff(angle)).max() < 4.5
    assert (np.diff(np.linalg.norm(ankle, axis=1)) >= -1e-12).all()


@given(st.floats(0.05, 0.82), st.floats(0, 3), st.floats(0, 0.01))
def test_reach_grows_with_the_target_and_never_faster(old, wanted, more):
    one, two = (float(reachable(np.array(old), np.array(way), np.array(0.8))) for way in (wanted, wanted + more))
    assert -1e-12 <= two - one <= more + 1e-12
    assert one <= max(old, 0.8) + 1e-12


def test_a_leg_goes_towards_a_target_too_near_its_hip_as_far_as_it_folds():
    """The ankle of a leg with a long shin is to be lifted by 8 mm a frame, to the hip, which it cannot reach."""
    frames = 40
    thigh, shin = (np.tile([bone], (frames, 1)) for bone in ((0.3, 0, 0.05), (-0.34, 0.02, -0.35)))
    target = thigh + shin + np.linspace(0, 0.3, frames)[:, None] * [0, 0, 1]
    knee, ankle = ends(thigh, shin, reach_leg(thigh, shin, np.tile([[0, 1.0, 0]], (frames, 1)), target))
    assert np.allclose(ankle[:, :2], (thigh + shin)[:, :2])
    assert (np.diff(ankle[:, 2]) > -1e-9).all() and ankle[-1, 2] - ankle[0, 2] > 0.1
    turned = np.degrees(np.arccos(np.clip(np.sum(knee[1:] * knee[:-1], axis=1) / np.sum(thigh[0] ** 2), -1, 1)))
    assert turned.max() < 7  # measured: 6.0 degrees a frame; 17.4 if it folds to the end and points at its target


@given(SEEDS)
def test_a_free_leg_keeps_most_of_its_bend(seed):
    thigh, shin, hinge, random = random_legs(seed)
    free = longest_legs(thigh, shin, np.zeros(len(thigh), dtype=bool))
    turns = reach_as_far_as(thigh, shin, hinge, 3 * directions(random, len(thigh)), free)
    before, after = (angle(thigh, turn @ shin[..., None]) for turn in (np.eye(3), turns.knee))
    assert (after >= REMAINING_BEND * before - 1e-6).all()


def angle(thigh, shin):
    return np.arctan2(np.linalg.norm(np.cross(thigh, shin[..., 0]), axis=1), np.sum(thigh * shin[..., 0], axis=1))


def test_a_straight_knee_bends_forward():
    thigh, shin = np.array([[0, 0, -0.4]]), np.array([[0, 0, -0.42]])
    hinge = np.array([[1.0, 0, 0]])  # of a dancer who faces -y, with the left at +x
    knee, _ = ends(thigh, shin, reach_leg(thigh, shin, hinge, np.array([[0, 0, -0.7]])))
    assert knee[0, 1] < -0.1
