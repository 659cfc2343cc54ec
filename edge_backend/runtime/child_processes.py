"""Options for starting child processes on every system. Standard library only."""

import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import Any

# Constants of Windows, which subprocess defines only there.
_CREATE_NO_WINDOW: int = getattr(subprocess, "CREATE_NO_WINDOW", 0x08000000)
_CREATE_NEW_PROCESS_GROUP: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0x00000200)
_MOST_ON_WINDOWS = 61  # limit of ProcessPoolExecutor on Windows


def unseen(system: str = sys.platform) -> dict[str, Any]:
    """Options of subprocess.Popen that keep Windows from opening a console window."""
    return {"creationflags": _CREATE_NO_WINDOW} if system == "win32" else {}


def apart(system: str = sys.platform) -> dict[str, Any]:
    """Options of subprocess.Popen for a process that does not receive the terminal's Ctrl-C and opens no console.

    On Linux and macOS it leads a process group of its own. Its parent must end it.
    """
    if system == "win32":
        return {"creationflags": _CREATE_NO_WINDOW | _CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def process_pool(wanted: int, system: str = sys.platform) -> ProcessPoolExecutor:
    """A pool of `wanted` processes, or as many as the system allows in one pool."""
    return ProcessPoolExecutor(min(wanted, _MOST_ON_WINDOWS) if system == "win32" else wanted)
