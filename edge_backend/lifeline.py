"""A process that ends with the one that started it, however that ended. Standard library only."""

import contextlib
import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Let Linux kill this process when the thread that started it has gone; elsewhere nothing.

    The end of stdin tells the same everywhere; this is for a process that is stuck so deeply that no thread runs.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
