"""Splits a file into parts of a limited size, for transfers with a size limit, and joins them again."""

import hashlib
import json
from pathlib import Path

from ..errors import EdgeError
from ..fileio.atomic_write import atomic_write

_MIB = 1 << 20


def write_parts(path: Path, mib: float) -> list[Path]:
    """Copy `path` to path.part-000, path.part-001, ... of at most `mib` MiB, with their number and checksum in a JSON.

    Parts of an earlier file are removed. Returns the parts' paths. Raises OSError; ValueError if mib is below a byte.
    """
    size = int(mib * _MIB)
    if size < 1:
        raise ValueError("a part must hold something")
    data = path.read_bytes()
    pieces = [data[first : first + size] for first in range(0, len(data), size)]
    for old in path.parent.glob(f"{path.name}.part-*"):
        old.unlink()
    parts = [_part(path, number) for number in range(len(pieces))]
    for part, piece in zip(parts, pieces, strict=True):
        with atomic_write(part) as unfinished:
            unfinished.write_bytes(piece)
    about = {"parts": len(parts), "sha256": hashlib.sha256(data).hexdigest()}
    with atomic_write(_about(path)) as unfinished:
        unfinished.write_text(json.dumps(about) + "\n", encoding="utf-8")
    return parts


def join_parts(path: Path) -> None:
    """Write `path` from the parts beside it. Raises EdgeError `parts_missing` or `parts_damaged`; OSError."""
    try:
        about = json.loads(_about(path).read_text())
        data = b"".join(_part(path, number).read_bytes() for number in range(about["parts"]))
    except FileNotFoundError as error:
        message = f"{error.filename} is missing, without which {path} cannot be put together."
        raise EdgeError("parts_missing", message, "Copy all the parts and the .parts.json into one folder.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise EdgeError("parts_damaged", f"{_about(path)} cannot be read.", "Copy it again.", str(error)) from error
    if hashlib.sha256(data).hexdigest() != about["sha256"]:
        raise EdgeError("parts_damaged", f"The parts of {path} are not those that were written.", "Copy them again.")
    with atomic_write(path) as unfinished:
        unfinished.write_bytes(data)


def _part(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.part-{number:03d}")


def _about(path: Path) -> Path:
    return path.with_name(f"{path.name}.parts.json")
