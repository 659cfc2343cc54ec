"""Samplers for a network that predicts x0. Each is its paper's update, one loop and one callback.

Guidance, clamping and constraints are part of the `denoise` that is passed in; samplers depend on neither music nor
dance.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..numerics.array import Array
from .schedule import CLEAN, Schedule

Denoiser = Callable[[Array, int], Array]
"""(x, t) -> the prediction of x0, of x's shape."""

Noise = Callable[[], Array]
"""Standard normal values of x's shape, new ones at each call."""

AfterStep = Callable[[Array, int], Array]
"""(x, t) -> x with what must hold at timestep t put in. Called after every step but the last; t may be CLEAN."""


@dataclass(frozen=True, slots=True)
class Step:
    """Step `index` of `count`, from timestep t. x0: the network's present prediction of the result."""

    index: int
    count: int
    t: int
    x0: Array


StepCallback = Callable[[Step], None]


class Cancelled(Exception):  # noqa: N818 - not an error
    """Raised by a callback to end the sampling at once."""


def ignore(step: Step) -> None:
    """The step callback that does nothing."""


def unchanged(x: Array, _t: int) -> Array:
    """The after_step that changes nothing."""
    return x


def sample_ddim(
    denoise: Denoiser,
    x: Array,
    times: Sequence[int],
    schedule: Schedule,
    *,
    noise: Noise,
    eta: float = 1.0,
    after_step: AfterStep = unchanged,
    on_step: StepCallback = ignore,
) -> Array:
    """DDIM (Song et al. 2021, eq. 12). eta 0 is deterministic, eta 1 draws fresh noise at each step.

    x: noise at times[0]. times: timesteps, descending. noise: not called where eta is 0. Returns x0.
    """
    for index, (t, t_next) in enumerate(pairwise([*times, CLEAN])):
        x0 = denoise(x, t)
        on_step(Step(index, len(times), t, x0))
        if t_next == CLEAN:
            return x0
        abar, abar_next = schedule.abar(t), schedule.abar(t_next)
        sigma = eta * math.sqrt((1 - abar / abar_next) * (1 - abar_next) / (1 - abar))
        direction = math.sqrt(1 - abar_next - sigma**2) * schedule.noise_in(x, x0, t)
        x = schedule.signal(t_next) * x0 + direction
        if sigma > 0:
            x = x + sigma * noise()
        x = after_step(x, t_next)
    return x


def sample_ddpm(
    denoise: Denoiser,
    x: Array,
    times: Sequence[int],
    schedule: Schedule,
    *,
    noise: Noise,
    after_step: AfterStep = unchanged,
    on_step: StepCallback = ignore,
) -> Array:
    """Ancestral sampling (Ho et al. 2020, algorithm 2, with the posterior of eq. 7).

    x: noise at times[0]. times: timesteps, descending; all of them is the paper's own way. Between timesteps that are
    further apart, beta is that of the whole stride (Nichol and Dhariwal 2021, eq. 19).
    Returns x0; float32 betas make it too large by up to 6e-4 of itself, as in the authors' code.
    """
    for index, (t, t_next) in enumerate(pairwise([*times, CLEAN])):
        x0 = denoise(x, t)
        on_step(Step(index, len(times), t, x0))
        abar, abar_next = schedule.abar(t), schedule.abar(t_next)
        beta = schedule.beta(t, t_next)
        mean_x0 = beta * math.sqrt(abar_next) / (1 - abar) * x0
        mean_x = (1 - abar_next) * math.sqrt(1 - beta) / (1 - abar) * x
        x = mean_x0 + mean_x
        if t_next == CLEAN:
            return x
        variance = beta * (1 - abar_next) / (1 - abar)
        x = after_step(x + math.sqrt(variance) * noise(), t_next)
    return x


def sample_dpm_solver_pp(
    denoise: Denoiser,
    x: Array,
    times: Sequence[int],
    schedule: Schedule,
    *,
    after_step: AfterStep = unchanged,
    on_step: StepCallback = ignore,
) -> Array:
    """DPM-Solver++(2M), midpoint (Lu et al. 2022b, algorithm 2): two network predictions per step, one of them new.

    x: noise at times[0]. times: timesteps, descending, best at equal distances in log SNR. The first and the last step
    are of first order. after_step is applied to the stored prediction too, so that both agree.
    Returns x0.
    """
    before: tuple[Array, float] | None = None  # the last prediction, and the log SNR at which it was made
    for index, (t, t_next) in enumerate(pairwise([*times, CLEAN])):
        x0 = denoise(x, t)
        on_step(Step(index, len(times), t, x0))
        if t_next == CLEAN:
            return x0
        here, there = schedule.log_snr(t), schedule.log_snr(t_next)
        midpoint = x0
        if before is not None:
            x0_before, log_snr_before = before
            ratio = (here - log_snr_before) / (there - here)
            midpoint = x0 + (x0 - x0_before) / (2 * ratio)
        x = (
            schedule.sigma(t_next) / schedule.sigma(t) * x
            - schedule.signal(t_next) * math.expm1(here - there) * midpoint
        )
        x = after_step(x, t_next)
        before = after_step(x0, CLEAN), here
    return x
