"""Settings of glibc's malloc: keep freed memory while dances are made, return it afterwards. Standard library only."""

import contextlib
import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # glibc's names in malloc.h
KEPT_BYTES = 64 << 20
SINGLE_BYTES = 16 << 20  # what is larger comes from the system and goes back to it at once


def keep_freed_memory() -> None:
    """Have glibc keep up to KEPT_BYTES of freed memory instead of returning it to the system; elsewhere nothing.

    The network allocates and frees some MB thousands of times. Given back each time, every page of it comes anew,
    filled with zeros by the system, on one of the cores that should multiply matrices. It can be called at any time.
    """
    _call("mallopt", _M_MMAP_THRESHOLD, SINGLE_BYTES)
    _call("mallopt", _M_TRIM_THRESHOLD, KEPT_BYTES)


def trim_heap() -> None:
    """Have glibc return all free memory to the system; elsewhere nothing.

    After ten minutes of dance that is 180 MB.
    """
    _call("malloc_trim", 0)


def _call(function: str, *numbers: int) -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # a C library without it
            getattr(ctypes.CDLL(None), function)(*numbers)
