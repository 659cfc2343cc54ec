"""A lock file; the system releases it however the process ends. Standard library only."""

import errno
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ..errors import EdgeError

# flock says EWOULDBLOCK, which is EAGAIN; Windows and some network disks say EACCES.
_TAKEN = {errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}


@contextmanager
def holding(path: Path, taken: EdgeError) -> Iterator[None]:
    """Hold the lock on this file, which is created if missing. taken: raised where another process holds it.

    Raises EdgeError file_lock where the disk does not support locks; OSError where the file cannot be opened.
    """
    with path.open("ab") as file:
        try:
            _hold(file)
        except OSError as error:
            if error.errno in _TAKEN:
                raise taken from None
            raise EdgeError(
                "file_lock",
                f"The disk of {path.parent} cannot lock files: {error.strerror or error}.",
                "Choose a folder on a disk of this machine.",
            ) from error
        yield


def _hold(file: IO[bytes]) -> None:
    """Raises OSError."""
    if sys.platform == "win32":
        msvcrt: Any = importlib.import_module("msvcrt")
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl: Any = importlib.import_module("fcntl")
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
