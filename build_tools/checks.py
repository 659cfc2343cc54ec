"""Runs checks and tests, in each Blender version."""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from .base import ROOT, BuildError, say
from .environments import BLENDERS, MAIN, Environment, ensure, find_python, missing_python, works
from .wheels import bundled_wheels, fetch, this_platform

BLENDER_TESTS = "tests/blender_addon"
_RIGS = [f"{BLENDER_TESTS}/{folder}" for folder in ("keyframes", "rig", "takes")]
BLENDER_PARTS = {" rest": [BLENDER_TESTS, *(f"--ignore={folder}" for folder in _RIGS)], " rigs": _RIGS}
"""Targets for pytest, the longer part of the Blender tests first, so that two processors end at about the same time."""
DEFAULT_BLENDERS = ("4.5", "5.2")  # the older and the newer Python
NO_TESTS_COLLECTED = 5  # pytest's exit code; no failure where the options select tests of other folders


Step = Callable[["IO[str] | None"], "int | None"]
"""A check: called with a file for its output (None = terminal), returns an exit code, or None if it cannot run here."""


def prepare(blenders: Iterable[str]) -> Path:
    """Make the main environment, and beside it those of Blenders with the wheels of their zip; returns the main Python.

    What fails beside it is left to the step that needs it. Raises BuildError as `ensure` does for the main one.
    """
    wanted = [BLENDERS[name] for name in blenders]

    def make_others() -> None:
        for environment in wanted:
            if environment is not MAIN:
                with suppress(BuildError):
                    ensure(environment)
        with suppress(BuildError):
            fetch(bundled_wheels(this_platform()))

    beside = threading.Thread(target=make_others if wanted else None)
    beside.start()
    try:
        return ensure(MAIN)
    finally:
        beside.join()


def run_all(steps: dict[str, Step], alone: dict[str, Step] | None = None) -> bool:
    """Run `steps`, two at a time, each begun in order as one before ends, then `alone`. Returns whether all passed.

    The output of one of two is printed when both are done; at the end, a line is printed for each step.
    """
    results: list[str] = []
    waiting = iter(steps.items())

    def run_steps(steps: Iterable[tuple[str, Step]], output: IO[str] | None) -> None:
        for name, step in steps:
            print(f"\n=== {name}", file=output, flush=True)
            began = time.monotonic()
            code = step(output)
            result = "SKIPPED" if code is None else "passed" if code == 0 else "FAILED"
            results.append(f"{result:8s}{name:20s}{time.monotonic() - began:7.1f} s")

    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        thread = threading.Thread(target=run_steps, args=(waiting, output))
        thread.start()
        run_steps(waiting, None)
        thread.join()
        output.seek(0)
        for line in output:
            print(line, end="")
    run_steps((alone or {}).items(), None)
    say("\n" + "\n".join(results))
    return not any(line.startswith("FAILED") for line in results)


def pytest_run(
    environment: Environment,
    targets: Sequence[str],
    options: Sequence[str],
    output: IO[str] | None = None,
    more: Mapping[str, str] | None = None,
) -> int:
    """Run pytest on `targets` in an environment, with `more` variables, and return its exit code."""
    variables = {**os.environ, "EDGE_DANCE_PYTHON": str(MAIN.python), "PYTHONUNBUFFERED": "1", **(more or {})}
    # Two runs share the machine, so each gets half of the cores.
    variables.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 2) // 2)))
    command = [str(environment.python), "-m", "pytest", *targets, *options]
    code = subprocess.run(command, cwd=ROOT, env=variables, stdout=output, stderr=output, check=False).returncode
    return 0 if options and code == NO_TESTS_COLLECTED else code


def with_mark(options: Sequence[str], mark: str) -> list[str]:
    """Pytest options that select the tests of `options` that also satisfy the mark expression, such as "not timing"."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-m", default="not slow")
    asked, rest = parser.parse_known_args(list(options))
    return [*rest, "-m", f"({asked.m}) and {mark}" if asked.m else mark]


def timing_targets(where: Sequence[str]) -> list[str]:
    """pytest's targets `where` with the files that have tests marked `timing` in the place of each folder.

    So only these are imported. Words such as --ignore=FOLDER in `where` count too.
    """
    ignored = [ROOT / word[len("--ignore=") :] for word in where if word.startswith("--ignore=")]
    found = []
    for word in where:
        if not (ROOT / word).is_dir():
            found += [] if word.startswith("--ignore=") else [word]
            continue
        for path in sorted((ROOT / word).rglob("test_*.py")):
            if "mark.timing" in path.read_text(encoding="utf-8") and not any(each in path.parents for each in ignored):
                found.append(path.relative_to(ROOT).as_posix())
    return found


def split_targets(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split pytest's arguments into files or folders of tests, and options."""
    targets = [word for word in arguments if not word.startswith("-") and (ROOT / word.split("::")[0]).exists()]
    return targets, [word for word in arguments if word not in targets]


def blender_tests(
    name: str, targets: Sequence[str], options: Sequence[str], required: bool, output: IO[str] | None = None
) -> int | None:
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
    return pytest_run(environment, targets, options, output)
