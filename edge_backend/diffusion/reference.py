"""EDGE's own sampler, written plainly, as the reference for faster ones (Tseng et al. 2023).

50 steps of DDIM; the whole network twice at each, the music encoded at each step; all windows in one batch, each
beginning as the one before it ends. Nothing is kept from step to step.
"""

import torch
from torch import Tensor

from ..model.decoder import DanceDecoder
from .guidance import Guidance, Poll
from .long_form import share_overlap
from .samplers import Noise, StepCallback, sample_ddim
from .schedule import Schedule, ddim_times

STEPS = 50


@torch.inference_mode()
def sample_reference(
    model: DanceDecoder,
    cond: Tensor,
    schedule: Schedule,
    *,
    guidance: Guidance,
    noise: Noise,
    on_step: StepCallback,
    poll: Poll,
) -> Tensor:
    """x0 (W, 150, 151), normalised, for the music cond (W, 150, features), on the model's device."""
    dropped = torch.ones(len(cond), dtype=torch.bool, device=cond.device)

    def denoise(x: Tensor, t: int) -> Tensor:
        poll()
        times = torch.full((len(x),), t, device=x.device)
        unconditional = model(x, cond, times, dropped)
        conditional = model(x, cond, times)
        return (unconditional + guidance(t) * (conditional - unconditional)).clamp(-1, 1)

    times = ddim_times(STEPS, schedule)
    return sample_ddim(denoise, noise(), times, schedule, noise=noise, after_step=share_overlap, on_step=on_step)
