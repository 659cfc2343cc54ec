"""File locks are exclusive among processes; disks without locks are distinguished from files that are locked."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from edge_backend.batch.run import run_batch
from edge_backend.errors import EdgeError
from edge_backend.fileio import file_lock
from edge_backend.fileio.file_lock import exclusive_lock
from edge_backend.setup.home import Home

REPOSITORY = Path(__file__).parents[3]
TAKEN = EdgeError("taken", "Somebody is at it.")
HOLD = """
import sys
from pathlib import Path
from edge_backend.errors import EdgeError
from edge_backend.fileio.file_lock import exclusive_lock
with exclusive_lock(Path(sys.argv[1]), EdgeError("taken", "")):
    print("held", flush=True)
    sys.stdin.read()
"""


def refusal(path: Path) -> EdgeError:
    with pytest.raises(EdgeError) as caught, exclusive_lock(path, TAKEN):
        pass
    return caught.value


def test_a_lock_is_exclusive_and_released_by_a_killed_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline().strip() == b"held"
        assert refusal(path) is TAKEN
        other.kill()
    with exclusive_lock(path, TAKEN):
        pass


def test_a_temporary_lock_file_is_removed_and_still_exclusive(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with exclusive_lock(path, TAKEN, keep=False):
        assert refusal(path) is TAKEN
    assert not path.exists()
    with pytest.raises(RuntimeError), exclusive_lock(path, TAKEN, keep=False):
        raise RuntimeError
    assert not path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no open file")
def test_a_lock_that_was_removed_while_it_was_opened_is_opened_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, hold = tmp_path / "lock", file_lock._lock
    held: list[int] = []

    def removed_first(file: IO[bytes]) -> None:
        if not held:
            path.unlink()
        held.append(file.fileno())
        hold(file)

    monkeypatch.setattr(file_lock, "_lock", removed_first)
    with exclusive_lock(path, TAKEN):
        assert len(held) == 2
        monkeypatch.setattr(file_lock, "_lock", hold)
        assert refusal(path) is TAKEN


@pytest.fixture(params=[errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def reason(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Error messages of disks without locks, such as NFS without its lock service and Lustre without flock."""

    def flock(*_arguments: object) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(file_lock, "_lock", flock)
    return os.strerror(request.param)


def test_a_disk_that_cannot_lock_is_not_called_busy(tmp_path: Path, reason: str) -> None:
    error = refusal(tmp_path / "lock")
    assert error.code == "file_lock" and str(tmp_path) in error.message and reason in error.message


def test_neither_set_up_nor_a_batch_calls_it_busy(tmp_path: Path, reason: str) -> None:
    with pytest.raises(EdgeError) as caught, Home(tmp_path / "home").alone():
        pass
    assert caught.value.code == "file_lock" and reason in caught.value.message
    with pytest.raises(EdgeError) as caught:
        run_batch([], tmp_path / "out", lambda *_: iter(()), tmp_path / "manifest.csv", report=print)  # type: ignore
    assert caught.value.code == "file_lock" and reason in caught.value.message
