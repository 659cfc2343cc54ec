"""Pending results: dances that could not be keyed, in a folder, until they are applied or newer ones replace them.

Each is a motion file, and a JSON file of the same name with the settings for keying it. No bpy.
"""

import contextlib
import json
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..edge_backend.fileio.atomic_write import atomic_write
from ..edge_backend.motion.files import load_motion
from ..edge_backend.motion.motion import Motion

MOST = 10
"""Number of dances that are kept; older ones are removed."""


@dataclass(frozen=True, slots=True)
class PendingResult:
    """A pending dance. recipe: as passed to `keep`, the settings for keying it."""

    path: Path
    recipe: dict[str, Any]

    @property
    def name(self) -> str:
        """The name by which `find` finds it."""
        return self.path.stem

    def motion(self) -> Motion:
        """Read the dance. Raises EdgeError motion_*."""
        return load_motion(self.path)

    def drop(self) -> None:
        """Remove its files."""
        for path in (self.path, self.path.with_suffix(".json")):
            with contextlib.suppress(OSError):
                path.unlink()


class PendingResults:
    """The pending results in a folder, which need not exist."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, result: Path, recipe: dict[str, Any]) -> PendingResult:
        """Copy a result into the folder, atomically, with the settings for keying it. Raises OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        now = f"{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**9:09d}"
        path = self.folder / f"{now}-{uuid.uuid4().hex[:8]}.npz"
        with atomic_write(path.with_suffix(".json")) as unfinished:
            unfinished.write_text(json.dumps(recipe), "utf-8")
        with atomic_write(path) as unfinished:  # last: `all` lists the JSON files
            shutil.copyfile(result, unfinished)
        others = [kept for kept in self.all() if kept.path != path]  # the new one stays, even if the clock was set back
        for old in others[MOST - 1 :]:
            old.drop()
        return PendingResult(path, recipe)

    def all(self) -> list[PendingResult]:
        """All pending results, the newest first."""
        return [kept for path in sorted(self.folder.glob("*.npz"), reverse=True) if (kept := _read(path))]

    def find(self, name: str) -> PendingResult | None:
        """The result of that name, or the newest if the name is empty; None if there is none."""
        return next((kept for kept in self.all() if name in ("", kept.name)), None)


def _read(path: Path) -> PendingResult | None:
    try:
        recipe = json.loads(path.with_suffix(".json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return PendingResult(path, recipe) if isinstance(recipe, dict) else None
