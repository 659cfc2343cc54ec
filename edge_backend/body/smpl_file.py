"""Reads SMPL model files: the npz, and the pickles of SMPL's authors, without executing code from them.

The pickles were written by Python 2. Besides numpy arrays they contain a sparse matrix of scipy and arrays of chumpy, a
package that does not run on current Pythons; both are reconstructed from their attributes, without these packages.
"""

import re
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import EdgeError, any_exception_as
from ..fileio.restricted_unpickler import (
    ForbiddenNameError,
    Names,
    RestrictedUnpickler,
    forbidden_names_as,
    holders,
    numpy_names,
)
from ..fileio.safe_npz import read_npz
from ..motion.skeleton import SMPL
from ..numerics.array import Array

VERTICES, JOINTS, POSE_BASIS = 6890, len(SMPL), 207
_ARRAYS = ("v_template", "f", "weights", "J_regressor", "shapedirs", "posedirs", "kintree_table")
_CHUMPY = {("chumpy.ch", "Ch"), ("chumpy", "Ch"), ("chumpy.reordering", "Select")}
_SPARSE = {(f"scipy.sparse.{module}", "csc_matrix") for module in ("csc", "_csc")}
_LARGEST = 1 << 30
"""Bytes; larger files are refused. SMPL's files have 40 MB with 10 shape components and 250 MB with 300."""

_GENDERS = {"f": "female", "m": "male", "n": "neutral", "female": "female", "male": "male", "neutral": "neutral"}


@dataclass(frozen=True)
class SmplModel:
    """The arrays of a SMPL model file, under the file's names: metres, y up. V = 6890, B = number of shape components.

    v_template: (V, 3). f: (13776, 3). weights: (V, 24). J_regressor: (24, V). shapedirs: (V, 3, B). posedirs:
    (V, 3, 207). kintree_table: (2, 24), row 0 the parents. gender: `female`, `male`, `neutral` or "".
    """

    v_template: Array
    f: Array
    weights: Array
    J_regressor: Array
    shapedirs: Array
    posedirs: Array
    kintree_table: Array
    gender: str = ""


def read_smpl_file(path: Path) -> SmplModel:
    """Read the model in an .npz or .pkl file.

    Raises EdgeError body_missing, body_unreadable (damaged, or a file of another kind), body_forbidden (the pickle
    names a class or function that is not allowed), body_not_smpl (a model of another kind).
    """
    if not path.is_file():
        raise EdgeError("body_missing", f"There is no model file at {path}.", "Choose the file again.")
    unreadable = EdgeError(
        "body_unreadable",
        f"{path.name} is no SMPL model file, or is damaged.",
        "Choose SMPL's .npz or .pkl file, or download it again.",
    )
    again = "Download it from SMPL's authors again; do not trust this file."
    with any_exception_as(unreadable), forbidden_names_as("body_forbidden", path.name, "SMPL model", again):
        if path.stat().st_size > _LARGEST:
            raise ValueError("it is far too large")
        content = _read_npz(path) if zipfile.is_zipfile(path) else _read_pickle(path)
        arrays = {name: _dense(content[name]) for name in _ARRAYS if name in content}
    if fault := next(_faults(arrays), None):
        raise EdgeError(
            "body_not_smpl",
            f"{path.name} is no model of SMPL: {fault}.",
            "Choose a SMPL file (6890 vertices, 24 joints), not one of SMPL-H, SMPL-X, MANO or STAR.",
        )
    return SmplModel(**arrays, gender=_gender(content, path))


def _read_npz(path: Path) -> dict[str, Any]:
    """The arrays of an npz, without entries that are pickles."""
    return read_npz(path, (*_ARRAYS, "gender"))


