"""Safetensors files as numpy arrays: <https://huggingface.co/docs/safetensors>. numpy and the standard library only.

The library of that name does the same, and is not needed to dance: this keeps it out of Blender's extension.
"""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..numerics.array import Array

_LENGTH_BYTES = 8  # of the header, which follows
_LONGEST_HEADER = 100_000_000  # bytes; the format's own limit
_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U8": "u1", "BOOL": "?",
}  # fmt: skip
_NAMES = {np.dtype(dtype): name for name, dtype in _DTYPES.items() if name != "BF16"}


class SafetensorsError(ValueError):
    """The file is not a safetensors file, or is cut short."""


def read_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """The file's metadata, without reading its arrays. Raises SafetensorsError, OSError."""
    with Path(path).open("rb") as file:
        metadata, _, _ = _read_header(file)
    return metadata


def read_safetensors(path: str | os.PathLike[str]) -> tuple[dict[str, str], dict[str, Array]]:
    """The file's metadata and its arrays by name, read-only, in the types of the file; bfloat16 becomes float32.

    Raises SafetensorsError, OSError.
    """
    with Path(path).open("rb") as file:
        metadata, entries, size = _read_header(file)
        data = file.read(size)
    arrays, end = {}, 0
    for name, entry in sorted(entries.items(), key=lambda item: _offsets(item[1])):
        start, stop = _offsets(entry)
        if start != end:
            raise SafetensorsError(f"{name} does not begin where the array before it ends")
        arrays[name], end = _array(name, entry, data[start:stop]), stop
    if end != size:
        raise SafetensorsError(f"the arrays end at {end} of {size} bytes")
    return metadata, arrays


def write_safetensors(path: Path, metadata: Mapping[str, str], arrays: Mapping[str, Array]) -> None:
    """Write a file; equal content gives equal bytes. Raises OSError, KeyError for a type that the format lacks."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    chunks, end = [], 0
    # The largest numbers first: every array then begins at a multiple of its numbers' size.
    for name in sorted(arrays, key=lambda name: (-arrays[name].itemsize, name)):
        array = arrays[name]
        chunks.append(np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False)).tobytes())
        offsets = [end, end := end + len(chunks[-1])]
        header[name] = {"dtype": _NAMES[array.dtype], "shape": list(array.shape), "data_offsets": offsets}
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _LENGTH_BYTES)
    path.write_bytes(b"".join([len(text).to_bytes(_LENGTH_BYTES, "little"), text, *chunks]))


def _read_header(file: BinaryIO) -> tuple[dict[str, str], dict[str, Any], int]:
    """Metadata, entries of arrays by name, and the bytes of data that follow."""
    whole = os.fstat(file.fileno()).st_size
    length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
    if not 0 < length <= min(whole - _LENGTH_BYTES, _LONGEST_HEADER):
        raise SafetensorsError(f"its header is said to have {length} bytes")
    try:
        header = json.loads(file.read(length))
    except (ValueError, RecursionError) as error:
        raise SafetensorsError(f"its header is no JSON: {error}") from None
    metadata = header.pop("__metadata__", {}) if isinstance(header, dict) else None
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise SafetensorsError("its header is no table of arrays and texts")
    return metadata, header, whole - _LENGTH_BYTES - length


def _offsets(entry: Any) -> tuple[int, int]:
    match entry:
        case {"data_offsets": [int(start), int(stop)]} if 0 <= start <= stop:
            return start, stop
    raise SafetensorsError(f"{entry!r:.100} is no entry of an array")


def _array(name: str, entry: Any, data: bytes) -> Array:
    dtype, shape = entry.get("dtype"), entry.get("shape")
    if dtype not in _DTYPES:
        raise SafetensorsError(f"{name} is of an unknown type")
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise SafetensorsError(f"{name} has no shape")
    kind = np.dtype(_DTYPES[dtype])
    start, stop = entry["data_offsets"]
    if math.prod(shape) * kind.itemsize != stop - start or len(data) != stop - start:
        raise SafetensorsError(f"{name} has {len(data)} bytes, which are not {shape} numbers of {dtype}")
    array = np.frombuffer(data, kind).reshape(shape)
    if dtype == "BF16":  # the upper half of a float32
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array
