"""Pickles read by a list of names, so that nothing which a file names is ever imported or run.

A pickle names the functions and classes to call. Here every name is looked up in a mapping that the reader gives; any
other name ends the reading.
"""

import codecs
import pickle
from collections.abc import Collection, Mapping
from typing import Any, BinaryIO

import numpy as np

Names = Mapping[tuple[str, str], Any]
"""(module, name) as pickles spell them -> what stands for it."""


class ForbiddenNameError(ValueError):
    """A pickle asks for a name that is not on the list; the message is that name."""


class ListedUnpickler(pickle.Unpickler):
    """An unpickler that knows the names on the list and raises ForbiddenNameError at all others.

    encoding: of the strings that Python 2 has written; "latin1" where there are arrays among them.
    """

    def __init__(self, stream: BinaryIO | Any, names: Names, encoding: str) -> None:
        super().__init__(stream, encoding=encoding)
        self._names = names

    def find_class(self, module: str, name: str, /) -> Any:
        """What stands for the name."""
        if (module, name) not in self._names:
            raise ForbiddenNameError(f"{module}.{name}")
        return self._names[module, name]


def holders(names: Collection[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    """For each name a class whose instances take any arguments and only hold the attributes and items they are given.

    Made anew for each file, so that no file can leave anything behind on them for the next.
    """
    return {(module, name): _holder(name) for module, name in names}


def numpy_names() -> dict[tuple[str, str], Any]:
    """What pickles of plain values and numpy arrays name, in the spellings of numpy 1 and 2."""
    reconstruct, scalar = np.zeros(1).__reduce__()[0], np.float64(0).__reduce__()[0]
    names: dict[tuple[str, str], Any] = {
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("_codecs", "encode"): codecs.encode,
    }
    for core in ("core", "_core"):
        names[f"numpy.{core}.multiarray", "_reconstruct"] = reconstruct
        names[f"numpy.{core}.multiarray", "scalar"] = scalar
    return names


def _holder(name: str) -> type:
    def ignore_arguments(self: object, *_arguments: Any) -> None:
        del self

    def set_state(self: Any, state: Any) -> None:
        if isinstance(state, dict):
            self.__dict__.update(state)

    return type(name, (dict,), {"__init__": ignore_arguments, "__setstate__": set_state})
