"""Runs tests in the Blender program, for what the bpy package lacks: command line, signals, its Python, its window."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from .base import ROOT, BuildError
from .checks import BLENDER_TESTS, Step, pytest_run
from .environments import MAIN

PROGRAM_TESTS = ("tests/program", f"{BLENDER_TESTS}/gui")
START_S = 60  # the longest that it may take to say its version


def program_steps(programs: Sequence[str], targets: Sequence[str], options: Sequence[str]) -> dict[str, Step]:
    """The tests in each of these programs, by name; all of them, or `targets`. Raises BuildError where one is none.

    options: pytest's own. Slow tests are included unless options contain -m.
    """
    options = options if "-m" in options else ["-m", "", *options]
    steps: dict[str, Step] = {}
    for given in programs:
        program, version = find_program(given)
        more = {"EDGE_DANCE_PROGRAM": program}
        name = f"program {version}"
        steps[name] = partial(pytest_run, MAIN, targets or PROGRAM_TESTS, options, more=more)
    return steps


def find_program(given: str) -> tuple[str, str]:
    """A program, or a script that starts it, by its path or a name on the PATH: its whole path and Blender's version.

    Raises BuildError if there is none, or it is not Blender.
    """
    found = shutil.which(given) or shutil.which(str(ROOT / given))
    if found is None:
        raise BuildError(f"There is no program {given}. Name Blender's, or a script that starts it.")
    try:
        done = subprocess.run([found, "--version"], capture_output=True, text=True, check=False, timeout=START_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"{found} cannot be started: {error}") from error
    version = re.search(r"^Blender (\d+\.\d+\.\d+)", done.stdout, re.MULTILINE)
    if done.returncode != 0 or version is None:
        said = (done.stdout + done.stderr).strip()
        raise BuildError(f"{found} is not Blender. Asked for its version it said: {said}")
    return str(Path(found).absolute()), version[1]
