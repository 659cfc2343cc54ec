"""Tests, in each Blender."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from .base import ROOT, BuildError, say
from .environments import BLENDERS, MAIN, Environment, ensure, find_python, missing_python, works

BLENDER_TESTS = "tests/blender_addon"
DEFAULT_BLENDERS = ("4.5", "5.2")  # the older and the newer Python
NO_TESTS_COLLECTED = 5  # pytest's exit code; no failure where the caller picked tests that lie elsewhere


def pytest_run(environment: Environment, targets: Sequence[str], options: Sequence[str]) -> int:
    """Run pytest on `targets` in an environment and return its exit code."""
    variables = {**os.environ, "EDGE_DANCE_PYTHON": str(MAIN.python), "PYTHONUNBUFFERED": "1"}
    command = [str(environment.python), "-m", "pytest", *targets, *options]
    code = subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode
    return 0 if options and code == NO_TESTS_COLLECTED else code


def split_targets(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Sort pytest's arguments into what names files or folders of tests, and the options."""
    targets = [word for word in arguments if not word.startswith("-") and (ROOT / word.split("::")[0]).exists()]
    return targets, [word for word in arguments if word not in targets]


def blender_tests(name: str, targets: Sequence[str], options: Sequence[str], required: bool) -> int | None:
    """Run tests in one Blender; returns pytest's exit code. Without a Python for it: 1 if it is required, else None."""
    environment = BLENDERS[name]
    if not works(environment) and find_python(environment.version) is None:
        say(f"Blender {name} is not tested. {missing_python(environment.version)}")
        return 1 if required else None
    try:
        ensure(environment)
    except BuildError as error:
        say(str(error))
        return 1
    return pytest_run(environment, targets, options)
