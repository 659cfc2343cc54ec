"""What panels show of folders and of the backend: a thread looks, drawing reads what was found. No bpy."""

import contextlib
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from ..backend.launch import Launch
from ..backend.pending_results import PendingResult, PendingResults
from ..edge_backend.audio.jukebox.place import locate
from ..edge_backend.errors import EdgeError
from ..edge_backend.model.catalogue import KnownWeights, known
from ..edge_backend.setup.home import Home
from ..edge_backend.setup.locked import lock_file, this_system
from ..edge_backend.setup.machine import suggest
from .health import ADD, CHECKING, Health, HealthCheck
from .installer import installer


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look. home: set-up's folder. weights, results: folders; they need not exist."""

    launch: Launch
    home: Path
    weights: Path
    results: Path


@dataclass(frozen=True, slots=True)
class Status:
    """What was found. places: None until somebody has looked; then nothing is known.

    no_packages: why set-up has none for Blender's Python, "" if it has. kept: dances, the newest first.
    """

    places: Places | None = None
    health: Health = CHECKING
    no_packages: str = ""
    kept: tuple[PendingResult, ...] = ()
    weights: tuple[KnownWeights, ...] = ()
    has_jukebox: bool = False


class StatusWatch:
    """The last `Status`, for everything that is drawn.

    Drawing calls `read`, which costs nothing; a timer calls `asked`, `look` and `publish`, none of which waits.
    """

    def __init__(self, check: HealthCheck) -> None:
        self._check = check
        self._status = self._found = Status()
        self._asked = self._warm = False
        self._looking: threading.Thread | None = None

    def read(self, warm: bool = False) -> Status:
        """What is known; who reads it wants to know what is new, too. warm: he wants the backend to be started."""
        self._asked, self._warm = True, self._warm or warm
        return self._status

    def peek(self) -> Status:
        """What is known, for whoever does not draw."""
        return self._status

    def asked(self) -> tuple[bool, bool]:
        """Whether anybody has read it since the last call, and whether the backend is wanted."""
        asked = self._asked, self._warm
        self._asked = self._warm = False
        return asked

    def look(self, places: Places) -> None:
        """Have a thread look, unless one does."""
        if self._looking is None or not self._looking.is_alive():
            self._looking = threading.Thread(target=self._find, args=(places,), name="edge_dance status", daemon=True)
            self._looking.start()

    def publish(self) -> bool:
        """Have `read` give what was found last; whether that is something else than before."""
        changed = self._found != self._status
        self._status = self._found
        return changed

    def _find(self, places: Places) -> None:
        with contextlib.suppress(OSError, EdgeError):  # looked for again at the next redraw
            self._found = Status(
                places,
                self._check.look(places.launch, Home(places.home)),
                why_no_packages(sys.version_info[:2]),
                tuple(PendingResults(places.results).all()),
                tuple(known(places.weights)),
                locate(places.weights) is not None,
            )


def why_no_packages(python: tuple[int, int]) -> str:
    """What keeps set-up from making an environment of a Python on this machine, "" if nothing does."""
    try:
        lock_file(suggest(python).build, this_system(), python)
    except EdgeError as error:
        return str(error)
    return ""


def why_not_added(health: Health) -> str:
    """Why what needs torch cannot be done, "" if it can or nothing is known."""
    return f"The bundled engine cannot do this: click {ADD} under Backend first." if health.bundled else ""


watch = StatusWatch(installer.health)
"""Of this Blender."""
