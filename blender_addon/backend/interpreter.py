"""Finds the Python that runs the backend: the user's own, that of set-up, or Blender's with the extension's wheels.

Standard library only.
"""

import json
import os
import shutil
import site
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..edge_backend.errors import EdgeError
from ..edge_backend.runtime.child_processes import apart
from ..edge_backend.setup.home import Home

ADDON_FOLDER = Path(__file__).resolve().parents[1]
"""The folder with edge_backend and weights, beside the add-on's own modules."""

NEEDED = ("numpy", "torch", "safetensors", "soundfile", "soxr", "scipy", "av")
"""Packages that the user's own Python or that of set-up must have."""

WHEELS = ("onnxruntime", "soundfile", "_cffi_backend")
"""Modules that the wheels in the extension's zip provide; numpy is Blender's."""

_PROBE = (
    "import importlib.util, json, sys; print(json.dumps([sys.version_info[:2] >= (3, 11), "
    "[name for name in sys.argv[1:] if importlib.util.find_spec(name) is None]]))"
)
_PROBE_S = 20.0
_IMPORT_S = 60.0  # the longest import, the first time from a slow disk
_RUN = "import os, sys; sys.path[:0] = sys.argv.pop(1).split(os.pathsep); "
_BACKEND = _RUN + "import runpy; runpy.run_module('edge_backend', run_name='__main__', alter_sys=True)"
_IMPORT = _RUN + f"import numpy, {', '.join(WHEELS)}; import edge_backend.model.onnx_engine"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that runs the backend.

    wheels: for Blender's own Python, the folder into which Blender installed the extension's wheels; None = the Python
    has all packages itself.
    """

    python: Path
    wheels: Path | None = None

    @property
    def bundled(self) -> bool:
        """Whether it is Blender's own Python with the extension's wheels."""
        return self.wheels is not None

    def command(self, *arguments: str) -> list[str]:
        """The command line that runs the backend with these arguments."""
        if self.wheels is None:
            return [str(self.python), "-m", "edge_backend", *arguments]
        return [*self._isolated(_BACKEND), *arguments]

    def problem(self) -> str:
        """Why the wheels' packages cannot be imported, "" if they can. Starts the Python, which takes a moment."""
        try:
            done = subprocess.run(
                self._isolated(_IMPORT),
                capture_output=True,
                stdin=subprocess.DEVNULL,
                encoding="utf-8",
                errors="replace",
                env=worker_variables(),
                timeout=_IMPORT_S,
                check=False,
                **apart(),
            )
        except (OSError, subprocess.SubprocessError) as error:
            return f"Blender's Python does not start: {error}"
        rows = [row.strip() for row in done.stderr.splitlines() if row.strip()]
        last = rows[-1][:300] if rows else f"it ended with {done.returncode}"
        return "" if done.returncode == 0 else f"The bundled engine does not load here: {last}"

    def _isolated(self, program: str) -> list[str]:
        """The command line of a program with -I: without the user's site-packages and the current folder."""
        folders = os.pathsep.join([str(ADDON_FOLDER), str(self.wheels)])
        return [str(self.python), "-I", "-u", "-X", "utf8", "-c", program, folders]


def worker_variables() -> dict[str, str]:
    """This process's environment variables without the user's Python settings, which are for other programs."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    # SAFEPATH: nothing is imported from the folder in which Blender was started.
    return variables | {
        "PYTHONPATH": str(ADDON_FOLDER),
        "PYTHONSAFEPATH": "1",
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
        "ORT_DISABLE_TELEMETRY": "1",  # ONNX Runtime would start reporting to Microsoft when it is imported
    }


def find_interpreter(chosen: Path | None, home: Path | None = None, needed: Sequence[str] = NEEDED) -> Interpreter:
    """The chosen Python, else that of set-up in `home`, else Blender's own, else one with the packages on the PATH.

    Takes a moment. Raises EdgeError backend_python_missing, backend_python_broken, backend_packages_missing,
    backend_damaged, backend_missing.
    """
    if chosen:
        if not chosen.is_file():
            raise EdgeError(
                "backend_python_missing",
                f"The backend's Python is not there: {chosen}.",
                "Choose another one in the extension's preferences.",
            )
        if problem := _problem(chosen, needed):
            raise problem
        return Interpreter(chosen)
    own = Home(home).python if home else None
    if own and _problem(own, needed) is None:
        return Interpreter(own)
    try:
        return bundled_interpreter()
    except EdgeError as error:
        why = error
    if own:
        raise EdgeError("backend_damaged", "The backend that was set up does not work any more.", "Repair it.")
    for candidate in _on_path():
        if _problem(candidate, needed) is None:
            return Interpreter(candidate)
    raise EdgeError(
        "backend_missing",
        why.message,
        "Click Set Up Backend in the Dance tab, or choose a Python that has its packages in the preferences.",
    )


def bundled_interpreter() -> Interpreter:
    """Blender's own Python with the extension's wheels. Takes a moment, once. Raises EdgeError backend_bundled."""
    folder = wheels_folder()
    if folder is None:
        raise _not_bundled(f"Blender has not installed the extension's wheels for its Python {_version()}.")
    interpreter = Interpreter(blender_python(), folder)
    if problem := _known_problem(interpreter):
        raise _not_bundled(problem)
    return interpreter


def wheels_folder() -> Path | None:
    """The folder into which Blender installed the extension's wheels, None if there is none."""
    ending = (".local", "lib", f"python{_version()}", "site-packages")  # of Blender's folder for extensions
    for folder in map(Path, sys.path):
        if folder.parts[-4:] == ending and str(folder) != site.getusersitepackages() and (folder / WHEELS[0]).is_dir():
            return folder
    return None


def blender_python() -> Path:
    """The program of Blender's own Python; sys.executable is Blender itself in some distributions' builds."""
    own = Path(sys.executable)
    if own.name.lower().startswith("python"):
        return own
    return Path(shutil.which(f"python{_version()}") or own)


@lru_cache(maxsize=8)
def _known_problem(interpreter: Interpreter) -> str:
    return interpreter.problem()


def _not_bundled(sentence: str) -> EdgeError:
    return EdgeError("backend_bundled", sentence, "Click Set Up Backend in the Dance tab.")


def _version() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def _on_path() -> Iterator[Path]:
    for name in ("python3.11", "python3.13", "python3.12", "python3", "python"):
        if found := shutil.which(name):
            yield Path(found)


def _problem(python: Path, needed: Sequence[str]) -> EdgeError | None:
    """Why this Python cannot run the backend, None if it can."""
    hint = "Choose another Python in the extension's preferences, or install the packages into this one."
    try:
        done = subprocess.run(
            [str(python), "-c", _PROBE, *needed],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=worker_variables(),
            timeout=_PROBE_S,
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
