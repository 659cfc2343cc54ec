"""If all headings are possible, one is chosen, without spins between two of them."""

import numpy as np
import pytest

from edge_backend.diffusion.heading_projection import with_heading_projection
from edge_backend.motion.representation import Normaliser

NORMALISER = Normaliser(np.linspace(0.5, 2, 151, dtype=np.float32), np.linspace(-0.3, 0.3, 151, dtype=np.float32))


def predicted(x0):
    return with_heading_projection(lambda _x, _t: x0, NORMALISER)(x0, 500)


def rows(x0):
    """The pelvis's two rows (..., 2, 3), not normalised."""
    return NORMALISER.unnormalise(x0, clip=False)[..., 7:13].reshape(*x0.shape[:-1], 2, 3)


@pytest.mark.parametrize("length", [0.05, 0.5, 1.0, 1.3])
def test_a_pelvis_between_two_ways_faces_the_likelier_one_altogether(length):
    vectors = np.zeros((2, 150, 151), np.float32)
    vectors[..., 7:13] = length * np.array([0.8, 0.6, 0, 0, 0, 1])
    found = rows(predicted(vectors * NORMALISER.scale + NORMALISER.min))
    np.testing.assert_allclose(found, np.broadcast_to([[0.8, 0.6, 0], [0, 0, 1]], found.shape), atol=1e-5)


def facing(degrees):
    """6D rows (..., 6) of pelvises rotated by angles (...) about z."""
    turn = np.radians(degrees)
    zero = np.zeros_like(turn)
    return np.stack([np.cos(turn), -np.sin(turn), zero, np.sin(turn), np.cos(turn), zero], axis=-1)


def headings(length, degrees):
    """Headings (..., 150), degrees, that are found where pelvises (..., 150) are predicted by this length."""
    vectors = np.zeros((*degrees.shape, 151), np.float32)
    vectors[..., 7:13] = length[..., None] * facing(degrees)
    found = rows(predicted(vectors * NORMALISER.scale + NORMALISER.min))
    return np.degrees(np.arctan2(found[..., 1, 0], found[..., 0, 0]))


def test_between_halves_that_are_unsure_the_heading_turns_in_several_frames():
    frame = np.arange(150)
    found = headings(np.where(frame < 75, 0.2, 0.1)[None], np.where(frame < 75, 20.0, 140.0)[None])
    assert np.abs(np.diff(found)).max() < 25
    assert found[0, 0] == pytest.approx(20, abs=0.1) and found[0, -1] == pytest.approx(140, abs=0.1)


def test_a_window_does_not_turn_another():
    degrees = np.stack([np.full(150, 10.0), np.full(150, 100.0)])
    np.testing.assert_allclose(headings(np.full((2, 150), 0.2), degrees), degrees, atol=1e-3)


def test_a_quick_turn_that_is_sure_stays_as_it_is():
    turning = np.clip((np.arange(150.0) - 70) * 25, 0, 150)[None]
    np.testing.assert_allclose(headings(np.ones((1, 150)), turning), turning, atol=1e-3)


def test_nothing_else_is_touched():
    x0 = np.random.default_rng(0).normal(size=(1, 150, 151)).astype(np.float32)
    found = predicted(x0)
    np.testing.assert_array_equal(found[..., :7], x0[..., :7])
    np.testing.assert_array_equal(found[..., 13:], x0[..., 13:])


def test_a_zero_prediction_of_the_pelvis_is_no_failure():
    nothing = np.broadcast_to(NORMALISER.min, (1, 150, 151))
    assert np.isfinite(predicted(nothing)).all()
