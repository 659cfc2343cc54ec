"""A process that is tied to its parent ends with it, even where it reads nothing and looks at nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from file_server import serving

REPOSITORY = Path(__file__).parents[3]

CHILD = """
import time
from edge_backend.protocol.parent_watch import end_with_parent
end_with_parent()
print("tied", flush=True)
time.sleep(60)
"""
PARENT = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {CHILD!r}]); time.sleep(60)"
FETCH = """
import sys
from edge_backend.cli import main as cli
from edge_backend.cli.commands import jukebox_fetch
jukebox_fetch.PLACE, jukebox_fetch.SHA256 = sys.argv[1], {"file": "0" * 64}
sys.exit(cli.main([*sys.argv[2:], "--json", "--accept-licence"]))
"""


@pytest.mark.timing
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


@pytest.mark.timing
def test_a_command_that_blender_started_ends_with_its_stdin(tmp_path: Path) -> None:
    """Blender's end, or its Cancel, whichever comes first."""
    with serving({"file": bytes(10_000_000)}) as server:
        server.pause_s = 0.05  # 8 s
        for said in (b"", b"{}\n"):
            command = [sys.executable, "-c", FETCH, server.url, "jukebox", "fetch", "-o", str(tmp_path), "--child"]
            with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, start_new_session=True) as child:
                part = tmp_path / "file.part"
                size = part.stat().st_size if part.exists() else 0
                while not part.exists() or part.stat().st_size <= size:
                    time.sleep(0.05)
                assert child.stdin and child.poll() is None
                child.stdin.write(said)
                child.stdin.close()
                assert child.wait(2.0) in (0, -signal.SIGKILL)
    assert [name for name, _ in server.asked] == ["file", "file"] and server.asked[1][1] > 0
