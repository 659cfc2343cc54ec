"""Smaller batches, then the CPU, for work that does not fit into the GPU's memory."""

import gc
import logging
import sys
from collections.abc import Callable
from typing import TypeVar

from ..errors.from_exception import is_out_of_memory

logger = logging.getLogger(__name__)

T = TypeVar("T")

GPUS = ("cuda", "mps")


def with_oom_fallback(work: Callable[[int, str], T], batch: int, device: str) -> T:
    """Run `work(batch, device)`; on out-of-memory halve the batch down to 1, then retry on the CPU.

    Logs a warning at each fallback. Raises the exceptions of work, also out-of-memory on the CPU.
    """
    while True:
        try:
            return work(batch, device)
        except Exception as error:
            if device not in GPUS or not is_out_of_memory(error):
                raise
        # After the except block: the exception's frames reference the tensors of the failed work.
        free_device_cache(device)
        if batch > 1:
            batch //= 2
            logger.warning("The GPU's memory is short: going on with %d windows at a time.", batch)
        else:
            device = "cpu"
            logger.warning("The GPU's memory is too short: going on with the CPU, which takes longer.")


def free_device_cache(device: str) -> None:
    """Return the memory that torch caches on a device; nothing where torch is not imported."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch and device == "cuda":
        torch.cuda.empty_cache()
    elif torch and device == "mps":
        torch.mps.empty_cache()
