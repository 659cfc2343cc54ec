"""A disk cache of Jukebox features: one file per song, so that no slice is extracted twice.

The key of a slice is computed from its samples, so that the same slice is found wherever the song is cut.
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
    """The key of a slice: a hash of its unprocessed samples (n,) and their rate in Hz."""
    digest = hashlib.sha256(rate.to_bytes(4, "little"))
    digest.update(np.ascontiguousarray(samples, "<f4").tobytes())
    return digest.hexdigest()


class FeatureCache:
    """Features (frames, width) by slice, in one file for a song and an extractor; at most `limit` bytes in the folder.

    song: SHA-256 of the sound file. extractor: `identity` of the Extractor. When the folder grows beyond `limit`, the
    least recently used files are removed. A damaged file counts as missing. If the disk is full or read-only, stored
    features are still found and new ones are not stored; that is logged once, as a warning.
    """

    def __init__(self, folder: Path, song: str, extractor: str, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._path = folder / f"{hashlib.sha256(f'{song} {extractor}'.encode()).hexdigest()}.safetensors"
        self._writable = True

    def find(self, keys: Iterable[str]) -> Slices:
        """The features (frames, width) of those slices that are stored, by key."""
        found = self._read(set(keys))
        if found:
            with contextlib.suppress(OSError):  # a read-only disk
                os.utime(self._path)  # the time of last use
        return found

    def add(self, slices: Mapping[str, NDArray[np.float32]]) -> None:
        """Store features (frames, width) by key with the song's others, or in their place if all would be too large."""
        if not self._writable:
            return
        try:
            self._write(slices)
            self._evict()
        except (OSError, SafetensorError) as error:
            self._writable = False
            logger.warning("Jukebox's features are not stored in %s: %s", self._folder, error)

    def _write(self, slices: Mapping[str, NDArray[np.float32]]) -> None:
        everything = self._read() | dict(slices)
        if sum(values.nbytes for values in everything.values()) > self._limit:
            everything = dict(slices)
        self._folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(self._path) as unfinished:
            save_file({key: np.ascontiguousarray(values) for key, values in everything.items()}, unfinished)

    def _read(self, wanted: set[str] | None = None) -> Slices:
        """The features of the `wanted` slices in the file, None = of all."""
        try:
            if not self._path.is_file():
                return {}
            with safe_open(self._path, framework="np") as file:
                return {key: file.get_tensor(key) for key in file.keys() if wanted is None or key in wanted}  # noqa: SIM118
        except (SafetensorError, OSError):
            return {}

    def _evict(self) -> None:
        """Remove the least recently used files, except the one just written and those that other programs lock."""
        files = []
        for path in self._folder.glob("*.safetensors"):
            with contextlib.suppress(OSError):  # another program removed it meanwhile
                files.append((path.stat(), path))
        size = sum(stat.st_size for stat, _ in files)
        for stat, path in sorted(files, key=lambda file: file[0].st_mtime_ns):
            if size <= self._limit or path == self._path:
                continue
            with contextlib.suppress(OSError):  # another program reads it, on Windows
                path.unlink(missing_ok=True)
                size -= stat.st_size
