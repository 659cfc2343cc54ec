"""Memory that was just freed is kept for what is asked for next. Standard library only."""

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
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # a C library without mallopt
            system = ctypes.CDLL(None)
            system.mallopt(_M_MMAP_THRESHOLD, SINGLE_BYTES)
            system.mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)
