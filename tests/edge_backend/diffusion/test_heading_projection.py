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


def test_nothing_else_is_touched():
    x0 = np.random.default_rng(0).normal(size=(1, 150, 151)).astype(np.float32)
    found = predicted(x0)
    np.testing.assert_array_equal(found[..., :7], x0[..., :7])
    np.testing.assert_array_equal(found[..., 13:], x0[..., 13:])


def test_a_zero_prediction_of_the_pelvis_is_no_failure():
    nothing = np.broadcast_to(NORMALISER.min, (1, 150, 151))
    assert np.isfinite(predicted(nothing)).all()
