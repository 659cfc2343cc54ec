"""Checksums of files."""

import hashlib
import os
from pathlib import Path

from ..schema.progress import Report, silent

_BLOCK = 16 << 20  # bytes


def sha256_of(path: str | os.PathLike[str], report: Report = silent) -> str:
    """A file's SHA-256 as hexadecimal digits. report: in bytes, stage "loading". Raises OSError."""
    digest, size, done = hashlib.sha256(), Path(path).stat().st_size, 0
    report("loading", 0, size)
    with Path(path).open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            done += len(block)
            report("loading", done, size)
    return digest.hexdigest()
