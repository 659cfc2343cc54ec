"""Untrusted npz files: arrays are read one by one, with their sizes checked. numpy only."""

import math
import os
import zipfile
from collections.abc import Iterable
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

LARGEST = 1 << 30
"""Bytes of all arrays together: an hour of dance has 70 MB, SMPL's models have 250 MB."""


def read_npz(path: str | os.PathLike[str], names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """The named arrays that the file contains.

    numpy alone trusts an array's header and allocates what it asks for. Nothing is unpickled.
    Raises what zipfile raises for damaged archives, and ValueError.
    """
    with zipfile.ZipFile(path) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        found = {name: entries[f"{name}.npy"] for name in names if f"{name}.npy" in entries}
        if sum(entry.file_size for entry in found.values()) > LARGEST:
            raise ValueError("it holds far too much")
        arrays = {}
        for name, entry in found.items():
            with archive.open(entry) as stream:
                _check_header(stream, entry.file_size)
            with archive.open(entry) as stream:
                arrays[name] = np.lib.format.read_array(stream, allow_pickle=False)
        return arrays


def _check_header(stream: IO[bytes], size: int) -> None:
    """Raises ValueError where the header does not match the number of bytes that follow."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    if dtype.hasobject or any(length < 0 for length in shape):
        raise ValueError("it holds objects, or arrays of negative size")
    if math.prod(shape) * dtype.itemsize != size - stream.tell():
        raise ValueError("an array has another size than its header says")
