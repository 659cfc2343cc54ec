"""A joint that is predicted half a turn away from its constraint reaches it in small steps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_backend.diffusion.constraint_guidance import WindowConstraint, with_constraint
from edge_backend.diffusion.rotation_constraint import turned, with_rotation_constraint
from edge_backend.motion.representation import ROTATIONS, Normaliser, pack, unpack
from edge_backend.motion.rotations import axis_angle_to_matrix, matrix_to_axis_angle

FRAMES = 150
NORMALISER = Normaliser(np.linspace(0.5, 2, 151, dtype=np.float32), np.linspace(-0.3, 0.3, 151, dtype=np.float32))


def degrees(one, other):
    return np.degrees(np.linalg.norm(matrix_to_axis_angle(one.swapaxes(-1, -2) @ other), axis=-1))


def about_z(angle):
    """Rotations (1, 150, 1, 3, 3) about z by degrees (150,) or one number."""
    angle = np.broadcast_to(np.radians(angle), FRAMES)
    return axis_angle_to_matrix(np.stack([0 * angle, 0 * angle, angle], axis=-1))[None, :, None]


def one_joint(mask):
    return mask[None, :, None]


def steps(rotations):
    """Degrees (149,) from frame to frame."""
    return degrees(rotations[0, :-1, 0], rotations[0, 1:, 0])


FRAME = np.arange(FRAMES)


@pytest.mark.parametrize("away", [30, 120, 179, 181])
@pytest.mark.parametrize("constrained", [FRAME < 60, FRAME >= 100, FRAME == 70, (FRAME < 40) | (FRAME > 90)])
def test_constrained_frames_are_reached_in_small_turns(away, constrained):
    found = turned(about_z(0), about_z(away), one_joint(constrained))
    assert degrees(found, about_z(away))[0, constrained].max() < 1e-4
    assert steps(found).max() < 12  # half a turn over the 20 frames or so that feel the constraint


def test_far_from_constraints_the_prediction_stays():
    found = turned(about_z(FRAME), about_z(100), one_joint(FRAME == 10))
    assert degrees(found, about_z(FRAME))[0, 100:].max() < 0.01


def test_between_two_constrained_frames_a_joint_goes_round_one_way():
    """It is wrong by 170 degrees at one end of the gap and by 190 at the other, which is 170 the other way."""
    wanted = about_z(np.where(FRAME < 75, 170, 190))
    found = turned(about_z(0), wanted, one_joint((FRAME <= 70) | (FRAME >= 80)))
    assert steps(found).max() < 10  # the shorter way back would be 34 degrees a frame


@settings(deadline=None, max_examples=50)
@given(st.lists(st.booleans(), min_size=2, max_size=30), st.integers(0, 10**6))
def test_constrained_rotations_are_reached_and_all_are_rotations(constrained, seed):
    random = np.random.default_rng(seed)
    predicted, wanted = axis_angle_to_matrix(random.normal(scale=2, size=(2, 1, len(constrained), 3, 3)))
    mask = np.repeat(np.array(constrained)[None, :, None], 3, axis=2)
    found = turned(predicted, wanted, mask)
    np.testing.assert_allclose(found @ found.swapaxes(-1, -2), np.broadcast_to(np.eye(3), found.shape), atol=1e-9)
    ends = mask & ~(np.roll(mask, 1, axis=1) & np.roll(mask, -1, axis=1))
    ends[:, [0, -1]] = False  # a stretch that the window cuts off has its end elsewhere
    np.testing.assert_allclose(found[ends], wanted[ends], atol=1e-6)


def vectors_of(rotations):
    contacts, root = np.zeros((1, FRAMES, 4)), np.zeros((1, FRAMES, 3))
    return pack(contacts, root, rotations) * NORMALISER.scale + NORMALISER.min


@pytest.fixture
def half_a_turn_away():
    """x0 in which every joint stands still, half a turn about z away from what the Hold has from frame 75 on."""
    still = np.broadcast_to(np.eye(3), (1, FRAMES, 24, 3, 3))
    turned_round = np.broadcast_to(np.diag([-1.0, -1.0, 1.0]), still.shape)
    weight = np.zeros((1, FRAMES, 151), np.float32)
    weight[:, 75:, ROTATIONS.start + 6 : ROTATIONS.start + 12] = 1
    return vectors_of(still), WindowConstraint(weight, vectors_of(turned_round), 1000)


def test_numbers_alone_would_snap_round_and_rotations_do_not(half_a_turn_away):
    x0, hold = half_a_turn_away

    def fastest(denoise):
        _, _, rotations = unpack(NORMALISER.unnormalise(denoise(x0, 500), clip=False))
        return degrees(rotations[0, :-1, 1], rotations[0, 1:, 1]).max()

    def predicted(_x, _t):
        return x0

    assert fastest(with_constraint(predicted, hold)) > 90
    assert fastest(with_constraint(with_rotation_constraint(predicted, hold, NORMALISER), hold)) < 15


def test_joints_without_a_constraint_stay_as_predicted(half_a_turn_away):
    x0, hold = half_a_turn_away
    wild = x0 + np.random.default_rng(0).normal(size=x0.shape).astype(np.float32)
    found = with_rotation_constraint(lambda _x, _t: wild, hold, NORMALISER)(x0, 500)
    changed = np.flatnonzero((found != wild).any(axis=1)[0])
    assert set(changed.tolist()) <= set(range(ROTATIONS.start + 6, ROTATIONS.start + 12))
