"""The samplers compared with diffusers' schedulers, and with exact results for a normal distribution."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler

from edge_backend.diffusion.samplers import Cancelled, sample_ddim, sample_ddpm, sample_dpm_solver_pp
from edge_backend.diffusion.schedule import CLEAN, ddim_times, log_snr_times

DEVIATION = 0.4
SHAPE = (2, 30, 7)


@pytest.fixture
def clamped(gaussian_denoiser):
    denoise = gaussian_denoiser(DEVIATION)
    return lambda x, t: denoise(x, t).clip(-1, 1)


def _trained(schedule):
    return {"trained_betas": schedule.betas.astype(np.float64), "prediction_type": "sample"}


def _run(scheduler, denoise, x, times, **options):
    """x0 by a scheduler of diffusers, its prediction being the network's x0."""
    if "variance_noise" in options:
        options["variance_noise"] = torch.from_numpy(options["variance_noise"])
    for t in times:
        x0 = torch.from_numpy(denoise(x, int(t)))
        x = scheduler.step(x0, int(t), torch.from_numpy(x), return_dict=False, **options)[0].numpy()
    return x


@pytest.mark.parametrize("steps", [10, 50, 200])
@pytest.mark.parametrize("eta", [0.0, 0.3, 1.0])
def test_ddim_does_as_diffusers(schedule, clamped, normal_noise, steps, eta):
    times = ddim_times(steps, schedule)
    x = normal_noise(SHAPE, seed=1)()
    mine = sample_ddim(clamped, x, times, schedule, noise=normal_noise(SHAPE), eta=eta)

    scheduler = DDIMScheduler(**_trained(schedule), clip_sample=True, set_alpha_to_one=True)
    scheduler.set_timesteps(steps)
    theirs_noise, theirs = normal_noise(SHAPE), x
    for t in times:
        options = {"eta": eta, "use_clipped_model_output": True}
        if eta > 0:
            options["variance_noise"] = theirs_noise()
        theirs = _run(scheduler, clamped, theirs, [t], **options)
    np.testing.assert_allclose(mine, theirs, atol=1e-5, rtol=0)


def test_ddpm_does_as_diffusers(schedule, clamped, normal_noise, monkeypatch):
    times = list(range(schedule.steps - 1, CLEAN, -1))
    x = normal_noise(SHAPE, seed=1)()
    mine = sample_ddpm(clamped, x, times, schedule, noise=normal_noise(SHAPE))

    # Its scheduler draws for itself: let it draw from the same source.
    draw = normal_noise(SHAPE)
    monkeypatch.setattr("diffusers.schedulers.scheduling_ddpm.randn_tensor", lambda *_, **__: torch.from_numpy(draw()))
    scheduler = DDPMScheduler(**_trained(schedule), clip_sample=True, variance_type="fixed_small")
    theirs = _run(scheduler, clamped, x, times)
    # It takes beta from a quotient of two float32 abars, which near t = 0 is right to a thousandth only.
    np.testing.assert_allclose(mine, theirs, atol=1e-3, rtol=0)


@pytest.mark.parametrize("steps", [8, 10, 12, 15, 20])
def test_dpm_solver_does_as_diffusers(schedule, clamped, normal_noise, steps):
    times = log_snr_times(steps, schedule)
    x = normal_noise(SHAPE)()
    mine = sample_dpm_solver_pp(clamped, x, times, schedule)

    scheduler = DPMSolverMultistepScheduler(
        **_trained(schedule),
        algorithm_type="dpmsolver++",
        solver_order=2,
        solver_type="midpoint",
        lower_order_final=True,
        final_sigmas_type="zero",
    )
    scheduler.set_timesteps(timesteps=times)
    theirs = _run(scheduler, clamped, x, times)
    np.testing.assert_allclose(mine, theirs, atol=1e-5, rtol=0)


def _deviation_of(sample, denoise, normal_noise, **options):
    x = normal_noise((20_000,), seed=1)()
    return float(sample(denoise, x, **options).std() / x.std())


@pytest.mark.parametrize("deviation", [1.0, 0.2, 0.05])
def test_ten_steps_of_dpm_solver_keep_large_and_small_movement(schedule, gaussian_denoiser, normal_noise, deviation):
    denoise = gaussian_denoiser(deviation)
    x = normal_noise((20_000,))()
    result = sample_dpm_solver_pp(denoise, x, log_snr_times(10, schedule), schedule)
    # EDGE's 50 steps give 0.96, 0.87 and 0.67 here: its last step is at a noise of 0.04.
    assert float(result.std() / x.std()) == pytest.approx(deviation, rel=0.06)


def test_ancestral_sampling_gives_the_distribution(schedule, gaussian_denoiser, normal_noise):
    noise = normal_noise((20_000,))
    result = sample_ddpm(gaussian_denoiser(0.5), noise(), range(999, CLEAN, -1), schedule, noise=noise)
    assert float(result.std()) == pytest.approx(0.5, rel=0.02)  # 20,000 values: 0.5 % is one standard error


def test_deterministic_ddim_draws_nothing(schedule, clamped, normal_noise):
    def forbidden():
        raise AssertionError("noise was drawn")

    x = normal_noise(SHAPE)()
    sample_ddim(clamped, x, ddim_times(5, schedule), schedule, noise=forbidden, eta=0)


def _every_sampler(schedule, normal_noise):
    even, uneven = ddim_times(6, schedule), log_snr_times(6, schedule)
    noise = normal_noise(SHAPE)
    return {
        "ddim": lambda denoise, x, **hooks: sample_ddim(denoise, x, even, schedule, noise=noise, **hooks),
        "ddpm": lambda denoise, x, **hooks: sample_ddpm(denoise, x, even, schedule, noise=noise, **hooks),
        "dpmpp": lambda denoise, x, **hooks: sample_dpm_solver_pp(denoise, x, uneven, schedule, **hooks),
    }


@pytest.mark.parametrize("name", ["ddim", "ddpm", "dpmpp"])
def test_every_step_is_reported_with_the_x0_of_that_step(schedule, clamped, normal_noise, name):
    steps = []
    sample = _every_sampler(schedule, normal_noise)[name]
    result = sample(clamped, normal_noise(SHAPE)(), on_step=steps.append)
    assert [step.index for step in steps] == list(range(6))
    assert all(step.count == 6 for step in steps)
    assert all(earlier.t > later.t for earlier, later in pairwise(steps))
    np.testing.assert_allclose(steps[-1].x0, result, atol=1e-3, rtol=0)


@pytest.mark.parametrize("name", ["ddim", "ddpm", "dpmpp"])
def test_a_callback_that_cancels_ends_the_sampling_there(schedule, clamped, normal_noise, name):
    evaluations = []

    def denoise(x, t):
        evaluations.append(t)
        return clamped(x, t)

    def cancel_at_the_third(step):
        if step.index == 2:
            raise Cancelled

    sample = _every_sampler(schedule, normal_noise)[name]
    with pytest.raises(Cancelled):
        sample(denoise, normal_noise(SHAPE)(), on_step=cancel_at_the_third)
    assert len(evaluations) == 3


@pytest.mark.parametrize("name", ["ddim", "ddpm", "dpmpp"])
def test_what_must_hold_is_put_in_after_every_step_but_the_last(schedule, clamped, normal_noise, name):
    seen = []

    def after_step(x, t):
        seen.append(t)
        return x

    _every_sampler(schedule, normal_noise)[name](clamped, normal_noise(SHAPE)(), after_step=after_step)
    assert len([t for t in seen if t != CLEAN]) == 5
    assert (CLEAN in seen) == (name == "dpmpp")  # there the stored prediction is changed with x
