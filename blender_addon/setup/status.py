"""What panels show of folders and of the backend. A thread reads the disk; drawing uses its last result. No bpy."""

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
    """Folders to read. home: of set-up. weights: the user's. results: of pending results. They need not exist."""

    launch: Launch
    home: Path
    weights: Path
    results: Path


@dataclass(frozen=True, slots=True)
class Status:
    """The last result. places: None before the first; then all other values are defaults.

    no_packages: why set-up has no packages for Blender's Python, "" if it has. pending: pending results, newest first.
    """

    places: Places | None = None
    health: Health = CHECKING
    no_packages: str = ""
    pending: tuple[PendingResult, ...] = ()
    weights: tuple[KnownWeights, ...] = ()
    has_jukebox: bool = False


class StatusWatch:
    """Stores the last `Status` for drawing.

    Drawing calls `read`, which takes no time; a timer calls `asked`, `look` and `publish`, which do not block.
    """

    def __init__(self, check: HealthCheck) -> None:
        self._check = check
        self._status = self._found = Status()
        self._asked = self._warm = False
        self._looking: threading.Thread | None = None

    def read(self, warm: bool = False) -> Status:
        """The last status; requests a new one. warm: also request that the worker is started."""
        self._asked, self._warm = True, self._warm or warm
        return self._status

    def peek(self) -> Status:
        """The last status, without a request."""
        return self._status

    def asked(self) -> tuple[bool, bool]:
        """The requests since the last call: whether for a new status, whether for the worker."""
        asked = self._asked, self._warm
        self._asked = self._warm = False
        return asked

    def look(self, places: Places) -> None:
        """Start a thread that reads the folders, unless one is running."""
        if self._looking is None or not self._looking.is_alive():
            self._looking = threading.Thread(target=self._find, args=(places,), name="edge_dance status", daemon=True)
            self._looking.start()

    def publish(self) -> bool:
        """Make the thread's result the one that `read` returns. Returns whether it has changed."""
        changed = self._found != self._status
        self._status = self._found
        return changed

    def _find(self, places: Places) -> None:
        with contextlib.suppress(OSError, EdgeError):  # tried again at the next redraw
            self._found = Status(
                places,
                self._check.look(places.launch, Home(places.home)),
                why_no_packages(sys.version_info[:2]),
                tuple(PendingResults(places.results).all()),
                tuple(known(places.weights)),
                locate(places.weights) is not None,
            )


def why_no_packages(python: tuple[int, int]) -> str:
    """Why set-up cannot make an environment with this version of Python on this machine, "" if it can."""
    try:
        lock_file(suggest(python).build, this_system(), python)
    except EdgeError as error:
        return str(error)
    return ""


def why_not_added(health: Health) -> str:
    """Why a function that needs torch is not available, "" if it is or nothing is known yet."""
    return f"The bundled engine cannot do this: click {ADD} under Backend first." if health.bundled else ""


watch = StatusWatch(installer.health)
"""The watch of this Blender."""
