"""A process that ends with the one that started it, however that ended. Standard library only."""

import contextlib
import ctypes
import os
import signal
import sys
import threading
from typing import NoReturn

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Let Linux kill this process when the thread that started it has gone; elsewhere nothing.

    The end of stdin tells the same everywhere; this is for a process that is stuck so deeply that no thread runs.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def end_with_stdin() -> None:
    """End this process as soon as stdin ends or says anything: who started it has gone, or wants no more of it."""

    def listen() -> None:
        os.read(0, 1)
        end_now()

    threading.Thread(target=listen, name="listener", daemon=True).start()


def end_now() -> NoReturn:
    """End this process, and those that it started where it leads their group, wherever they are in their work."""
    if sys.platform != "win32" and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)
