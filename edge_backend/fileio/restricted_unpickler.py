"""Pickles read by an allow-list, so that nothing that a file names is imported or run.

A pickle names functions and classes to call. Here every name is looked up in a mapping from the caller; any other name
raises.
"""

import codecs
import pickle
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, ClassVar

import numpy as np

from ..errors import EdgeError

Names = Mapping[tuple[str, str], Any]
"""(module, name) as pickles spell them -> what stands for it."""


class ForbiddenNameError(ValueError):
    """A pickle names something that is not on the list; the message is that name."""


@contextmanager
def forbidden_names_as(code: str, file: str, kind: str, hint: str) -> Iterator[None]:
    """Raise an EdgeError with this code and hint in place of a ForbiddenNameError in this block.

    file, kind: how its sentence names the file and files of its kind.
    """
    try:
        yield
    except ForbiddenNameError as error:
        sentence = f"{file} asks for {error}, which no {kind} needs; nothing was run."
        raise EdgeError(code, sentence, hint) from None


class _AllowList:
    _names: Names

    def find_class(self, module: str, name: str, /) -> Any:
        """What stands for the name."""
        if (module, name) not in self._names:
            raise ForbiddenNameError(f"{module}.{name}")
        return self._names[module, name]


class RestrictedUnpickler(_AllowList, pickle.Unpickler):
    """An unpickler that resolves the names on the list and raises ForbiddenNameError for all others.

    encoding: of strings written by Python 2; "latin1" where there are arrays among them.
    """

    def __init__(self, stream: BinaryIO | Any, names: Names, encoding: str) -> None:
        super().__init__(stream, encoding=encoding)
        self._names = names


class RestrictedPythonUnpickler(_AllowList, pickle._Unpickler):
    """The same in Python: reads no byte beyond a pickle's end, and calls `built` after each BUILD opcode.

    joblib relies on both: in its files the bytes of an array follow the opcode that describes it.
    """

    dispatch: ClassVar[dict[int, Any]] = dict(pickle._Unpickler.dispatch)

    def __init__(self, stream: BinaryIO, names: Names, encoding: str) -> None:
        super().__init__(stream, encoding=encoding)
        self._names = names

    def built(self, instance: Any) -> Any:
        """What replaces an instance whose state has been set."""
        return instance

    def _load_build(self) -> None:
        super().load_build()  # type: ignore[misc]
        self.stack[-1] = self.built(self.stack[-1])  # type: ignore[attr-defined]

    dispatch[pickle.BUILD[0]] = _load_build


def holders(names: Collection[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    """For each name a class that accepts any arguments and only stores attributes and items.

    New classes for each call, so that no file can leave state behind for the next.
    """
    return {(module, name): _holder(name) for module, name in names}


def numpy_names() -> dict[tuple[str, str], Any]:
    """The names in pickles of plain values and numpy arrays, as numpy 1 and 2 spell them.

    numpy's own unpickling trusts the file about what its bytes are, pointers to objects included. Here arrays are made
    from plain numbers and strings only; arrays of anything else stay empty.
    """
    names: dict[tuple[str, str], Any] = {
        ("numpy", "ndarray"): _Array,
        ("numpy", "dtype"): _Dtype,
        ("_codecs", "encode"): codecs.encode,
        ("__builtin__", "bytes"): _no_bytes,
        ("builtins", "bytes"): _no_bytes,
    }
    for core in ("core", "_core"):
        names[f"numpy.{core}.multiarray", "_reconstruct"] = _empty_array
        names[f"numpy.{core}.multiarray", "scalar"] = _scalar
        names[f"numpy.{core}.numeric", "_frombuffer"] = _from_buffer
    return names


class _Dtype:
    """What a pickle says of an array's elements: a code such as `f8`, and their byte order."""

    def __init__(self, code: str, *_arguments: Any) -> None:
        self._code = code
        self._order: Any = "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._order = state[1]

    def plain(self) -> np.dtype[Any] | None:
        """The dtype, if its elements are plain."""
        dtype = np.dtype(self._code)
        return dtype.newbyteorder(self._order) if dtype.kind in "biufcSU" else None


class _Array(np.ndarray[Any, Any]):
    """An array that takes nothing but the bytes of plain elements.

    objects: the elements of an array of objects, which itself stays empty.
    """

    objects: list[Any]

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        shape, dtype, fortran, content = state[-4:]
        if plain := dtype.plain():
            super().__setstate__((1, shape, plain, bool(fortran), content))
        elif isinstance(content, list):
            self.objects = content


def _no_bytes() -> bytes:
    """How Python 3 writes empty ones for Python 2."""
    return b""


def _empty_array(*_arguments: Any) -> _Array:
    return _Array(0, np.int8)


def _from_buffer(content: bytes, dtype: _Dtype, shape: tuple[int, ...], order: str) -> Any:
    """An array as protocol 5 stores it."""
    plain = dtype.plain()
    if plain is None:
        return _empty_array()
    return np.frombuffer(content, plain).reshape(shape, order="F" if order == "F" else "C")


def _scalar(dtype: _Dtype, content: bytes | str) -> Any:
    plain = dtype.plain()
    data = content.encode("latin1") if isinstance(content, str) else content
    return np.frombuffer(data, plain)[0] if plain else None


def _holder(name: str) -> type:
    def ignore_arguments(self: object, *_arguments: Any) -> None:
        del self

    def set_state(self: Any, state: Any) -> None:
        if isinstance(state, dict):
            self.__dict__.update(state)

    return type(name, (dict,), {"__init__": ignore_arguments, "__setstate__": set_state})
