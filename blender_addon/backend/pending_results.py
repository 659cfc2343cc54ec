"""Dances that could not be keyed, kept in a folder until somebody wants them or newer ones take their place. No bpy.

Each is a motion file and beside it, under the same name, what keying it needs as JSON.
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
"""So many are kept; then the oldest go."""


@dataclass(frozen=True, slots=True)
class PendingResult:
    """One dance. recipe: what `keep` was given."""

    path: Path
    recipe: dict[str, Any]

    @property
    def name(self) -> str:
        """What it is asked for by."""
        return self.path.stem

    def motion(self) -> Motion:
        """The dance. Raises EdgeError motion_*."""
        return load_motion(self.path)

    def drop(self) -> None:
        """Remove it."""
        for path in (self.path, self.path.with_suffix(".json")):
            with contextlib.suppress(OSError):
                path.unlink()


class PendingResults:
    """The folder; it need not exist."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, result: Path, recipe: dict[str, Any]) -> PendingResult:
        """Copy a result into the folder, whole or not at all. Raises OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        now = f"{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**9:09d}"
        path = self.folder / f"{now}-{uuid.uuid4().hex[:8]}.npz"
        with atomic_write(path.with_suffix(".json")) as unfinished:
            unfinished.write_text(json.dumps(recipe), "utf-8")
        with atomic_write(path) as unfinished:  # last: without it nothing is there
            shutil.copyfile(result, unfinished)
        others = [kept for kept in self.all() if kept.path != path]  # it stays, even where the clock was set back
        for old in others[MOST - 1 :]:
            old.drop()
        return PendingResult(path, recipe)

    def all(self) -> list[PendingResult]:
        """What is kept, the newest first."""
        return [kept for path in sorted(self.folder.glob("*.npz"), reverse=True) if (kept := _read(path))]

    def find(self, name: str) -> PendingResult | None:
        """The one of that name, or the newest where the name is empty."""
        return next((kept for kept in self.all() if name in ("", kept.name)), None)


def _read(path: Path) -> PendingResult | None:
    try:
        recipe = json.loads(path.with_suffix(".json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return PendingResult(path, recipe) if isinstance(recipe, dict) else None
