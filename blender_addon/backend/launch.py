"""Which Python runs the backend, and in which surroundings. Standard library only."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..edge_backend.errors import EdgeError
from ..edge_backend.runtime.child_processes import apart
from ..edge_backend.setup.home import Home

ADDON_FOLDER = Path(__file__).resolve().parents[1]
"""Holds edge_backend and weights beside the add-on's own modules."""

_NEEDED = ("numpy", "torch", "safetensors", "soundfile", "soxr", "scipy", "av")
_PROBE = (
    "import importlib.util, json, sys; print(json.dumps([sys.version_info[:2] >= (3, 11), "
    "[name for name in sys.argv[1:] if importlib.util.find_spec(name) is None]]))"
)
_PROBE_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start the worker.

    python: the user's choice, None = look for one. weights_folder: the user's own weights. threads: 0 = as torch likes.
    home: where set-up puts its environments. ahead: it is started before it is needed.
    """

    python: Path | None = None
    weights_folder: Path | None = None
    idle_minutes: float = 10.0
    threads: int = 0
    home: Path | None = None
    ahead: bool = False

    def command(self) -> list[str]:
        """The worker's command line. Looks for Python, which takes a moment. Raises EdgeError backend_*."""
        options = ["--idle-minutes", f"{self.idle_minutes:g}"]
        if self.weights_folder:
            options += ["--weights-folder", str(self.weights_folder)]
        if self.threads:
            options += ["--threads", str(self.threads)]
        if self.ahead:
            options.append("--ahead")
        return [str(self.find()), "-m", "edge_backend", "worker", *options]

    def find(self) -> Path:
        """The Python that runs the backend. Takes a moment. Raises EdgeError backend_*."""
        return find_python(self.python, self.home)


@dataclass(frozen=True, slots=True)
class CommandLaunch:
    """How to start one command of the backend's command line, which tells its progress in frames.

    It ends with Blender, or when it is told to: all of them can go on from where they were.
    """

    launch: Launch
    arguments: tuple[str, ...]

    def command(self) -> list[str]:
        """The command line. Takes a moment. Raises EdgeError backend_*."""
        return [str(self.launch.find()), "-m", "edge_backend", *self.arguments, "--json", "--child"]


def worker_variables() -> dict[str, str]:
    """This process's variables without the user's Python settings, which are meant for other programs."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    # SAFEPATH: nothing is imported from the folder that Blender happens to have been started in.
    return variables | {
        "PYTHONPATH": str(ADDON_FOLDER),
        "PYTHONSAFEPATH": "1",
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
    }


def find_python(chosen: Path | None, home: Path | None = None) -> Path:
    """The chosen Python, else the one that set-up has made in `home`, else the first one found that has the packages.

    Raises EdgeError backend_python_missing, backend_python_broken, backend_packages_missing,
    backend_damaged, backend_missing.
    """
    if chosen:
        if not chosen.is_file():
            raise EdgeError(
                "backend_python_missing",
                f"The backend's Python is not there: {chosen}.",
                "Choose another one in the extension's preferences.",
            )
        if problem := _problem(chosen):
            raise problem
        return chosen
    if home and (own := Home(home).python):
        if _problem(own):
            raise EdgeError("backend_damaged", "The backend that was set up does not work any more.", "Repair it.")
        return own
    for candidate in _on_path():
        if _problem(candidate) is None:
            return candidate
    raise EdgeError(
        "backend_missing",
        "The backend is not set up yet.",
        "Click Set Up Backend in the Dance tab, or choose a Python that has its packages in the preferences.",
    )


def _on_path() -> Iterator[Path]:
    for name in ("python3.11", "python3.13", "python3.12", "python3", "python"):
        if found := shutil.which(name):
            yield Path(found)


def _problem(python: Path) -> EdgeError | None:
    """Why this Python cannot run the backend, None if it can."""
    hint = "Choose another Python in the extension's preferences, or install the packages into this one."
    try:
        done = subprocess.run(
            [str(python), "-c", _PROBE, *_NEEDED],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=worker_variables(),
            timeout=_PROBE_TIMEOUT_S,
            check=True,
            **apart(),
        )
        recent_enough, missing = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        return EdgeError("backend_python_broken", f"{python} does not run as Python.", hint, detail=str(error))
    if not recent_enough:
        return EdgeError("backend_python_broken", f"{python} is older than Python 3.11.", hint)
    if missing:
        return EdgeError("backend_packages_missing", f"{python} lacks {', '.join(missing)}.", hint)
    return None
