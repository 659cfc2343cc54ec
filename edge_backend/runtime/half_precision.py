"""Whether a device computes in half precision at a usable speed. Needs torch."""

from functools import partial

import torch
from torch.nn import functional

from .usage import seconds_of

TRIAL_S = 0.25  # longer than this, or than three times float32's time, a small product must not take
ROUNDS = 3


def is_usable(precision: torch.dtype, device: torch.device) -> bool:
    """Whether a small matrix product is fast enough to try larger ones: CPUs without bf16 take hundreds of times as
    long as in float32."""
    given = torch.ones(64, 256), torch.ones(256, 256), torch.ones(256)
    limit = 0.0
    for kind in (torch.float32, precision):
        layer = partial(functional.linear, *(part.to(device, kind) for part in given))
        layer()
        took = min(seconds_of(layer, device) for _ in range(ROUNDS))
        limit = limit or 3 * took
    return took <= min(max(limit, 1e-3), TRIAL_S)
