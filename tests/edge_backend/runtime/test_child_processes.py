"""Child processes are started with each system's options: no console windows, no Ctrl-C, no more than allowed."""

import ast
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge_backend.runtime.child_processes import apart, process_pool, unseen
from edge_backend.setup import environment

REPOSITORY = Path(__file__).parents[3]
CREATE_NEW_PROCESS_GROUP, CREATE_NO_WINDOW = 0x200, 0x8000000
STARTS = {"run", "Popen", "call", "check_call", "check_output"}


def test_on_windows_no_console_opens_and_ctrl_c_goes_to_whom_it_is_meant_for() -> None:
    assert unseen("win32") == {"creationflags": CREATE_NO_WINDOW}
    assert apart("win32") == {"creationflags": CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP}
    assert (unseen("linux"), apart("linux"), apart("darwin")) == ({}, *[{"start_new_session": True}] * 2)


@pytest.mark.skipif(sys.platform == "win32", reason="groups are POSIX's")
def test_a_process_apart_leads_a_group_of_its_own() -> None:
    command = [sys.executable, "-c", "import os; print(os.getpgrp() == os.getpid())"]
    assert subprocess.run(command, check=True, capture_output=True, text=True, **apart()).stdout.strip() == "True"
    unlike = subprocess.run(command, check=True, capture_output=True, text=True, **unseen())
    assert unlike.stdout.strip() == "False"


def starts(tree: ast.AST) -> list[ast.Call]:
    """Calls of subprocess's functions."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in STARTS
        and ast.unparse(node.func.value) == "subprocess"
    ]


def test_every_process_that_the_product_starts_is_started_so() -> None:
    found = []
    for folder in ("edge_backend", "blender_addon"):
        for path in sorted((REPOSITORY / folder).rglob("*.py")):
            for call in starts(ast.parse(path.read_text("utf-8"))):
                options = [ast.unparse(option.value) for option in call.keywords if option.arg is None]
                assert {"apart()", "unseen()"} & set(options), f"{path}, line {call.lineno}"
                found.append(path.name)
    assert {"environment.py", "pool.py", "interpreter.py", "worker_process.py", "report.py"} <= set(found)


@pytest.mark.parametrize(("wanted", "got"), [(1, 1), (61, 61), (62, 61), (128, 61)])
def test_a_pool_is_as_large_as_windows_can_have_it(wanted: int, got: int) -> None:
    with process_pool(wanted, "win32") as pool:
        assert pool._max_workers == got
    with process_pool(wanted, "linux") as pool:
        assert pool._max_workers == wanted


def test_whatever_breaks_set_up_off_ends_the_program_that_it_waits_for(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    code = "import os, pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); time.sleep(60)"

    def stop() -> None:
        if told.exists() and told.read_text():
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        environment._run([sys.executable, "-c", code, str(told)], dict(os.environ), stop)
    assert time.monotonic() - began < 50
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)
