"""Smaller batches, then the CPU, for work that does not fit into the GPU's memory."""

import gc
import logging
from collections.abc import Callable
from typing import TypeVar

import torch

from ..errors.from_exception import is_out_of_memory

logger = logging.getLogger(__name__)

T = TypeVar("T")

GPUS = ("cuda", "mps")


def with_oom_fallback(work: Callable[[int, torch.device], T], batch: int, device: torch.device) -> T:
    """Run `work(batch, device)`; on out-of-memory halve the batch down to 1, then retry on the CPU.

    Logs a warning at each fallback. Raises the exceptions of work, also out-of-memory on the CPU.
    """
    while True:
        try:
            return work(batch, device)
        except Exception as error:
            if device.type not in GPUS or not is_out_of_memory(error):
                raise
        # After the except block: the exception's frames reference the tensors of the failed work.
        free_device_cache(device)
        if batch > 1:
            batch //= 2
            logger.warning("The GPU's memory is short: going on with %d windows at a time.", batch)
        else:
            device = torch.device("cpu")
            logger.warning("The GPU's memory is too short: going on with the CPU, which takes longer.")


def free_device_cache(device: torch.device) -> None:
    """Return the memory that torch caches on a device."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
