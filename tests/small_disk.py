"""Full and read-only disks, for tests on Linux with the right to mount."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A disk of its own in the folder, as `size=64k` or `ro`; the test is skipped where that may not be."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    if sys.platform != "linux" or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no right to mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def set_read_only(folder: Path) -> None:
    """From now on a mounted disk may only be read."""
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
