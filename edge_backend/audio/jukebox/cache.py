"""Features kept on disk: a file for each song, so that nothing is extracted twice.

A slice is known by its own samples: where a song is cut does not matter, as long as the slice is the same.
"""

import contextlib
import hashlib
import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ...fileio.atomic_write import atomic_write

logger = logging.getLogger(__name__)

Slices = dict[str, NDArray[np.float32]]


def slice_key(samples: NDArray[np.float32], rate: int) -> str:
    """The name of a slice: of its samples (n,) before anything is done to them, and their rate."""
    digest = hashlib.sha256(rate.to_bytes(4, "little"))
    digest.update(np.ascontiguousarray(samples, "<f4").tobytes())
    return digest.hexdigest()


class FeatureCache:
    """Features (frames, width) by slice, in one file for a song and an extractor; at most `limit` bytes in the folder.

    song: SHA-256 of the sound file. extractor: identity of what makes the features. When the folder grows too large,
    files that were not used for longest go first. A damaged file counts as none. Where the disk is full or may not be
    written to, what is there is found and nothing more is kept; that is logged once, as a warning.
    """

    def __init__(self, folder: Path, song: str, extractor: str, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._path = folder / f"{hashlib.sha256(f'{song} {extractor}'.encode()).hexdigest()}.safetensors"
        self._writable = True

    def find(self, keys: Iterable[str]) -> Slices:
        """Those of the slices that are kept."""
        found = self._read(set(keys))
        if found:
            with contextlib.suppress(OSError):  # a disk that may only be read
                os.utime(self._path)  # used just now
        return found

    def add(self, slices: Mapping[str, NDArray[np.float32]]) -> None:
        """Keep these slices beside the song's others, or instead of them if all together would be too large."""
        if not self._writable:
            return
        try:
            self._write(slices)
            self._evict()
        except (OSError, SafetensorError) as error:
            self._writable = False
            logger.warning("Jukebox's features are not kept in %s: %s", self._folder, error)

    def _write(self, slices: Mapping[str, NDArray[np.float32]]) -> None:
        everything = self._read() | dict(slices)
        if sum(values.nbytes for values in everything.values()) > self._limit:
            everything = dict(slices)
        self._folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(self._path) as unfinished:
            save_file({key: np.ascontiguousarray(values) for key, values in everything.items()}, unfinished)

    def _read(self, wanted: set[str] | None = None) -> Slices:
        """Of the slices in the file those that are wanted, None = all."""
        try:
            if not self._path.is_file():
                return {}
            with safe_open(self._path, framework="np") as file:
                return {key: file.get_tensor(key) for key in file.keys() if wanted is None or key in wanted}  # noqa: SIM118
        except (SafetensorError, OSError):
            return {}

    def _evict(self) -> None:
        """Remove the longest unused files, other programs permitting, and never the one just written."""
        files = []
        for path in self._folder.glob("*.safetensors"):
            with contextlib.suppress(OSError):  # another program has removed it just now
                files.append((path.stat(), path))
        size = sum(stat.st_size for stat, _ in files)
        for stat, path in sorted(files, key=lambda file: file[0].st_mtime_ns):
            if size <= self._limit or path == self._path:
                continue
            with contextlib.suppress(OSError):  # another program reads it, on Windows
                path.unlink(missing_ok=True)
                size -= stat.st_size
