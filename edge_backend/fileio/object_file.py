"""Files of Python objects: what pickle, joblib, numpy.save and torch.save wrote, read as plain values and numpy arrays.

Trackers and motion models store their results this way. Every name in such a file is looked up in a short list; nothing
that a file names is imported or run, and neither torch nor joblib is needed. Tensors become numpy arrays.
"""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from ..errors import EdgeError, any_exception_as
from .restricted_unpickler import Names, RestrictedPythonUnpickler, holders, numpy_names
from .safe_npz import LARGEST

_STORAGES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": "<u2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
"""torch's names of a tensor's bytes -> numpy's of their elements. bfloat16 is widened when the tensor is rebuilt."""

_HARMLESS = {("torch", "Size"), ("torch", "device"), ("torch.serialization", "_get_layout")}
_COMPRESSED: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": lambda stream: gzip.GzipFile(fileobj=stream),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ": lzma.LZMAFile,
    b"\x5d\x00": lzma.LZMAFile,
}
"""First bytes of a compressed file -> what opens it. joblib knows these and zlib."""
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_NPY = b"\x93NUMPY"
_OLD_TORCH_MAGIC = 0x1950A86A20F9469CFC6C  # the first value of torch.save's format before 1.6
_OLD_TORCH_PREFACE = 2  # then the protocol's number and the writer's byte sizes
_COUNT_BYTES = 8  # before each storage of the old format


def read_object_file(path: Path) -> Any:
    """The object in a file that pickle, joblib, numpy.save or torch.save wrote: containers, numbers, strings, arrays.

    Raises EdgeError motion_missing; motion_unreadable where it is no such file, is damaged, larger than `LARGEST`
    bytes, or names a class that is not on the list (nothing was run).
    """
    if not path.is_file():
        raise EdgeError("motion_missing", f"There is no motion file at {path}.", "Check the path.")
    unreadable = EdgeError(
        "motion_unreadable",
        f"{path} is not a file of plain values and arrays, or is damaged.",
        "Save it again; numpy arrays, torch tensors, dicts and lists can be read.",
    )
    with any_exception_as(unreadable):
        if path.stat().st_size > LARGEST:
            raise ValueError("it is larger than any motion")
        return _read_zip(path) if zipfile.is_zipfile(path) else _read_stream(_decompressed(path))


def _decompressed(path: Path) -> BinaryIO:
    content = path.read_bytes()
    if content[:2] in _ZLIB:
        content = zlib.decompressobj().decompress(content, LARGEST + 1)
    for sign, opened in _COMPRESSED.items():
        if content.startswith(sign):
            with opened(io.BytesIO(content)) as stream:
                content = stream.read(LARGEST + 1)
            break
    if len(content) > LARGEST:
        raise ValueError("it is larger than any motion")
    return io.BytesIO(content)


def _read_stream(stream: BinaryIO) -> Any:
    start = stream.read(len(_NPY))
    stream.seek(0)
    if start == _NPY:
        return _read_npy(stream)
    first = _Unpickler(stream).load()
    return _read_old_torch(stream) if first == _OLD_TORCH_MAGIC else first


def _read_npy(stream: BinaryIO) -> Any:
    """An array of numbers, or the one object that numpy.save stores as an array of objects without dimensions."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    if not dtype.hasobject:
        stream.seek(0)
        return np.lib.format.read_array(stream, allow_pickle=False)
    array = _Unpickler(stream).load()
    objects = array.objects
    return objects[0] if shape == () else objects


class _Unpickler(RestrictedPythonUnpickler):
    """An unpickler of the names below; joblib's arrays, whose bytes follow the opcode that describes them, are read."""

    def __init__(self, stream: BinaryIO, storage: Callable[[str, str, int], NDArray[Any]] | None = None) -> None:
        super().__init__(stream, _names(), "latin1")
        self._stream, self._storage = stream, storage
        self._storages: dict[str, NDArray[Any]] = {}

    def persistent_load(self, pid: Any) -> NDArray[Any]:
        """The storage of a tensor: ("storage", type, key, device, number of elements, ...)."""
        kind, dtype, key, _device, count, *views = pid
        if kind != "storage" or self._storage is None or any(view is not None for view in views):
            raise ValueError(f"unknown reference {pid!r}")
        if key not in self._storages:
            self._storages[key] = self._storage(str(key), dtype.code, int(count))
        return self._storages[key]

    def built(self, instance: Any) -> Any:
        """What replaces an instance whose state has been set."""
        return instance.read(self._stream) if isinstance(instance, _JoblibArray) else instance


