"""The folder in which environments lie, and what is known about them whatever died in the middle.

backend.json        the environment that is ready, written when it has passed its test; nothing else is believed
unfinished.json     what is being made
env-FINGERPRINT     an environment; a new one is made beside the old, which works on until then
downloads           wheels and parts of wheels
setup.lock          held, by the system, by whoever changes something
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
from ..fileio.file_lock import holding
from .locked import fingerprint, lock_file, this_system

Status = Literal["missing", "unfinished", "outdated", "broken", "ready"]


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of an environment. folder: its name. python: version, such as [3, 11]. program: ours."""

    build: str
    folder: str
    python: tuple[int, int]
    program: str = __version__

    @property
    def current(self) -> bool:
        """Whether it is what this version would install."""
        with contextlib.suppress(EdgeError):
            return self.folder == environment_name(lock_file(self.build, this_system(), self.python))
        return False


def environment_name(lock: Path) -> str:
    """The folder's name of what a lock file installs."""
    return f"env-{fingerprint(lock)}"


class Home:
    """The folder with the environments."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.downloads = folder / "downloads"

    @property
    def ready(self) -> Record | None:
        """The environment that has been finished, whether it still works or not."""
        return self._read("backend.json")

    @property
    def unfinished(self) -> Record | None:
        """What somebody has begun and not finished: he is at it, or he died."""
        return self._read("unfinished.json")

    @property
    def python(self) -> Path | None:
        """The finished environment's interpreter, whether it exists or not; None where nothing is finished."""
        return python_of(self.folder / ready.folder) if (ready := self.ready) else None

    @property
    def status(self) -> Status:
        """How it stands; told from files alone, in no time."""
        ready = self.ready
        if ready is None:
            return "unfinished" if self.unfinished else "missing"
        if not python_of(self.folder / ready.folder).is_file():
            return "broken"
        return "ready" if ready.current else "outdated"

    def begin(self, record: Record) -> None:
        """Note that this is being made. Raises EdgeError setup_folder."""
        self._write("unfinished.json", record)

    def finish(self, record: Record) -> None:
        """From now on this is the backend; whatever lies beside it goes."""
        self._write("backend.json", record)
        (self.folder / "unfinished.json").unlink(missing_ok=True)
        self.tidy(keep=record.folder)

    def tidy(self, keep: str = "") -> None:
        """Remove downloads and all other environments; what is in use on Windows stays until the next time."""
        for path in self.folder.glob("env-*"):
            if path.name != keep:
                shutil.rmtree(path, ignore_errors=True)
        shutil.rmtree(self.downloads, ignore_errors=True)

    def remove(self) -> None:
        """Remove everything; the record first, so that nobody starts half a backend."""
        for name in ("backend.json", "unfinished.json"):
            (self.folder / name).unlink(missing_ok=True)
        self.tidy()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """No other process changes anything meanwhile; the system frees the lock of one that dies.

        Raises EdgeError setup_busy, setup_folder, file_lock.
        """
        busy = EdgeError("setup_busy", "Another Blender is setting the backend up.", "Wait until it has finished.")
        with contextlib.ExitStack() as held:
            with _folder_errors(self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
                held.enter_context(holding(self.folder / "setup.lock", busy))
            yield

    def _read(self, name: str) -> Record | None:
        try:
            found = json.loads((self.folder / name).read_text("utf-8"))
            major, minor = found["python"]
            record = Record(str(found["build"]), str(found["folder"]), (int(major), int(minor)), str(found["program"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        # A name, never a path: it is removed and run.
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
    """Free space on the disk that a folder lies on, or will."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(os.fspath(folder)).free
