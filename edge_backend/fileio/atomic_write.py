"""Files that appear whole or not at all. Standard library only."""

import contextlib
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path: str | os.PathLike[str], suffix: str = ".part") -> Iterator[Path]:
    """A path to write a file to, which takes the place of `path` when the block ends well and is gone when it fails.

    It lies in the same folder, under a short name that nobody else has. suffix: that name's end, for writers that
    want a certain one.
    """
    target = Path(path)
    unfinished = target.with_name(f".{secrets.token_hex(6)}{suffix}")
    try:
        yield unfinished
        take_place(unfinished, target)
    except BaseException:
        with contextlib.suppress(OSError):  # what failed first is what is told
            unfinished.unlink(missing_ok=True)
        raise


def take_place(finished: Path, target: Path) -> None:
    """Move a file to `target`, of the same disk, so that after a power cut the old or the new one is there, whole.

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