def _read_pickle(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        content = RestrictedUnpickler(file, _names(), "latin1").load()
    if not isinstance(content, dict):
        raise ValueError("it is no dict")
    return content


def _names() -> Names:
    stand_ins = holders(_CHUMPY | _SPARSE)

    def reconstruct(kind: type, _base: type, _state: Any) -> Any:
        """copy_reg._reconstructor of Python 2, for the stand-in classes only."""
        if kind not in stand_ins.values():
            raise ForbiddenNameError(f"copy_reg._reconstructor of {kind.__name__}")
        return kind()

    plain: dict[tuple[str, str], Any] = {("collections", "OrderedDict"): OrderedDict}
    for builtins, copying in (("__builtin__", "copy_reg"), ("builtins", "copyreg")):  # Python 2, Python 3
        plain |= {(builtins, "set"): set, (builtins, "object"): object, (copying, "_reconstructor"): reconstruct}
    return numpy_names() | stand_ins | plain


def _dense(value: Any) -> Array:
    """The array that value stands for: an array, a sparse matrix, or chumpy's Ch or Select. Raises ValueError."""
    attributes: Mapping[str, Any] = getattr(value, "__dict__", {})
    if "indptr" in attributes:
        return _filled(attributes)
    if "idxs" in attributes:  # chumpy's Select: elements of another array
        chosen = _dense(attributes["a"]).ravel()[np.asarray(attributes["idxs"])]
        return chosen.reshape(attributes.get("preferred_shape", chosen.shape))
    if "x" in attributes:
        return _dense(attributes["x"])
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise ValueError(f"numbers are missing where {type(value).__name__} stands")
    return array


def _filled(sparse: Mapping[str, Any]) -> Array:
    """A scipy csc matrix, given by its attributes, as a dense array. Raises ValueError if it is far too large."""
    rows, columns = (int(size) for size in sparse["_shape"])
    if rows * columns > JOINTS * VERTICES:
        raise ValueError(f"a matrix of {rows} x {columns}")
    full = np.zeros((rows, columns))
    column = np.repeat(np.arange(columns), np.diff(sparse["indptr"]))
    np.add.at(full, (sparse["indices"], column), sparse["data"])
    return full


def _faults(arrays: Mapping[str, Array]) -> Iterator[str]:
    """Reasons why the arrays are no SMPL model. Only the first is meaningful; later ones assume what it denies."""
    for name in _ARRAYS:
        if name not in arrays:
            yield f"it has no {name}"
    shapes = {
        "v_template": (VERTICES, 3), "weights": (VERTICES, JOINTS), "J_regressor": (JOINTS, VERTICES),
        "posedirs": (VERTICES, 3, POSE_BASIS), "kintree_table": (2, JOINTS),
    }  # fmt: skip
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            yield f"its {name} is {_size(arrays[name].shape)}, not {_size(shape)}"
    shapedirs, faces = arrays["shapedirs"], arrays["f"]
    if shapedirs.ndim != 3 or shapedirs.shape[:2] != (VERTICES, 3) or not shapedirs.shape[2]:
        yield f"its shapedirs is {_size(shapedirs.shape)}, not {VERTICES} x 3 x 10 or more"
    if faces.ndim != 2 or faces.shape[1] != 3 or faces.min(initial=0) < 0 or faces.max(initial=0) >= VERTICES:
        yield "its faces are no triangles between its vertices"
    if not all(np.all(np.isfinite(array)) for array in arrays.values()):
        yield "it holds values that are not numbers"
    if arrays["kintree_table"][0, 1:].tolist() != list(SMPL.parents[1:]):
        yield "its joints hang together in another way"
    if np.abs(arrays["weights"].sum(axis=1) - 1).max() > 0.01:
        yield "its skin weights do not add up"


def _size(shape: Sequence[int]) -> str:
    return " x ".join(str(size) for size in shape) or "a single number"


def _gender(content: Mapping[str, Any], path: Path) -> str:
    """The gender in the file, else in its name, as in SMPL_FEMALE or basicmodel_m_lbs_10_207_0_v1.1.0, else ""."""
    words = [str(content.get("gender", "")), *re.split(r"[^a-z]+", path.stem.casefold())]
    return next((_GENDERS[word] for word in words if word in _GENDERS), "")
