"""Starts Blender's program, the one of EDGE_DANCE_PROGRAM, with a user folder of its own.

A path, or a script that starts it and hands on arguments, variables, working directory and signals. The program has to
see the sources, the folder for temporary files and the backend's Python where they lie outside.
"""

import contextlib
import os
import subprocess
from pathlib import Path

PROGRAM = os.environ.get("EDGE_DANCE_PROGRAM", "")
SECONDS = 600  # the longest that a run may take


def variables(user_folder: Path) -> dict[str, str]:
    """The surroundings in which the program keeps preferences and extensions in `user_folder`."""
    return os.environ | {"BLENDER_USER_RESOURCES": str(user_folder), "LIBGL_ALWAYS_SOFTWARE": "1"}


def start(
    user_folder: Path, *words: object, folder: Path | None = None, offline: bool = False
) -> subprocess.Popen[str]:
    """The program under way; `folder` is its working directory. offline: without any network, as root on Linux."""
    return subprocess.Popen(
        [*(("unshare", "--net") if offline else ()), PROGRAM, *map(str, words)],
        env=variables(user_folder),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    )


def finish(
    user_folder: Path, *words: object, folder: Path | None = None, offline: bool = False
) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    with start(user_folder, *words, folder=folder, offline=offline) as running:
        out, errors = running.communicate(timeout=SECONDS)
    return running.returncode, out, errors


def version(user_folder: Path) -> str:
    """As 5.2.2."""
    _, out, _ = finish(user_folder, "--version")
    return next(line for line in out.splitlines() if line.startswith("Blender ")).split()[1]


def install(user_folder: Path, addon_zip: Path) -> None:
    """As one does without a window."""
    words = ["--command", "extension", "install-file", "-r", "user_default", "-e", addon_zip]
    code, out, errors = finish(user_folder, *words)
    assert code == 0 and "Traceback" not in out + errors, out + errors


def living(folder: Path) -> list[str]:
    """Process numbers of the programs whose temporary files go to `folder`: Blender's and those it started. Linux."""
    wanted, found = f"TMPDIR={folder}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            if wanted in (process / "environ").read_bytes().split(b"\0"):
                found.append(process.name)
    return found


def script(path: Path) -> list[str]:
    """The words by which the program runs a script that imports those beside it, and fails where that fails."""
    lines = f"import runpy, sys; sys.path.insert(0, {str(path.parent)!r}); runpy.run_path({str(path)!r})"
    return ["--python-exit-code", "1", "--python-expr", lines]