class _JoblibArray:
    """joblib's description of an array: dtype, shape and order; the bytes follow in the file."""

    def __init__(self, *_arguments: Any) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.state = state

    def read(self, stream: BinaryIO) -> NDArray[Any]:
        """The array. Raises ValueError where its elements are objects or bytes are missing."""
        dtype = self.state["dtype"].plain()
        if dtype is None:
            raise ValueError("an array of objects")
        shape = tuple(int(length) for length in self.state["shape"])
        if self.state.get("numpy_array_alignment_bytes") is not None:
            stream.read(stream.read(1)[0])
        content = stream.read(int(np.prod(shape, dtype=np.int64)) * dtype.itemsize)
        array = np.frombuffer(content, dtype)
        if self.state["order"] == "F":
            return array.reshape(shape[::-1]).transpose()
        return array.reshape(shape)


class _StorageType:
    """torch's name of a tensor's element type."""

    def __init__(self, name: str) -> None:
        self.code = _STORAGES[name]
        self.name = name


def _names() -> Names:
    names: dict[tuple[str, str], Any] = {
        **numpy_names(),
        ("collections", "OrderedDict"): OrderedDict,
        ("joblib.numpy_pickle", "NumpyArrayWrapper"): _JoblibArray,
        ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
        ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
        ("torch.storage", "_load_from_bytes"): _storage_from_bytes,
    }
    names |= {("torch", name): _StorageType(name) for name in _STORAGES}
    return names | holders(_HARMLESS)


def _rebuild_tensor(
    storage: NDArray[Any], offset: int, size: Sequence[int], stride: Sequence[int], *_rest: Any
) -> NDArray[Any]:
    """A view of the storage. Raises ValueError where it would reach beyond its bytes."""
    sizes, strides = [int(length) for length in size], [int(step) for step in stride]
    last = offset + sum((length - 1) * step for length, step in zip(sizes, strides, strict=True))
    if min(sizes, default=1) < 0 or min(strides, default=0) < 0 or offset < 0:
        raise ValueError("a tensor with negative sizes")
    if 0 not in sizes and last >= len(storage):
        raise ValueError("a tensor reaches beyond its bytes")
    if 0 in sizes:
        return np.zeros(sizes, storage.dtype)
    view = as_strided(storage[offset:], sizes, [step * storage.itemsize for step in strides])
    if storage.dtype == np.uint16:
        return (view.astype(np.uint32) << 16).view(np.float32)
    return view


def _rebuild_parameter(data: NDArray[Any], *_rest: Any) -> NDArray[Any]:
    return data


def _read_zip(path: Path) -> Any:
    """torch.save's format since 1.6: a zip without compression, data.pkl and one entry for each storage."""
    with zipfile.ZipFile(path) as archive:
        (main,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            raise ValueError("compressed entries")

        def storage(key: str, code: str, count: int) -> NDArray[Any]:
            array = np.frombuffer(archive.read(f"{main.removesuffix('.pkl')}/{key}"), code)
            if len(array) != count:
                raise ValueError(f"a storage has {len(array)} elements instead of {count}")
            return array

        return _Unpickler(io.BytesIO(archive.read(main)), storage).load()


def _read_old_torch(stream: BinaryIO) -> Any:
    """torch.save's format before 1.6, behind its first pickle: the object, the storages' keys, then their bytes.

    The bytes come last, so that the object is read twice: for the storages' sizes, then with the storages in place.
    """
    for _ in range(_OLD_TORCH_PREFACE):
        _Unpickler(stream).load()
    main = stream.tell()
    left = stream.seek(0, io.SEEK_END) - main
    stream.seek(main)
    storages: dict[str, NDArray[Any]] = {}

    def reserve(key: str, code: str, count: int) -> NDArray[Any]:
        if not 0 <= count * np.dtype(code).itemsize <= left:
            raise ValueError("a storage is larger than the file")
        storages[key] = np.zeros(count, code)
        return storages[key]

    _Unpickler(stream, reserve).load()
    for key in _Unpickler(stream).load():
        array = storages[str(key)]
        data = stream.read(_COUNT_BYTES + array.nbytes)[_COUNT_BYTES:]
        array[:] = np.frombuffer(data, array.dtype)
    stream.seek(main)
    return _Unpickler(stream, lambda key, _code, _count: storages[key]).load()


def _storage_from_bytes(content: bytes) -> NDArray[Any]:
    """A storage that was pickled by itself: the old format inside the file's own pickle."""
    stream = io.BytesIO(content)
    if _Unpickler(stream).load() != _OLD_TORCH_MAGIC:
        raise ValueError("no storage of torch")
    storage: NDArray[Any] = _read_old_torch(stream)
    return storage
