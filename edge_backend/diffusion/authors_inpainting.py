"""The EDGE authors' own rule for editing, kept as a reference; constraints.py has what the product uses."""

import torch
from torch import Tensor

from .samplers import AfterStep, Noise
from .schedule import Schedule


def replace_known(mask: Tensor, values: Tensor, schedule: Schedule, noise: Noise) -> AfterStep:
    """After each step the known part of x is replaced by the known values at that step's noise (EDGE, section 3.4).

    mask: 1 where known, values: normalised; both of x's shape. Nothing is replaced at the end, so that known values
    come out nearly, not exactly.
    """
    known = mask.bool()
    return lambda x, t: torch.where(known, schedule.q_sample(values, t, noise()), x)
