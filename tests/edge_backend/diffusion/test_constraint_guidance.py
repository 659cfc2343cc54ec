import pytest
import torch

from edge_backend.diffusion.constraint_guidance import WindowConstraint, with_constraint, with_origin
from edge_backend.diffusion.schedule import CLEAN

CPU = torch.device("cpu")
FRAME = torch.arange(150.0)


def corrected(weight, values, prediction, t=0):
    """One channel of one window, by a Hold: (150,) each."""
    return WindowConstraint(weight[None, :, None], values[None, :, None], 1000, CPU)(prediction[None, :, None], t)[
        0, :, 0
    ]


def test_what_is_held_exactly_is_there_exactly():
    weight = (FRAME % 40 == 0).float()
    values = torch.randn(150)
    result = corrected(weight, values, torch.randn(150))
    assert torch.equal(result[weight == 1], values[weight == 1])


def test_far_from_what_is_held_the_prediction_stays():
    weight = (FRAME == 30).float()
    prediction = torch.randn(150)
    result = corrected(weight, torch.full((150,), 0.5), prediction)
    torch.testing.assert_close(result[100:], prediction[100:], atol=1e-3, rtol=0)


@pytest.mark.parametrize("first", [0, 60, 149])
def test_the_free_frames_join_the_held_ones_without_a_jump(first):
    weight = (first <= FRAME).float()
    # The network goes on at 1 where 0 is constrained: a jump by 1 if nothing were done.
    result = corrected(weight, torch.zeros(150), torch.ones(150))
    assert result.diff().abs().max() < 0.1
    assert result.diff(n=2).abs().max() < 0.02


def test_a_movement_is_carried_on_over_the_border():
    weight = (FRAME < 75).float()
    values = 0.02 * FRAME
    result = corrected(weight, values, torch.full((150,), 75 * 0.02))
    # It arrives with 0.02 a frame and is slowed down over the next frames, not stopped at once.
    assert 0.005 < result[75] - result[74] < 0.025
    assert result.diff(n=2).abs().max() < 0.006


@pytest.mark.parametrize(("weight", "last"), [(1.0, 0), (0.7, 300), (0.5, 500), (0.001, 999)])
def test_a_weight_below_1_holds_while_the_noise_is_strong(weight, last):
    values, prediction = torch.ones(150), torch.zeros(150)
    weights = torch.where(FRAME == 70, weight, 0.0)
    for t in (999, 750, 500, 400, 300, 100, 0):
        constrained = corrected(weights, values, prediction, t)[70] == 1
        assert constrained == (t >= last)


def test_frames_of_different_weights_are_let_go_one_after_the_other():
    weights = torch.where(FRAME < 50, FRAME / 50, 0.0)
    constrained = [
        int((corrected(weights, torch.ones(150), torch.zeros(150), t) == 1).sum()) for t in (999, 800, 500, 200)
    ]
    assert constrained == [49, 40, 25, 10]


def test_what_weighs_nothing_is_never_held():
    for t in (999, 500, 0):
        assert (corrected(torch.zeros(150), torch.ones(150), torch.zeros(150), t) == 0).all()


def test_channels_and_windows_are_held_each_for_itself():
    weight, values = torch.zeros(2, 150, 3), torch.zeros(2, 150, 3)
    weight[1, 40, 2], values[1, 40, 2] = 1, 1
    prediction = torch.randn(2, 150, 3)
    result = WindowConstraint(weight, values, 1000, CPU)(prediction, 0)
    changed = result != prediction
    assert changed[1, :, 2].any()
    changed[1, :, 2] = False
    assert not changed.any()


def test_values_of_free_frames_do_not_matter():
    weight = (FRAME == 30).float()
    values = torch.where(weight == 1, 0.3, torch.nan)
    assert torch.isfinite(corrected(weight, values, torch.zeros(150))).all()


def test_a_holding_denoiser_keeps_what_is_held_at_every_timestep():
    weight = (FRAME < 20).float()[None, :, None]
    values = torch.rand(1, 150, 1)
    denoise = with_constraint(lambda x, _t: x * 0.5, WindowConstraint(weight, values, 1000, CPU))
    for t in (999, 300, 0):
        assert torch.equal(denoise(torch.randn(1, 150, 1), t)[:, :20], values[:, :20])


@pytest.mark.parametrize("t", [900, 300, 0])
def test_around_its_origin_a_denoiser_does_not_see_where_the_dance_is(schedule, t):
    def denoise(x, t):
        return torch.tanh(x)  # keeps near 0, as the network does

    origin = torch.full((2, 1, 3), 7.0)
    x0, noise = torch.rand(2, 150, 3), torch.randn(2, 150, 3)
    there = with_origin(denoise, origin, schedule)(schedule.q_sample(x0 + origin, t, noise), t)
    here = denoise(schedule.q_sample(x0, t, noise), t)
    torch.testing.assert_close(there - origin, here, atol=1e-5, rtol=0)
    assert schedule.signal(CLEAN) == 1
