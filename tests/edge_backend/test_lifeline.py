"""A process that is tied to its parent ends with it, even where it reads nothing and looks at nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

CHILD = """
import time
from edge_backend.lifeline import end_with_parent
end_with_parent()
print("tied", flush=True)
time.sleep(60)
"""
PARENT = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {CHILD!r}]); time.sleep(60)"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the end of stdin tells")
def test_it_dies_with_a_parent_that_was_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], cwd=REPOSITORY, stdout=subprocess.PIPE) as parent:
        assert parent.stdout and parent.stdout.readline() == b"tied\n"
        child = int(Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()[0])
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        end = time.monotonic() + 2.0
        while Path(f"/proc/{child}").exists() and time.monotonic() < end:
            time.sleep(0.02)
        assert not Path(f"/proc/{child}").exists()
