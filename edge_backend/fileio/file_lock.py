"""A lock file; the system releases it however the process ends. Standard library only."""

import contextlib
import errno
import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ..errors import EdgeError

# flock says EWOULDBLOCK, which is EAGAIN; Windows and some network disks say EACCES.
_TAKEN = {errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}


@contextmanager
def exclusive_lock(path: Path, taken: EdgeError, *, keep: bool = True) -> Iterator[None]:
    """Lock this file, which is created if missing. taken: raised if another process has locked it.

    keep: do not remove the file afterwards. Raises EdgeError file_lock if the disk does not support locks; OSError if
    the file cannot be opened.
    """
    with _locked(path, taken):
        try:
            yield
        finally:
            if not keep and sys.platform != "win32":
                path.unlink(missing_ok=True)
    if not keep and sys.platform == "win32":  # open files cannot be removed
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


@contextmanager
def _locked(path: Path, taken: EdgeError) -> Iterator[None]:
    while True:
        with path.open("ab") as file:
            try:
                _lock(file)
            except OSError as error:
                if error.errno in _TAKEN:
                    raise taken from None
                raise EdgeError(
                    "file_lock",
                    f"The disk of {path.parent} cannot lock files: {error.strerror or error}.",
                    "Choose a folder on a disk of this machine.",
                ) from error
            if sys.platform == "win32" or _is_at(path, file):
                yield
                return


def _is_at(path: Path, file: IO[bytes]) -> bool:
    """Whether the open file is still the one at `path`: the process that had locked it may have removed it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _lock(file: IO[bytes]) -> None:
    """Raises OSError."""
    if sys.platform == "win32":
        msvcrt: Any = importlib.import_module("msvcrt")
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl: Any = importlib.import_module("fcntl")
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
