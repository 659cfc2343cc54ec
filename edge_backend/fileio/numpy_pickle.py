"""Reads pickles of plain values and numpy arrays, such as AIST++'s motions, without running anything that they name."""

from pathlib import Path
from typing import Any

from ..errors import EdgeError
from .restricted_unpickler import RestrictedUnpickler, numpy_names


def read_numpy_pickle(path: Path) -> dict[str, Any]:
    """The dict that a pickle holds. Raises EdgeError `motion_missing`, `motion_unreadable`."""
    if not path.is_file():
        raise EdgeError("motion_missing", f"There is no motion file at {path}.", "Check the path.")
    try:
        with path.open("rb") as file:
            content = RestrictedUnpickler(file, numpy_names(), "ASCII").load()
        if not isinstance(content, dict):
            raise ValueError("it is no dict")
    except Exception as error:  # damaged pickles raise exceptions of many types
        raise EdgeError(
            "motion_unreadable",
            f"{path} is not a pickle of numpy arrays, or is damaged.",
            "Download it again.",
            detail=f"{type(error).__name__}: {error}",
        ) from error
    return content
