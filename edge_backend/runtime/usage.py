"""Measures the duration of work, and the peak memory of this process."""

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def seconds_of(work: Callable[[], object], device: "torch.device | None" = None) -> float:
    """Seconds that `work()` takes. device: of torch, whose work is waited for, before the start and at the end."""
    if device:
        synchronise(device)
    began = time.perf_counter()
    work()
    if device:
        synchronise(device)
    return time.perf_counter() - began


def synchronise(device: "torch.device") -> None:
    """Wait until a device of torch has done the work that was given to it."""
    import torch  # noqa: PLC0415 - callers without torch have no device

    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def peak_memory() -> int:
    """Peak memory of this process so far, in bytes; 0 on Windows, where it is not measured."""
    if sys.platform == "win32":
        return 0
    import resource  # noqa: PLC0415 - not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
