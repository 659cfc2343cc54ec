"""Atomic writes: a file is replaced as a whole or not at all. Standard library only."""

import contextlib
import errno
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path: str | os.PathLike[str], suffix: str = ".part") -> Iterator[Path]:
    """A temporary path to write to; it replaces `path` when the block succeeds and is removed when it raises.

    It lies in the same folder under a short unique name, which no error names. suffix: its ending, for writers that
    check it.
    """
    target = Path(path)
    if not target.name:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    unfinished = target.with_name(f".{secrets.token_hex(6)}{suffix}")
    try:
        yield unfinished
        take_place(unfinished, target)
    except BaseException as error:
        with contextlib.suppress(OSError):  # do not hide the first exception
            unfinished.unlink(missing_ok=True)
        if isinstance(error, OSError) and str(error.filename) == str(unfinished):
            error.filename = str(target)
        raise


def take_place(finished: Path, target: Path) -> None:
    """Move a file to `target` on the same disk; after a power failure either the old or the new file is complete.

    Raises OSError.
    """
    with finished.open("rb+") as file:  # Windows flushes only what may be written
        os.fsync(file.fileno())
    finished.replace(target)
    if sys.platform != "win32":
        with contextlib.suppress(OSError):  # some network disks cannot; the file itself is safe
            _flush_folder(target.parent)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
