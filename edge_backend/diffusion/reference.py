"""EDGE's own sampler, written plainly, as the reference for faster ones (Tseng et al. 2023).

50 steps of DDIM; the whole network twice at each, the music encoded at each step; all windows in one batch, each
beginning as the one before it ends. Nothing is cached between steps.
"""

import numpy as np

from ..model.engine import Engine, Poll
from ..numerics.array import Array
from .guidance import Guidance
from .long_form import share_overlap
from .samplers import Noise, StepCallback, sample_ddim
from .schedule import Schedule, ddim_times

STEPS = 50


def sample_reference(
    engine: Engine,
    cond: Array,
    schedule: Schedule,
    *,
    guidance: Guidance,
    noise: Noise,
    on_step: StepCallback,
    poll: Poll,
) -> Array:
    """x0 (W, 150, 151), normalised, for the music cond (W, 150, features)."""

    def denoise(x: Array, t: int) -> Array:
        poll()
        unconditional = engine.plain(x, t, cond, unconditional=True)
        conditional = engine.plain(x, t, cond, unconditional=False)
        return np.clip(unconditional + guidance(t) * (conditional - unconditional), -1, 1)

    times = ddim_times(STEPS, schedule)
    return sample_ddim(denoise, noise(), times, schedule, noise=noise, after_step=share_overlap, on_step=on_step)
