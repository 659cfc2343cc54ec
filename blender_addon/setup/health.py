"""Whether there is a backend that can dance: looked for in a thread, shown in the panel. No bpy."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..backend.launch import Launch
from ..edge_backend.errors import EdgeError
from ..edge_backend.setup.home import Home

State = Literal["checking", "ready", "missing", "unfinished", "outdated", "broken"]

MENDS: dict[State, str] = {
    "missing": "Set Up Backend",
    "unfinished": "Resume Setup",
    "outdated": "Update Backend",
    "broken": "Repair Backend",
}
"""What the button is called that mends it."""


@dataclass(frozen=True, slots=True)
class Health:
    """words: a sentence for the panel. ours: whether set-up can mend it; it does not touch the user's own Python."""

    state: State
    words: str
    ours: bool = True

    @property
    def mend(self) -> str:
        """The button's name, "" where there is nothing to mend or not by set-up."""
        return MENDS.get(self.state, "") if self.ours else ""


CHECKING = Health("checking", "Looking for the backend")


class HealthCheck:
    """Remembers what was found until the preferences or the environment's record change, or it is told to forget."""

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self._changed = changed
        self._key: object = None
        self._health = CHECKING

    def look(self, launch: Launch, home: Home) -> Health:
        """What is known; never waits. Where nothing is, a thread looks and calls `changed`."""
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
        """Look again the next time."""
        self._key = None

    def _find(self, key: object, launch: Launch, home: Home) -> None:
        health = examine(launch, home)
        if key == self._key:
            self._health = health
            self._changed()


def examine(launch: Launch, home: Home) -> Health:
    """Look at the files, and start the Python that they name: takes a moment."""
    ours = launch.python is None
    status = home.status if ours else "ready"
    if status == "unfinished":
        return Health("unfinished", "The backend's set-up was not finished.")
    try:
        python = launch.find()
    except EdgeError as error:
        state: State = "missing" if error.code == "backend_missing" else "broken"
        return Health(state, error.message, ours)
    if status == "outdated":
        return Health("outdated", "The backend is of an older version of the extension.")
    if status == "ready" and ours:
        return Health("ready", "The backend is ready.")
    return Health("ready", f"The backend is ready, with {python}.", ours)


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
