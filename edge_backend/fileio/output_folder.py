"""Checks before the work whether its results can be written."""

import tempfile
from pathlib import Path

from ..errors import EdgeError


def check_folder(path: Path) -> None:
    """Check before the work that files can be written into the folder at path, or that it can be made there.

    Raises EdgeError output_impossible.
    """
    there = next(place for place in (path, *path.parents) if place.exists())
    if not there.is_dir():
        raise EdgeError("output_impossible", f"{there} is a file, not a folder.", "Choose another place.")
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        reason = error.strerror or type(error).__name__
        message = f"Nothing can be written into the folder {there}: {reason}."
        raise EdgeError("output_impossible", message, "Choose another place.", str(error)) from error
