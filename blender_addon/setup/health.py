"""Checks in a thread whether the backend works; panels show the result. No bpy."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..backend.launch import Launch
from ..edge_backend.errors import EdgeError
from ..edge_backend.setup.home import Home, Status

State = Literal["checking", "ready", "missing", "unfinished", "outdated", "broken"]

MENDS: dict[State, str] = {
    "missing": "Set Up Backend",
    "unfinished": "Resume Setup",
    "outdated": "Update Backend",
    "broken": "Repair Backend",
}
"""State -> label of the button that repairs it."""

ADD = "Add GPU and Jukebox"
"""The same if the bundled engine works, so that set-up is optional."""


@dataclass(frozen=True, slots=True)
class Health:
    """The result of a check.

    state: of set-up's environment. words: a sentence for the panel. ours: whether set-up can repair it; it never
    changes the user's own Python. bundled: whether the engine of the extension's zip is used.
    """

    state: State
    words: str
    ours: bool = True
    bundled: bool = False

    @property
    def mend(self) -> str:
        """The label of the button that repairs it, "" if there is nothing that set-up can repair."""
        return MENDS.get(self.state, ADD if self.bundled else "") if self.ours else ""

    @property
    def usable(self) -> bool:
        """Whether dances can be generated."""
        return self.bundled or self.state in ("ready", "outdated")

    @property
    def urgent(self) -> bool:
        """Whether it has to be shown to everybody: dances cannot be generated, or not by what was set up."""
        return self.state in ("outdated", "broken") or not (self.usable or self.state == "checking")


CHECKING = Health("checking", "Looking for the backend")


class HealthCheck:
    """Stores the last result until the preferences or the environment's record change, or until `forget`."""

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self._changed = changed
        self._key: object = None
        self._health = CHECKING

    def look(self, launch: Launch, home: Home) -> Health:
        """The stored result, without waiting. If there is none, a thread makes a check and then calls `changed`."""
        key = (
            launch.python,
            home.folder,
            _stamp(home.folder / "backend.json"),
            _stamp(home.folder / "unfinished.json"),
        )
        if key != self._key:
            self._key, self._health = key, CHECKING
            threading.Thread(target=self._find, args=(key, launch, home), name="edge_dance health", daemon=True).start()
        return self._health

    def forget(self) -> None:
        """Drop the stored result."""
        self._key = None

    def _find(self, key: object, launch: Launch, home: Home) -> None:
        health = examine(launch, home)
        if key == self._key:
            self._health = health
            self._changed()


def examine(launch: Launch, home: Home) -> Health:
    """Check the environment's files and start its Python, which takes a moment."""
    ours = launch.python is None
    status = home.status if ours else "ready"
    try:
        found = launch.find()
    except EdgeError as error:
        if status == "unfinished":
            return Health("unfinished", "The backend's set-up was not finished.")
        state: State = "missing" if error.code == "backend_missing" else "broken"
        return Health(state, error.message, ours)
    if found.bundled:
        return _bundled(status)
    if status == "outdated":
        return Health("outdated", "The backend is of an older version of the extension.")
    if status == "ready" and ours:
        return Health("ready", "The backend is ready.")
    return Health("ready", f"The backend is ready, with {found.python}.", ours)


def _bundled(status: Status) -> Health:
    """The result if the bundled engine works. status: of set-up's environment."""
    if status == "missing":
        return Health("ready", "The bundled engine makes the dances.", bundled=True)
    if status == "unfinished":
        return Health("unfinished", "GPU and Jukebox have not been added completely.", bundled=True)
    return Health("broken", "What was added does not work any more; the bundled engine makes the dances.", bundled=True)


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
