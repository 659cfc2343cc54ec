"""Batches in real worker processes with a tiny network, with workers killed and batches interrupted."""

import csv
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pipeline_fixtures import write_song, write_weights

from edge_backend.batch.run import run_batch
from edge_backend.cli import main as cli
from edge_backend.motion.files import load_motion
from edge_backend.protocol.codec import decode
from edge_backend.protocol.messages import Error, Result

REPOSITORY = Path(__file__).parents[3]
PROCESSES = Path("/proc/self/task").is_dir()  # Linux tells which processes are whose


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two songs, a file that is none, and weights."""
    folder = tmp_path_factory.mktemp("batch")
    (folder / "songs").mkdir()
    write_weights(folder)
    write_song(folder / "songs/slow.wav", seconds=2.0, bpm=90)
    write_song(folder / "songs/quick.wav", seconds=2.0, bpm=140)
    (folder / "songs/broken.ogg").write_bytes(b"no sound")
    (folder / "songs/read me.txt").write_bytes(b"no song")
    return folder


def batch(folder: Path, out: Path, *more: object) -> list[str]:
    """Arguments of a quick batch, one process."""
    weights = ["--weights", folder / "tiny.safetensors", "--steps", 8, "--threads", 1, "--jobs", 1, "--device", "cpu"]
    return list(map(str, ["batch", folder / "songs", "--out", out, *weights, *more]))


def rows(manifest: Path) -> dict[str, dict[str, str]]:
    with manifest.open(encoding="utf-8", newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def test_neither_a_batch_nor_a_worker_that_is_killed_nor_a_song_that_fails_stops_the_others(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = batch(folder, tmp_path, "--seeds", "1-2")
    command = [sys.executable, "-m", "edge_backend", *arguments]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]  # broken-1, broken-2, quick-1
        process.kill()
    assert "quick-1: 60 frames" in lines[2]
    first = (tmp_path / "quick-1.npz").stat().st_mtime_ns
    assert rows(tmp_path / "manifest.csv")["slow-2"]["state"] == "waiting"

    # This time a worker is killed in the middle: its take is made by another.
    killed = kill_a_worker_after(tmp_path / "quick-2.npz")
    assert cli.main(arguments) == 1  # two takes failed
    assert len(killed) == (1 if PROCESSES else 0)
    assert workers() == []
    assert "3 made, 1 there already, 2 failed." in capfd.readouterr().err
    table = rows(tmp_path / "manifest.csv")
    assert {name: row["state"] for name, row in table.items()} == {
        "broken-1": "failed", "broken-2": "failed", "quick-1": "there", "quick-2": "made", "slow-1": "made",
        "slow-2": "made",
    }  # fmt: skip
    assert table["broken-1"]["code"] == "audio_unreadable"
    assert (tmp_path / "quick-1.npz").stat().st_mtime_ns == first
    assert load_motion(tmp_path / "slow-2.npz").meta["seed"] == 2
    assert {path.name for path in tmp_path.iterdir()} == {
        "quick-1.npz", "quick-2.npz", "slow-1.npz", "slow-2.npz", "manifest.csv", ".batch.lock",
    }  # fmt: skip

    # What came out goes in: all that was made is there already, seen by programs as results.
    made = tmp_path / "made.csv"
    lines = (tmp_path / "manifest.csv").read_text("utf-8").splitlines(keepends=True)
    made.write_text("".join(line for line in lines if "broken" not in line), "utf-8")
    alone = ["batch", "--manifest", str(made), "--out", str(tmp_path), "--json"]
    assert cli.main([*alone, "--report", str(tmp_path / "again.json")]) == 0
    frames = [decode(line.encode()) for line in capfd.readouterr().out.splitlines()]
    assert [frame.job for frame in frames if isinstance(frame, Result)] == ["quick-1", "quick-2", "slow-1", "slow-2"]
    assert {row["state"] for row in json.loads((tmp_path / "again.json").read_text("utf-8"))} == {"there"}

    # With other settings a name means another take; what is there is not written over.
    assert cli.main([*alone, "--guidance", "1.5"]) == 2  # all of them
    error = decode(capfd.readouterr().out.splitlines()[-1].encode())
    assert isinstance(error, Error)
    assert error.code == "batch_other_take"


def kill_a_worker_after(made: Path) -> list[int]:
    """Kill a worker of this process, in a thread, once a file is there; its process id will be in the list."""
    killed: list[int] = []

    def wait_and_kill() -> None:
        while not made.exists():
            time.sleep(0.01)
        for pid in workers():
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    if PROCESSES:
        threading.Thread(target=wait_and_kill, daemon=True).start()
    return killed


def workers() -> list[int]:
    """Process ids of this process's workers, where the system tells."""
    found = []
    for task in Path("/proc/self/task").iterdir() if PROCESSES else ():
        for pid in (task / "children").read_text("ascii").split():
            if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                found.append(int(pid))
    return found


def test_a_folder_takes_one_batch_at_a_time(folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def meanwhile(takes: object, out: Path) -> Iterator[None]:
        assert cli.main(batch(folder, tmp_path)) == 2
        yield from ()

    run_batch([], tmp_path, meanwhile, tmp_path / "manifest.csv", report=print)  # type: ignore[arg-type]
    assert "[batch_busy]" in capfd.readouterr().err


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="ray is installed")
def test_without_ray_it_says_what_to_install(folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(batch(folder, tmp_path, "--ray", "auto")) == 2
    assert "pip install ray" in capfd.readouterr().err
