"""Settings of glibc's malloc: retain freed memory during generation, return it afterwards. Standard library only."""

import contextlib
import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # glibc's names in malloc.h
RETAINED_BYTES = 64 << 20
SINGLE_BYTES = 16 << 20  # larger blocks are allocated by mmap and returned to the system when freed


def keep_freed_memory() -> None:
    """Have glibc retain up to RETAINED_BYTES of freed memory instead of returning it to the system; elsewhere nothing.

    The network allocates and frees some MB thousands of times. If that memory were returned each time, the system would
    map and zero every page again, which takes CPU time. This function can be called at any time.
    """
    _call("mallopt", _M_MMAP_THRESHOLD, SINGLE_BYTES)
    _call("mallopt", _M_TRIM_THRESHOLD, RETAINED_BYTES)


def trim_heap() -> None:
    """Have glibc return all free memory to the system (180 MB after ten minutes of dance); elsewhere nothing."""
    _call("malloc_trim", 0)


def _call(function: str, *numbers: int) -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # a C library without it
            getattr(ctypes.CDLL(None), function)(*numbers)
