import math

import numpy as np
import pytest
import torch

from edge_backend.diffusion.schedule import CLEAN, cosine_schedule, ddim_times, log_snr_times


def test_signal_and_noise_always_share_a_variance_of_one(schedule):
    for t in (CLEAN, 0, 1, 500, 999):
        assert schedule.signal(t) ** 2 + schedule.sigma(t) ** 2 == pytest.approx(1)
    assert schedule.abar(CLEAN) == 1
    assert schedule.abar(999) < 1e-8  # nothing of the dance is left at the start


def test_noise_grows_with_t(schedule):
    levels = [schedule.log_snr(t) for t in range(CLEAN, schedule.steps)]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] == math.inf


def test_noise_put_in_can_be_read_out(schedule):
    x0, noise = np.random.default_rng(0).normal(size=(2, 8))
    for t in (0, 400, 999):
        np.testing.assert_allclose(schedule.noise_in(schedule.q_sample(x0, t, noise), x0, t), noise, rtol=1e-7)


def test_beta_of_a_stride_is_what_takes_one_abar_to_the_other(schedule):
    for t_next, t in ((CLEAN, 19), (19, 39), (300, 700)):
        assert 1 - schedule.beta(t, t_next) == pytest.approx(schedule.abar(t) / schedule.abar(t_next), rel=1e-5)
    assert schedule.beta(7, 6) == pytest.approx(float(schedule.betas[7]), rel=1e-6)


def test_edges_grid_of_50(schedule):
    assert ddim_times(50, schedule) == list(range(999, 0, -20))


def test_the_grid_is_torch_s_for_every_number_of_steps(schedule):
    """As EDGE takes it: linspace in float32, cut off to whole numbers."""
    for steps in range(1, 1001):
        assert ddim_times(steps, schedule) == torch.linspace(-1, 999, steps + 1).int().tolist()[:0:-1]


def test_a_grid_of_all_timesteps_has_them_all(schedule):
    assert ddim_times(1000, schedule) == list(range(999, -1, -1))


@pytest.mark.parametrize("steps", range(8, 21))
def test_log_snr_grid_has_its_steps_and_equal_distances(schedule, steps):
    times = log_snr_times(steps, schedule)
    assert len(times) == steps
    assert times == sorted(times, reverse=True)
    # Timesteps are whole numbers, and near t = 0 the next one is up to 0.5 away.
    levels = np.array([schedule.log_snr(t) for t in times])
    distance = (levels[-1] - levels[0]) / (steps - 1)
    assert np.abs(np.diff(levels) - distance).max() < 0.5


def test_a_fine_log_snr_grid_names_no_timestep_twice(schedule):
    times = log_snr_times(200, schedule)
    assert len(set(times)) == len(times) <= 200


def test_a_schedule_of_another_length_ends_in_noise_too():
    assert cosine_schedule(50).abar(49) < 1e-4


@pytest.mark.parametrize("first", [999, 990, 800, 500, 299, 99, 20, 5, 0])
def test_a_way_that_begins_later_takes_its_share_of_the_steps(schedule, first):
    """A multistep solver needs equal distances there too: a very short first step throws the second one off."""
    times = log_snr_times(8, schedule, first)
    assert times[0] == min(first, 995)  # above that there is nothing but noise
    whole = log_snr_times(8, schedule)
    assert len([t for t in whole if t < first]) <= len(times) <= 8
    levels = np.array([schedule.log_snr(t) for t in times])
    assert (np.diff(levels) > 0.8).all()  # two thirds of the distance of the whole way
