"""Reads the checkpoint.pt of EDGE's authors, a torch pickle, without running anything that it holds.

A pickle names the functions and classes to call. Here every name is looked up in a short list: tensors are rebuilt by
the two functions below, the authors' classes are stood in for by empty holders, harmless values that nobody needs
become holders too, and any other name ends the reading.
"""

import functools
import hashlib
import os
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from ..errors import EdgeError
from ..motion.representation import Normaliser
from .decoder import DecoderConfig, rotary_frequencies
from .weights_file import Weights, WeightsInfo, build_model, not_ours, save_weights

FEATURE_TYPES = {4800: "jukebox", 35: "baseline"}

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
_HOLDERS = {
    ("dataset.preprocess", "Normalizer"),
    ("dataset.scaler", "MinMaxScaler"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("_codecs", "encode"),
    ("torch", "Size"),
    ("torch", "device"),
}
_OLD_FORMAT_MAGIC = 0x1950A86A20F9469CFC6C  # first value of files from before torch 1.6
_OLD_FORMAT_PREFACE = 2  # then the protocol's number and the writer's byte sizes


@dataclass(frozen=True)
class AuthorsCheckpoint:
    """What we need of the authors' file: parameters under their own names (EMA), and the normaliser."""

    state: dict[str, Tensor]
    normaliser: Normaliser


def import_checkpoint(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    id: str,
    name: str,
    licence: str,
    heads: int | None = None,
    half: bool = False,
) -> WeightsInfo:
    """Make a weights file from a checkpoint of the authors and return its description.

    heads: of each attention, which the file does not tell; None = 8 at the paper's width of 512, else 4.
    Raises EdgeError as read_checkpoint and save_weights do; weights_not_ours if it is no EDGE network.
    """
    path = Path(source)
    checkpoint = read_checkpoint(path)
    model = build_model(path, checkpoint.state, heads or _usual_heads(checkpoint.state))
    if model.config.features not in FEATURE_TYPES:
        raise not_ours(path, f"no kind of music features is {model.config.features} wide")
    with path.open("rb") as file:
        origin = hashlib.file_digest(file, "sha256").hexdigest()
    info = WeightsInfo(
        id=id,
        name=name,
        licence=licence,
        feature_type=FEATURE_TYPES[model.config.features],
        config=model.config,
        training={"imported_from_sha256": origin},
    )
    save_weights(target, Weights(model, checkpoint.normaliser, info), half=half)
    return info


def read_checkpoint(path: str | os.PathLike[str]) -> AuthorsCheckpoint:
    """The EMA parameters and the normaliser of the authors' checkpoint.

    Raises EdgeError weights_missing, weights_unreadable (no torch pickle), checkpoint_forbidden (it names something
    outside the list), weights_not_ours (a torch pickle of something else).
    """
    source = Path(path)
    content = _read_torch_pickle(source)
    try:
        state = {name.removeprefix("module."): value for name, value in content["ema_state_dict"].items()}
        scaler = content["normalizer"].scaler
        normaliser = Normaliser(scaler.scale_.float().numpy(), scaler.min_.float().numpy())
    except (KeyError, TypeError, AttributeError) as error:
        raise not_ours(source, f"it is no checkpoint of the EDGE authors, as it lacks {error}") from error
    if not all(isinstance(value, Tensor) for value in state.values()):
        raise not_ours(source, "its ema_state_dict holds other things than tensors")
    return AuthorsCheckpoint(_without_rotary(source, state), normaliser)


def _usual_heads(state: Mapping[str, Tensor]) -> int:
    width = state["null_cond_hidden"].shape[-1] if "null_cond_hidden" in state else 0
    return 8 if width == DecoderConfig.latent else 4


def _without_rotary(path: Path, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The parameters without the copies of the rotary frequencies, which are constants and must be the known ones."""
    kept = {}
    for name, value in state.items():
        if not name.endswith("rotary.freqs"):
            kept[name] = value
        elif value.ndim != 1 or not torch.allclose(value.float(), rotary_frequencies(2 * len(value)), rtol=1e-4):
            raise not_ours(path, f"{name} are not the frequencies of EDGE's rotary embedding")
    return kept


def _read_torch_pickle(path: Path) -> Any:
    if not path.is_file():
        raise EdgeError("weights_missing", f"There is no checkpoint at {path}.", "Check the path.")
    try:
        return _read_zip_format(path) if zipfile.is_zipfile(path) else _read_old_format(path)
    except EdgeError:
        raise
    except Exception as error:  # a broken pickle makes the unpickler raise almost anything
        raise EdgeError(
            "weights_unreadable",
            f"{path} is not a torch checkpoint or is damaged.",
            "Download it again and compare its size.",
            detail=f"{type(error).__name__}: {error}",
        ) from error


def _read_zip_format(path: Path) -> Any:
    """torch 1.6 and later: a zip without compression, data.pkl and one entry per storage."""
    with zipfile.ZipFile(path) as archive:
        (main,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            raise ValueError("compressed entries")

        def storage(key: str, size: int) -> Tensor:
            return _fill(torch.zeros(size, dtype=torch.uint8), archive.read(f"{main.removesuffix('.pkl')}/{key}"))

        with archive.open(main) as stream:
            return _ListedUnpickler(stream, path, storage).load()


def _read_old_format(path: Path) -> Any:
    """Before torch 1.6: several pickles in a row, then the storages' bytes."""
    storages: dict[str, Tensor] = {}
    limit = path.stat().st_size

    def storage(key: str, size: int) -> Tensor:
        if size > limit:
            raise ValueError(f"storage {key} is larger than the file")
        return torch.zeros(size, dtype=torch.uint8)  # filled below

    with path.open("rb") as stream:

        def next_pickle() -> Any:
            return _ListedUnpickler(stream, path, storage, storages).load()

        if next_pickle() != _OLD_FORMAT_MAGIC:
            raise ValueError("no torch file")
        for _ in range(_OLD_FORMAT_PREFACE):
            next_pickle()
        content = next_pickle()
        for key in next_pickle():
            stream.seek(8, os.SEEK_CUR)  # the storage's length, which the pickle told already
            _fill(storages[key], stream.read(len(storages[key])))
    return content


def _fill(storage: Tensor, data: bytes) -> Tensor:
    if len(data) != len(storage):
        raise ValueError(f"a storage has {len(data)} bytes instead of {len(storage)}")
    storage.numpy()[:] = np.frombuffer(data, dtype=np.uint8)
    return storage


class _ListedUnpickler(pickle.Unpickler):
    """An unpickler that knows the names on the list and refuses all others."""

    def __init__(
        self,
        stream: BinaryIO | Any,
        path: Path,
        storage: Callable[[str, int], Tensor],
        storages: dict[str, Tensor] | None = None,
    ) -> None:
        super().__init__(stream, encoding="utf-8")
        self._path = path
        self._storage = storage
        self._storages = {} if storages is None else storages
        self._allowed = _allowed_names()

    def find_class(self, module: str, name: str, /) -> Any:
        try:
            return self._allowed[module, name]
        except KeyError:
            raise EdgeError(
                "checkpoint_forbidden",
                f"{self._path} asks for {module}.{name}, which no EDGE checkpoint needs; nothing was run.",
                "Get the checkpoint from its authors again; do not trust this file.",
            ) from None

    def persistent_load(self, pid: Any) -> Any:
        kind, dtype, key, _location, count, *views = pid
        if kind != "storage" or not isinstance(dtype, torch.dtype) or any(views):
            raise ValueError(f"unknown reference {pid!r}")
        if key not in self._storages:
            self._storages[key] = self._storage(key, count * dtype.itemsize)
        return self._storages[key].view(dtype)


def _allowed_names() -> dict[tuple[str, str], Any]:
    """Made anew for each file, so that no file can leave anything behind on them for the next."""
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
    names |= {(module, name): _holder(name) for module, name in _HOLDERS}
    return names


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
    """For types that have no storage class of their own, such as torch.uint16."""
    return storage.view(dtype).as_strided(size, stride, offset)


def _rebuild_parameter(data: Tensor, *_rest: Any) -> Tensor:
    return data


def _holder(name: str) -> type:
    """A class whose instances take any arguments and only hold the attributes that the pickle gives them."""

    def ignore_arguments(self: object, *_arguments: Any) -> None:
        del self

    def set_state(self: Any, state: Any) -> None:
        if isinstance(state, dict):
            self.__dict__.update(state)

    return type(name, (), {"__init__": ignore_arguments, "__setstate__": set_state})
