"""Freed memory is kept for what is asked for next, and given back when nothing is. Standard library only."""

import contextlib
import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # glibc's names in malloc.h
KEPT_BYTES = 64 << 20
SINGLE_BYTES = 16 << 20  # what is larger comes from the system and goes back to it at once


def keep_freed_memory() -> None:
    """Let glibc keep up to KEPT_BYTES that it would give back to the system; elsewhere nothing.

    The network allocates and frees some MB thousands of times. Given back each time, every page of it comes anew,
    filled with zeros by the system, on one of the cores that should multiply matrices. It can be called at any time.
    """
    _call("mallopt", _M_MMAP_THRESHOLD, SINGLE_BYTES)
    _call("mallopt", _M_TRIM_THRESHOLD, KEPT_BYTES)


def trim_heap() -> None:
    """Let glibc give all that is free back to the system: work is over, and others may want it. Elsewhere nothing.

    After ten minutes of dance that is 180 MB.
    """
    _call("malloc_trim", 0)


def _call(function: str, *numbers: int) -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # a C library without it
            getattr(ctypes.CDLL(None), function)(*numbers)
