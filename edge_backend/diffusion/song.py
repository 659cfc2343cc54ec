"""A dance for a whole song: the one entry point of this package."""

from dataclasses import dataclass
from typing import assert_never

import numpy as np
import torch
from torch import Tensor

from ..model.decoder import DanceDecoder
from ..motion.representation import CHANNELS, Normaliser
from ..motion.rotations import Array
from ..request import Sampler
from .guidance import BATCH, Guidance, Poll, carry_on, constant, ddpm_rule, encode, guided, in_interval, long_form_ramp
from .long_form import WINDOW, WindowPlan, plan_windows, share_overlap, stitch
from .noise import WindowNoise
from .samplers import AfterStep, Denoiser, Noise, StepCallback, ignore, sample_ddim, sample_ddpm, sample_dpm_solver_pp
from .schedule import Schedule, cosine_schedule, ddim_times, log_snr_times


@dataclass(frozen=True, slots=True)
class SamplerSettings:
    """How to sample.

    steps: network evaluations per window. eta: of DDIM, 0 = deterministic. guidance: how strongly the music leads,
    1 = as trained. guidance_interval: timesteps (low, high) outside which there is none. seed: 0 or more.
    batch: windows that go through the network at a time.
    """

    sampler: Sampler = "ddim"
    steps: int = 50
    eta: float = 1.0
    guidance: float = 2.0
    guidance_interval: tuple[int, int] | None = None
    seed: int = 0
    batch: int = BATCH


def sample_song(
    model: DanceDecoder,
    normaliser: Normaliser,
    cond: Array,
    frames: int,
    settings: SamplerSettings,
    *,
    on_step: StepCallback = ignore,
    poll: Poll = carry_on,
) -> Array:
    """Dance vectors (frames, 151) float32: metres, not normalised; rotations orthonormal.

    model: in eval mode, on its device. cond: the music, (frames or more, features), or (windows, 150, features) where
    windows are encoded alone; windows as plan_windows(frames) has them. Where (T, features) ends before the last window
    does, its last frame is repeated. poll: called before each network evaluation; raises Cancelled to stop there.
    on_step: called at each step with x0 (windows, 150, 151), normalised; may raise Cancelled too.
    The result depends on seed and settings, not on batch (CPU: see guidance.guided).
    """
    schedule = cosine_schedule()
    plan = plan_windows(frames)
    windows = range(plan.windows)
    with torch.inference_mode():
        music = encode(model, _windows_of(cond, plan), batch=settings.batch, poll=poll)
        denoise = guided(model, music, _guidance(settings, plan.windows), batch=settings.batch, poll=poll)
        noise = WindowNoise(settings.seed, windows, (WINDOW, CHANNELS), music.hidden.device)
        x0 = run_sampler(settings, denoise, noise(), schedule, noise=noise, after_step=share_overlap, on_step=on_step)
    return stitch(normaliser.unnormalise(x0.cpu().numpy()))[:frames]


def run_sampler(
    settings: SamplerSettings,
    denoise: Denoiser,
    x: Tensor,
    schedule: Schedule,
    *,
    noise: Noise,
    after_step: AfterStep,
    on_step: StepCallback,
) -> Tensor:
    """x0 by the sampler that the settings name, from x, which is noise at its first timestep."""
    even = ddim_times(settings.steps, schedule)
    match settings.sampler:
        case "ddim":
            return sample_ddim(
                denoise, x, even, schedule, noise=noise, eta=settings.eta, after_step=after_step, on_step=on_step
            )
        case "ddpm":
            return sample_ddpm(denoise, x, even, schedule, noise=noise, after_step=after_step, on_step=on_step)
        case "dpmpp":
            times = log_snr_times(settings.steps, schedule)
            return sample_dpm_solver_pp(denoise, x, times, schedule, after_step=after_step, on_step=on_step)
    assert_never(settings.sampler)


def _guidance(settings: SamplerSettings, windows: int) -> Guidance:
    """EDGE's rules: a ramp in long dances, none near the end of ancestral sampling, otherwise constant."""
    if settings.sampler == "ddpm":
        guidance = ddpm_rule(settings.guidance)
    elif windows > 1:
        guidance = long_form_ramp(settings.guidance)
    else:
        guidance = constant(settings.guidance)
    return in_interval(guidance, *settings.guidance_interval) if settings.guidance_interval else guidance


def _windows_of(cond: Array, plan: WindowPlan) -> Tensor:
    """The music's windows (W, 150, features), from features over the song or from windows encoded alone."""
    values = torch.from_numpy(np.ascontiguousarray(cond, dtype=np.float32))
    if values.ndim == 3:
        if len(values) != plan.windows:
            raise ValueError(f"{plan.frames} frames have {plan.windows} windows, the music has {len(values)}")
        return values
    missing = plan.padded_frames - len(values)
    if missing > 0:
        values = torch.cat([values, values[-1:].expand(missing, -1)])
    return plan.cut(values)
