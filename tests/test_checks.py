"""The checks of build_addon.py: which run in parallel, which alone, and for which processors."""

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from build_tools import checks, processors
from build_tools.base import BuildError
from build_tools.processors import older_processors

FOUND = ["SSSE3", "SSE41", "AVX2", "FMA3", "AVX512F", "AVX512_SKX"]


def test_environments_are_made_beside_the_main_one(monkeypatch: pytest.MonkeyPatch) -> None:
    both, made = threading.Barrier(2, timeout=30), list[checks.Environment]()

    def ensure(environment: checks.Environment) -> Path:
        both.wait()
        made.append(environment)
        return environment.python

    monkeypatch.setattr(checks, "ensure", ensure)
    monkeypatch.setattr(checks, "fetch", lambda _wheels: None)
    assert checks.prepare(["4.5", "5.2"]) == checks.MAIN.python
    assert set(made) == {checks.MAIN, checks.BLENDERS["5.2"]}


def test_what_cannot_be_made_beside_the_main_one_is_left_to_its_step(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = []

    def ensure(environment: checks.Environment) -> Path:
        if environment is not checks.MAIN:
            raise BuildError("There is no Python for it.")
        return environment.python

    monkeypatch.setattr(checks, "ensure", ensure)
    monkeypatch.setattr(checks, "fetch", fetched.append)
    assert checks.prepare(["5.0", "5.2"]) == checks.MAIN.python
    assert len(fetched) == 1
    assert checks.prepare([]) == checks.MAIN.python
    assert len(fetched) == 1  # no zip is wanted


def test_what_is_alone_starts_when_all_others_are_done(capsys: pytest.CaptureFixture[str]) -> None:
    done: list[str] = []

    def step(name: str, code: int) -> checks.Step:
        return lambda _output: (done.append(name), code)[1]

    steps = {"a": step("a", 0), "b": step("b", 1), "c": step("c", 0)}
    assert not checks.run_all(steps, {"quiet": step("quiet", 0)})
    assert sorted(done[:3]) == ["a", "b", "c"] and done[3:] == ["quiet"]
    assert capsys.readouterr().out.splitlines()[-1].startswith("passed  quiet")
    assert not checks.run_all({}, {"quiet": step("quiet", 1)})
    assert checks.run_all({}, {"quiet": step("quiet", 0)})


def test_two_steps_run_at_a_time_and_the_next_begins_as_one_ends() -> None:
    long_one, meanwhile = threading.Event(), list[str]()

    def wait(_output: object) -> int:
        return 0 if long_one.wait(30) else 1

    def last(_output: object) -> int:
        meanwhile.append("last")
        long_one.set()
        return 0

    assert checks.run_all({"long": wait, "short": lambda _output: 0, "last": last})
    assert meanwhile == ["last"]


def test_the_parts_of_the_blender_tests_are_all_of_them() -> None:
    rest, first = checks.BLENDER_PARTS.values()
    assert all((checks.ROOT / folder).is_dir() for folder in first)
    assert rest == [checks.BLENDER_TESTS, *(f"--ignore={folder}" for folder in first)]


def test_the_same_tests_are_asked_for_once_busy_and_once_quiet() -> None:
    assert checks.with_mark(["-x"], "not timing") == ["-x", "-m", "(not slow) and not timing"]
    assert checks.with_mark(["-m", "slow", "-k", "beats"], "timing") == ["-k", "beats", "-m", "(slow) and timing"]
    assert checks.with_mark(["-m", ""], "timing") == ["-m", "timing"]


def test_of_folders_only_files_with_timing_tests_are_read_for_these() -> None:
    everywhere = checks.timing_targets(["tests", "--ignore=tests/blender_addon"])
    assert "tests/edge_backend/protocol/test_parent_watch.py" in everywhere
    assert not [path for path in everywhere if "blender_addon" in path or not path.endswith(".py")]
    marked = {
        path.relative_to(checks.ROOT).as_posix()
        for path in (checks.ROOT / "tests").rglob("test_*.py")
        if re.search(r"^(@|pytestmark = ).*timing", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert set(checks.timing_targets(["tests"])) == marked
    assert checks.timing_targets(["tests/test_checks.py::a_test"]) == ["tests/test_checks.py::a_test"]
    assert checks.timing_targets(["tests/data"]) == []


def test_only_older_processors_are_stood_in_for() -> None:
    older = older_processors("AVX512", FOUND)
    assert list(older) == ["AVX2", "SSE"]
    assert older["AVX2"]["NPY_DISABLE_CPU_FEATURES"].split() == ["AVX512F", "AVX512_SKX"]
    assert older["SSE"]["NPY_DISABLE_CPU_FEATURES"].split() == FOUND
    assert list(older_processors("AVX2", FOUND[:4])) == ["SSE"]
    assert not older_processors("DEFAULT", [])


def test_numpy_and_torch_use_the_restricted_instructions() -> None:
    look = [sys.executable, "-c", processors._LOOK]
    capability, found = json.loads(subprocess.check_output(look))
    older = older_processors(capability, found)
    if not older:
        pytest.skip(f"nothing is older than {capability}")
    for name, variables in older.items():
        told, left = json.loads(subprocess.check_output(look, env=os.environ | variables))
        assert told == {"AVX2": "AVX2", "SSE": "DEFAULT"}[name]
        assert left == [each for each in found if each not in variables["NPY_DISABLE_CPU_FEATURES"].split()]


def test_the_tests_that_other_processors_run_are_there() -> None:
    missing = [path for path in (*processors.ROOMS, *processors.SHORT) if not (processors.ROOT / path).exists()]
    assert not missing
