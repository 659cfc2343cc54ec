"""Reads files of torch.save, in its zip format and its older one, without running code of them.

A pickle names functions and classes to call. Here every name is looked up in a short list: tensors are made by the
functions below, the classes that the caller names and values that are not needed become plain dicts, and any other
name raises.
"""

import functools
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import EdgeError, any_exception_as
from ..fileio.restricted_unpickler import Names, RestrictedUnpickler, forbidden_names_as, holders

_STORAGES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
    "ComplexFloatStorage": torch.complex64,
    "ComplexDoubleStorage": torch.complex128,
}
_HARMLESS = {
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("_codecs", "encode"),
    ("torch", "Size"),
    ("torch", "device"),
}
_OLD_FORMAT_MAGIC = 0x1950A86A20F9469CFC6C  # first value of files from before torch 1.6
_OLD_FORMAT_PREFACE = 2  # then the protocol's number and the writer's byte sizes
_COUNT_BYTES = 8  # before each storage


def read_torch_file(path: Path, stand_ins: Collection[tuple[str, str]] = ()) -> Any:
    """The object that torch.save wrote to the file; tensors on the CPU.

    stand_ins: (module, class) that the file may name; a dict that stores its attributes takes the place of each.
    Tensors of the older format are mapped, not read: memory is used where they are looked at, and given back with them;
    the file must exist as long as they do.
    Raises EdgeError weights_missing, weights_unreadable (no torch file), checkpoint_forbidden (it names something
    outside the list).
    """
    if not path.is_file():
        raise EdgeError("weights_missing", f"There is no checkpoint at {path}.", "Check the path.")
    allowed = _allowed_names(stand_ins)
    unreadable = EdgeError(
        "weights_unreadable",
        f"{path} is not a torch checkpoint or is damaged.",
        "Download it again and compare its size.",
    )
    again = "Get the checkpoint from its authors again; do not trust this file."
    with any_exception_as(unreadable), forbidden_names_as("checkpoint_forbidden", str(path), "checkpoint", again):
        return _read_zip_format(path, allowed) if zipfile.is_zipfile(path) else _read_old_format(path, allowed)


def _read_zip_format(path: Path, allowed: Names) -> Any:
    """torch 1.6 and later: a zip without compression, data.pkl and one entry per storage."""
    with zipfile.ZipFile(path) as archive:
        (main,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            raise ValueError("compressed entries")

        def storage(key: str, size: int) -> Tensor:
            return _fill(torch.zeros(size, dtype=torch.uint8), archive.read(f"{main.removesuffix('.pkl')}/{key}"))

        with archive.open(main) as stream:
            return _TorchUnpickler(stream, allowed, storage).load()


def _read_old_format(path: Path, allowed: Names) -> Any:
    """Before torch 1.6: several pickles in a row, then the storages' bytes, in the order of a list of their keys.

    That list comes last, so the main pickle is read twice: for the storages' sizes, then with the storages in place.
    """
    with path.open("rb") as stream:

        def next_pickle(storage: Callable[[str, int], Tensor]) -> Any:
            return _TorchUnpickler(stream, allowed, storage).load()

        sizes: dict[str, int] = {}

        def note_size(key: str, size: int) -> Tensor:
            sizes[key] = size
            return torch.empty(size, dtype=torch.uint8, device="meta")

        if next_pickle(note_size) != _OLD_FORMAT_MAGIC:
            raise ValueError("no torch file")
        for _ in range(_OLD_FORMAT_PREFACE):
            next_pickle(note_size)
        main = stream.tell()
        next_pickle(note_size)
        places: dict[str, int] = {}
        keys = next_pickle(note_size)
        end = stream.tell()
        for key in keys:
            places[key] = end + _COUNT_BYTES
            end = places[key] + sizes[key]
        if end > path.stat().st_size:
            raise ValueError(f"the file ends before its last storage, which ends at {end}")
        stream.seek(main)
        return next_pickle(lambda key, size: _map(path, places[key], size))


def _map(path: Path, place: int, size: int) -> Tensor:
    if not size:
        return torch.zeros(0, dtype=torch.uint8)  # memmap refuses size 0
    return torch.from_numpy(np.memmap(path, np.uint8, "c", place, (size,)))


def _fill(storage: Tensor, data: bytes) -> Tensor:
    if len(data) != len(storage):
        raise ValueError(f"a storage has {len(data)} bytes instead of {len(storage)}")
    storage.numpy()[:] = np.frombuffer(data, dtype=np.uint8)
    return storage


class _TorchUnpickler(RestrictedUnpickler):
    """An unpickler that also resolves torch's references to the bytes of tensors."""

    def __init__(self, stream: Any, allowed: Names, storage: Callable[[str, int], Tensor]) -> None:
        super().__init__(stream, allowed, "utf-8")
        self._storage = storage
        self._storages: dict[str, Tensor] = {}

    def persistent_load(self, pid: Any) -> Any:
        kind, dtype, key, _location, count, *views = pid
        if kind != "storage" or not isinstance(dtype, torch.dtype) or any(views):
            raise ValueError(f"unknown reference {pid!r}")
        if key not in self._storages:
            self._storages[key] = self._storage(key, count * dtype.itemsize)
        return self._storages[key].view(dtype)


def _allowed_names(stand_ins: Collection[tuple[str, str]]) -> Names:
    names: dict[tuple[str, str], Any] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor"): functools.partial(_rebuild_tensor),
        ("torch._utils", "_rebuild_tensor_v2"): functools.partial(_rebuild_tensor),
        ("torch._utils", "_rebuild_tensor_v3"): functools.partial(_rebuild_typed_tensor),
        ("torch._utils", "_rebuild_parameter"): functools.partial(_rebuild_parameter),
        ("torch.storage", "UntypedStorage"): torch.uint8,
    }
    names |= {("torch", storage): dtype for storage, dtype in _STORAGES.items()}
    names |= {("torch", name): dtype for name, dtype in vars(torch).items() if isinstance(dtype, torch.dtype)}
    return names | holders([*_HARMLESS, *stand_ins])


def _rebuild_tensor(storage: Tensor, offset: int, size: Sequence[int], stride: Sequence[int], *_rest: Any) -> Tensor:
    return storage.as_strided(size, stride, offset)


def _rebuild_typed_tensor(
    storage: Tensor,
    offset: int,
    size: Sequence[int],
    stride: Sequence[int],
    _requires_grad: bool,
    _hooks: Any,
    dtype: torch.dtype,
    *_rest: Any,
) -> Tensor:
    """A tensor of a type that has no storage class of its own, such as torch.uint16."""
    return storage.view(dtype).as_strided(size, stride, offset)


def _rebuild_parameter(data: Tensor, *_rest: Any) -> Tensor:
    return data
