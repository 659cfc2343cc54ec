"""Makes a virtual environment by venv or virtualenv, installs packages by pip, and tests it with a dance."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from ..errors import EdgeError
from ..errors.from_exception import explain
from ..runtime.child_processes import unseen
from ..schema.progress import Report
from .home import python_of

_BACKEND = Path(__file__).resolve().parents[2]
_TEST_S = 600.0  # the longest self-test; the first import of torch from a slow disk takes minutes
_TICK_S = 0.2
_VIRTUALENV = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module('virtualenv', None, '__main__')"


def lacks_venv() -> bool:
    """Whether this Python lacks venv or ensurepip, which Linux distributions have in packages of their own."""
    return any(find_spec(name) is None for name in ("venv", "ensurepip"))


def make(environment: Path, virtualenv: Sequence[Path] = ()) -> Path:
    """Make an empty environment in `environment` from the running Python. Returns the environment's Python.

    virtualenv: wheels of virtualenv, to use it in place of venv. Raises EdgeError setup_venv.
    """
    shutil.rmtree(environment, ignore_errors=True)
    if virtualenv:
        _virtualenv(environment, virtualenv)
    else:
        _venv(environment)
    return python_of(environment)


def refresh(environment: Path) -> Path:
    """Make an environment use the running Python; its packages stay. Raises EdgeError setup_venv."""
    if find_spec("venv") is None:  # a distribution's Python, which does not move
        return python_of(environment)
    for name in ("bin", "Scripts"):
        for link in (environment / name).glob("python*"):
            link.unlink()
    _venv(environment, "--without-pip")
    return python_of(environment)


def install(python: Path, requirements: Path, wheels: Path, count: int, report: Report) -> None:
    """Install `count` wheels from a folder by pip, with their checksums. Raises EdgeError setup_pip, disk_full."""
    packages = _packages(python)
    command = [str(python), "-I", "-m", "pip", "install", "--no-index", "--no-deps", "--require-hashes",
               "--only-binary=:all:", "--no-cache-dir", "--no-compile", "--no-input", "--disable-pip-version-check",
               "--progress-bar=off", f"--find-links={wheels}", f"--requirement={requirements}"]  # fmt: skip

    def report_step() -> None:
        done = sum(1 for path in packages.iterdir() if path.suffix == ".dist-info")
        report("unpacking", min(done, count), count)

    # Without the user's pip settings (other indexes, --user, constraints), which are for other environments.
    code, words = _run(command, _without("PIP_") | {"PIP_CONFIG_FILE": os.devnull}, report_step)
    if code:
        raise _failure("setup_pip", "pip could not install the packages", words)


def self_test(python: Path, report: Report) -> str:
    """Generate two seconds of dance with the backend. Returns the device. Raises EdgeError setup_test."""
    report("testing", 0, 1)
    surroundings = _without("PYTHON") | {"PYTHONPATH": str(_BACKEND), "PYTHONSAFEPATH": "1", "PYTHONUTF8": "1"}
    code, words = _run([str(python), "-m", "edge_backend", "doctor", "--json"], surroundings, lambda: None, _TEST_S)
    try:
        findings = next(json.loads(row)["findings"] for row in words if row.startswith('{"ok"'))
        bad = [f"{finding['name']}: {finding['words']}" for finding in findings if not finding["ok"]]
        device = next(finding["words"] for finding in findings if finding["name"] == "device")
    except (StopIteration, ValueError, KeyError):
        raise _failure("setup_test", "The new backend does not run", words) from None
    if code or bad:
        raise EdgeError(
            "setup_test",
            f"The new backend does not work: {'; '.join(bad)}",
            "Set it up again, or choose the build for the CPU.",
            "\n".join(words),
        )
    report("testing", 1, 1)
    return str(device)


def _packages(python: Path) -> Path:
    if sys.platform == "win32":
        return python.parents[1] / "Lib/site-packages"
    return python.parents[1] / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"


def _venv(environment: Path, *options: str) -> None:
    # -I: without Blender's variables and the current folder. Copies on Windows only, where links need rights.
    command = [sys.executable, "-I", "-m", "venv", *options, str(environment)]
    code, words = _run(command, dict(os.environ), lambda: None)
    if code:
        raise _failure("setup_venv", "No environment could be made", words)


def _virtualenv(environment: Path, wheels: Sequence[Path]) -> None:
    # Unpacked, because virtualenv contains pip's wheel and needs it as a file.
    with tempfile.TemporaryDirectory(prefix="edge_virtualenv_") as folder:
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as packed:
                packed.extractall(folder)
        options = ["--no-download", "--no-periodic-update", "--no-vcs-ignore", "--app-data", f"{folder}/data"]
        command = [sys.executable, "-I", "-c", _VIRTUALENV, folder, *options, str(environment)]
        code, words = _run(command, _without("VIRTUALENV_", "PYTHON"), lambda: None)
    if code:
        raise _failure("setup_venv", "No environment could be made", words)


def _without(*prefixes: str) -> dict[str, str]:
    """This process's environment variables, without those that start with a prefix."""
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def _run(
    command: Sequence[str], environment: dict[str, str], report_step: object, limit_s: float = float("inf")
) -> tuple[int, list[str]]:
    """Run a program, passing its output on. Returns exit status and output. An exception also ends the program."""
    assert callable(report_step)  # noqa: S101 - for the type checker
    words: list[str] = []
    try:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            **unseen(),
        )
    except OSError as error:
        raise explain(error) from error
    with process:
        assert process.stdout  # noqa: S101 - for the type checker
        reader = threading.Thread(target=lambda: words.extend(row.rstrip() for row in process.stdout or ()))
        reader.start()
        end = time.monotonic() + limit_s
        try:
            while process.poll() is None:
                if time.monotonic() > end:
                    process.kill()
                report_step()
                time.sleep(_TICK_S)
        except BaseException:  # Ctrl-C, or an exception of the callback
            process.kill()
            raise
        reader.join()
    return process.returncode, words


def _failure(code: str, sentence: str, words: Sequence[str]) -> EdgeError:
    detail = "\n".join(words[-60:])
    if "No space left" in detail or "Errno 28" in detail or "WinError 112" in detail:
        return EdgeError("disk_full", "The disk is full.", "Free some space and set the backend up again.", detail)
    said = next((row.strip() for row in reversed(words) if row.strip()), "it said nothing")
    return EdgeError(
        code, f"{sentence}: {said[:300].rstrip('.')}.", "Set it up again; if that does not help, report it.", detail
    )
