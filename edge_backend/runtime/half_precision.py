"""Whether a device computes in half precision at a usable speed. Needs torch."""

from functools import partial

import torch

from .usage import seconds_of

TRIAL_S = 0.25  # longer than this, or than three times float32's time, a small product must not take
SHORT_S = 2e-4  # shorter than this it may take whatever float32 does: a GPU starts no work more quickly
ROUNDS = 3


def is_usable(precision: torch.dtype, device: torch.device) -> bool:
    """Whether a small matrix product is fast enough to try larger ones: CPUs without bf16 take 7 to hundreds of times
    as long as in float32, the longer the larger the matrix is."""
    given = torch.ones(64, 256), torch.ones(256, 256)
    limit = 0.0
    for kind in (torch.float32, precision):
        product = partial(torch.mm, *(part.to(device, kind) for part in given))
        product()
        took = min(seconds_of(product, device) for _ in range(ROUNDS))
        limit = limit or 3 * took
    return took <= min(max(limit, SHORT_S), TRIAL_S)
