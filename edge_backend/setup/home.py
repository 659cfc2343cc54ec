"""The folder of the environments, and its state, which is valid after any interruption.

backend.json        the environment that is ready, written after its test; only this one is used
unfinished.json     the environment that is being made
env-FINGERPRINT     an environment; a new one is made beside the old one, which stays usable until then
downloads           wheels and parts of wheels
setup.lock          the lock of the process that changes something
"""

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from .. import __version__
from ..errors import EdgeError
from ..fileio.atomic_write import atomic_write
from ..fileio.file_lock import exclusive_lock
from .locked import fingerprint, lock_file, this_system

Status = Literal["missing", "unfinished", "outdated", "broken", "ready"]


@dataclass(frozen=True, slots=True)
class Record:
    """A record of an environment. folder: its name. python: version, such as [3, 11]. program: our version."""

    build: str
    folder: str
    python: tuple[int, int]
    program: str = __version__

    @property
    def current(self) -> bool:
        """Whether it is the one that this version would install."""
        with contextlib.suppress(EdgeError):
            return self.folder == environment_name(lock_file(self.build, this_system(), self.python))
        return False


def environment_name(lock: Path) -> str:
    """The name of the folder for a lock file's environment."""
    return f"env-{fingerprint(lock)}"


class Home:
    """The folder with the environments."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.downloads = folder / "downloads"

    @property
    def ready(self) -> Record | None:
        """The environment that was finished last; it is not checked whether it still works."""
        return self._read("backend.json")

    @property
    def unfinished(self) -> Record | None:
        """The environment that is being made, or whose making was interrupted."""
        return self._read("unfinished.json")

    @property
    def python(self) -> Path | None:
        """The path of the finished environment's interpreter, which may not exist; None without an environment."""
        return python_of(self.folder / ready.folder) if (ready := self.ready) else None

    @property
    def status(self) -> Status:
        """The state, from files alone, which takes no time."""
        ready = self.ready
        if ready is None:
            return "unfinished" if self.unfinished else "missing"
        if not python_of(self.folder / ready.folder).is_file():
            return "broken"
        return "ready" if ready.current else "outdated"

    def begin(self, record: Record) -> None:
        """Record that this environment is being made. Raises EdgeError setup_folder."""
        self._write("unfinished.json", record)

    def finish(self, record: Record) -> None:
        """Make this environment the backend, and remove all others."""
        self._write("backend.json", record)
        (self.folder / "unfinished.json").unlink(missing_ok=True)
        self.tidy(keep=record.folder)

    def tidy(self, keep: str = "") -> None:
        """Remove downloads and all other environments; files in use on Windows are removed the next time."""
        for path in self.folder.glob("env-*"):
            if path.name != keep:
                shutil.rmtree(path, ignore_errors=True)
        shutil.rmtree(self.downloads, ignore_errors=True)

    def remove(self) -> None:
        """Remove everything; the record first, so that no incomplete backend is started."""
        for name in ("backend.json", "unfinished.json"):
            (self.folder / name).unlink(missing_ok=True)
        self.tidy()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Lock the folder against other processes' changes; the system releases the lock when the process ends.

        Raises EdgeError setup_busy, setup_folder, file_lock.
        """
        busy = EdgeError("setup_busy", "Another Blender is setting the backend up.", "Wait until it has finished.")
        with contextlib.ExitStack() as stack:
            with _folder_errors(self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
                stack.enter_context(exclusive_lock(self.folder / "setup.lock", busy))
            yield

    def _read(self, name: str) -> Record | None:
        try:
            found = json.loads((self.folder / name).read_text("utf-8"))
            major, minor = found["python"]
            record = Record(str(found["build"]), str(found["folder"]), (int(major), int(minor)), str(found["program"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        # A name, never a path: the folder is removed, and programs in it are run.
        return record if record.folder.startswith("env-") and Path(record.folder).name == record.folder else None

    def _write(self, name: str, record: Record) -> None:
        with _folder_errors(self.folder), atomic_write(self.folder / name) as path:
            path.write_text(json.dumps(asdict(record)), "utf-8")


def python_of(environment: Path) -> Path:
    """The interpreter of a virtual environment."""
    return environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


@contextlib.contextmanager
def _folder_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EdgeError(
            "setup_folder",
            f"The backend's folder cannot be written to: {folder}: {error.strerror or error}.",
            "Free some space, or see to the rights of that folder.",
        ) from error


def free_bytes(folder: Path) -> int:
    """Free bytes on the disk of a folder, which need not exist."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(os.fspath(folder)).free
