"""Virtual environments, created on first use from their lock files and updated when these change."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .base import ROOT, BuildError, check, say
from .packages import install, lock_lines

REQUIREMENTS = ROOT / "requirements"


@dataclass(frozen=True)
class Environment:
    """A virtual environment: its folder, Python version, lock file, and the space that it needs, GB."""

    folder: Path
    version: str
    lock: Path
    space: float = 0.0

    @property
    def python(self) -> Path:
        """Path of the environment's interpreter, which need not exist yet."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


MAIN = Environment(ROOT / ".venv", "3.11", REQUIREMENTS / "dev.txt", space=4.0)

# The supported Blender versions as bpy packages; 4.5 shares its environment with the backend.
BLENDERS = {
    "4.2": Environment(ROOT / ".venv-blender-4.2", "3.11", REQUIREMENTS / "blender-4.2.txt", space=2.0),
    "4.5": MAIN,
    "5.0": Environment(ROOT / ".venv-blender-5.0", "3.11", REQUIREMENTS / "blender-5.0.txt", space=2.0),
    "5.2": Environment(ROOT / ".venv-blender-5.2", "3.13", REQUIREMENTS / "blender-5.2.txt", space=2.0),
}

STAMP = "edge_dance_lock.txt"  # in the environment: fingerprint of what was installed last
UNFINISHED = "unfinished"


def ensure(environment: Environment) -> Path:
    """Create the environment or update it to its lock file; returns its Python. Does nothing if it is up to date.

    An environment that is broken, has another Python version or an interrupted installation is created anew. Raises
    BuildError if there is no Python of the required version, no space on the disk, or packages cannot be installed.
    """
    stamp = environment.folder / STAMP
    wanted = fingerprint(environment.lock)
    state = stamp.read_text(encoding="utf-8") if stamp.exists() else ""
    if state == wanted and environment.python.exists():
        return environment.python

    if environment.folder.exists() and (state == UNFINISHED or not works(environment)):
        say(f"{environment.folder.name} is not usable and is made anew.")
        shutil.rmtree(environment.folder)
    if not environment.folder.exists():
        base = find_python(environment.version)
        if base is None:
            raise BuildError(missing_python(environment.version))
        check_space(environment)
        say(f"Making {environment.folder.name} with {base}")
        check([str(base), "-m", "venv", str(environment.folder)])
    stamp.write_text(UNFINISHED, encoding="utf-8")
    try:
        install(environment.python, environment.lock)
    except BuildError:
        stamp.unlink()  # pip reported an error: the next run can continue with this environment
        raise
    stamp.write_text(wanted, encoding="utf-8")
    return environment.python


def check_space(environment: Environment) -> None:
    """Raise BuildError if the disk has less free space than the environment needs.

    pip would stop in the midst of its work, with a half of the packages and the reason in its last line.
    """
    free = shutil.disk_usage(environment.folder.parent).free / 1e9
    if free < environment.space:
        raise BuildError(
            f"{environment.folder.name} needs {environment.space:.0f} GB, and the disk of {environment.folder.parent} "
            f"has {free:.1f} GB free. Free some space there and run this again."
        )


def fingerprint(lock: Path) -> str:
    """A checksum of the requirements in the lock file."""
    return hashlib.sha256("\n".join(lock_lines(lock)).encode()).hexdigest()


def works(environment: Environment) -> bool:
    """Whether the environment's Python starts, is of the right version and has pip."""
    return python_version([str(environment.python)], "pip") == environment.version


def python_version(command: Sequence[str], *needs: str) -> str | None:
    """Version ("3.11") of the Python that `command` starts; None if there is none or it lacks a module in `needs`."""
    program = f"import sys, {', '.join(('os', *needs))}; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([*command, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def find_python(version: str) -> Path | None:
    """A Python of this version with venv: this one, on the PATH, or of pyenv, uv, py or GitHub's runners."""
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv"))
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", home / ".local/share/uv/python"))
    found = [getattr(sys, "_base_executable", sys.executable)]
    found += [shutil.which(name) for name in (f"python{version}", "python3", "python")]
    found += sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True)
    found += sorted(uv.glob(f"cpython-{version}.*/bin/python"), reverse=True)
    found += [py_launcher(version)] if os.name == "nt" else []
    if builder := os.environ.get("RUNNER_TOOL_CACHE"):  # GitHub's machines; on Windows not on the PATH by version
        found += sorted(Path(builder).glob(f"Python/{version}.*/*/python.exe"), reverse=True)
    for candidate in filter(None, found):
        if python_version([str(candidate)], "venv", "ensurepip") == version:
            return Path(candidate)
    return None


def py_launcher(version: str) -> str | None:
    """The Python that Windows' `py` would start for this version."""
    try:
        command = ["py", f"-{version}", "-c", "import sys; print(sys.executable)"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def missing_python(version: str) -> str:
    """What to do when there is no Python of this version."""
    return (
        f"No Python {version} that can make virtual environments was found. Install it from python.org, with your "
        f"system's package manager (Debian and Ubuntu: python{version} and python{version}-venv), pyenv or uv, "
        "and run this again."
    )
