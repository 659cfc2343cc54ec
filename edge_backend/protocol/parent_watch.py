"""Ends this process when its parent ends, however the parent ended. Standard library only."""

import contextlib
import ctypes
import os
import signal
import sys
import threading
from typing import NoReturn

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """On Linux, have the kernel kill this process when the thread that started it ends; elsewhere nothing.

    The end of stdin says the same on every system; this is for a process so stuck that no thread of it runs.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def end_with_stdin() -> None:
    """Exit when stdin closes or receives anything."""

    def listen() -> None:
        os.read(0, 1)
        end_now()

    threading.Thread(target=listen, name="listener", daemon=True).start()


def end_now() -> NoReturn:
    """Exit at once, with all processes of the group that this process leads, if it leads one."""
    if sys.platform != "win32" and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)
