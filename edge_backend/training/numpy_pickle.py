"""Reads pickles of plain values and numpy arrays, such as AIST++'s motions, without running anything that they name."""

import codecs
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import EdgeError

_RECONSTRUCT = np.zeros(1).__reduce__()[0]
_SCALAR = np.float64(0).__reduce__()[0]
_NAMES: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): codecs.encode,
} | {
    (f"numpy.{core}.multiarray", name): function
    for core in ("core", "_core")
    for name, function in (("_reconstruct", _RECONSTRUCT), ("scalar", _SCALAR))
}


def read_numpy_pickle(path: Path) -> dict[str, Any]:
    """The dict that a pickle holds. Raises EdgeError `motion_missing`, `motion_unreadable`."""
    if not path.is_file():
        raise EdgeError("motion_missing", f"There is no motion file at {path}.", "Check the path.")
    try:
        with path.open("rb") as file:
            content = _ListedUnpickler(file).load()
        if not isinstance(content, dict):
            raise ValueError("it is no dict")
    except Exception as error:  # a broken pickle makes the unpickler raise almost anything
        raise EdgeError(
            "motion_unreadable",
            f"{path} is not a pickle of numpy arrays, or is damaged.",
            "Download it again.",
            detail=f"{type(error).__name__}: {error}",
        ) from error
    return content


class _ListedUnpickler(pickle.Unpickler):
    """An unpickler that knows the names on the list and refuses all others."""

    def find_class(self, module: str, name: str, /) -> Any:
        if (module, name) not in _NAMES:
            raise ValueError(f"it asks for {module}.{name}, which no array needs")
        return _NAMES[module, name]
