import numpy as np
import pytest

from edge_backend.diffusion.constraint_guidance import WindowConstraint, with_constraint, with_origin
from edge_backend.diffusion.schedule import CLEAN

FRAME = np.arange(150, dtype=np.float32)


def normal(*shape):
    """Standard normal values, float32."""
    return np.random.default_rng(shape).normal(size=shape).astype(np.float32)


def corrected(weight, values, prediction, t=0):
    """One channel of one window, by a Hold: (150,) each."""
    return WindowConstraint(weight[None, :, None], values[None, :, None], 1000)(prediction[None, :, None], t)[0, :, 0]


def test_exact_constraints_are_met_exactly():
    weight = (FRAME % 40 == 0).astype(np.float32)
    values = normal(150)
    result = corrected(weight, values, -values)
    np.testing.assert_array_equal(result[weight == 1], values[weight == 1])


def test_far_from_constraints_the_prediction_stays():
    weight = (FRAME == 30).astype(np.float32)
    prediction = -normal(150)
    result = corrected(weight, np.full((150,), 0.5, np.float32), prediction)
    np.testing.assert_allclose(result[100:], prediction[100:], atol=1e-3, rtol=0)


@pytest.mark.parametrize("first", [0, 60, 149])
def test_the_free_frames_join_the_constrained_ones_without_a_jump(first):
    weight = (first <= FRAME).astype(np.float32)
    # The network goes on at 1 where 0 is constrained: a jump by 1 if nothing were done.
    result = corrected(weight, np.zeros(150, np.float32), np.ones(150, np.float32))
    assert np.abs(np.diff(result)).max() < 0.1
    assert np.abs(np.diff(result, n=2)).max() < 0.02


def test_a_movement_is_carried_on_over_the_border():
    weight = (FRAME < 75).astype(np.float32)
    values = 0.02 * FRAME
    result = corrected(weight, values, np.full((150,), 75 * 0.02, np.float32))
    # It arrives with 0.02 a frame and is slowed down over the next frames, not stopped at once.
    assert 0.005 < result[75] - result[74] < 0.025
    assert np.abs(np.diff(result, n=2)).max() < 0.006


@pytest.mark.parametrize(("weight", "last"), [(1.0, 0), (0.7, 300), (0.5, 500), (0.001, 999)])
def test_a_weight_below_1_holds_while_the_noise_is_strong(weight, last):
    values, prediction = np.ones(150, np.float32), np.zeros(150, np.float32)
    weights = np.where(FRAME == 70, np.float32(weight), np.float32(0))
    for t in (999, 750, 500, 400, 300, 100, 0):
        constrained = corrected(weights, values, prediction, t)[70] == 1
        assert constrained == (t >= last)


def test_frames_of_different_weights_are_let_go_one_after_the_other():
    weights = np.where(FRAME < 50, FRAME / 50, 0.0)
    constrained = [
        int((corrected(weights, np.ones(150, np.float32), np.zeros(150, np.float32), t) == 1).sum())
        for t in (999, 800, 500, 200)
    ]
    assert constrained == [49, 40, 25, 10]


def test_constraints_of_weight_zero_have_no_effect():
    for t in (999, 500, 0):
        assert (corrected(np.zeros(150, np.float32), np.ones(150, np.float32), np.zeros(150, np.float32), t) == 0).all()


def test_channels_and_windows_are_constrained_independently():
    weight, values = np.zeros((2, 150, 3), np.float32), np.zeros((2, 150, 3), np.float32)
    weight[1, 40, 2], values[1, 40, 2] = 1, 1
    prediction = normal(2, 150, 3)
    result = WindowConstraint(weight, values, 1000)(prediction, 0)
    changed = result != prediction
    assert changed[1, :, 2].any()
    changed[1, :, 2] = False
    assert not changed.any()


def test_values_of_free_frames_do_not_matter():
    weight = (FRAME == 30).astype(np.float32)
    values = np.where(weight == 1, 0.3, np.nan)
    assert np.isfinite(corrected(weight, values, np.zeros(150, np.float32))).all()


def test_a_constrained_denoiser_meets_the_constraint_at_every_timestep():
    weight = (FRAME < 20).astype(np.float32)[None, :, None]
    values = normal(1, 150, 1) / 2
    denoise = with_constraint(lambda x, _t: x * 0.5, WindowConstraint(weight, values, 1000))
    for t in (999, 300, 0):
        np.testing.assert_array_equal(denoise(normal(1, 150, 1), t)[:, :20], values[:, :20])


@pytest.mark.parametrize("t", [900, 300, 0])
def test_around_its_origin_a_denoiser_does_not_see_where_the_dance_is(schedule, t):
    def denoise(x, t):
        return np.tanh(x)  # keeps near 0, as the network does

    origin = np.full((2, 1, 3), 7.0, np.float32)
    x0, noise = np.split(normal(4, 150, 3), 2)
    there = with_origin(denoise, origin, schedule)(schedule.q_sample(x0 + origin, t, noise), t)
    here = denoise(schedule.q_sample(x0, t, noise), t)
    np.testing.assert_allclose(there - origin, here, atol=1e-5, rtol=0)
    assert schedule.signal(CLEAN) == 1
