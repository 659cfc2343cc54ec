"""A batch on a Ray of two processes, one of which is killed. Slow, and only where ray is installed."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from pipeline_fixtures import write_song, write_weights

from edge_backend.batch.executor import PoolConfig
from edge_backend.batch.manifest import Outcome
from edge_backend.batch.pool import make_here
from edge_backend.batch.run import run_batch
from edge_backend.batch.take_requests import Take
from edge_backend.schema.requests import GenerateRequest

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="finds Ray's processes in /proc")]
pytest.importorskip("ray", reason="ray is an extra: pip install edge-dance[ray]")

from edge_backend.batch.on_ray import make_on_ray  # noqa: E402

TAKES = 8


@pytest.fixture(scope="module")
def takes(tmp_path_factory: pytest.TempPathFactory) -> list[Take]:
    folder = tmp_path_factory.mktemp("songs")
    weights = str(write_weights(folder))
    songs = [str(write_song(folder / f"{bpm}.wav", seconds=4.0, bpm=bpm)) for bpm in (90, 140)]
    requests = [GenerateRequest(song, seed=seed, steps=100, weights=weights) for song in songs for seed in range(4)]
    return [Take(f"{Path(request.song).stem}-{request.seed}", request) for request in requests]


def dancing_processes() -> list[int]:
    """Those of Ray that are at work on a take right now: Ray names a process after its task."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if (process / "cmdline").read_bytes().startswith(b"ray::_dance"):
                found.append(int(process.name))
        except (OSError, ValueError):
            continue
    return found


def test_every_take_is_made_once_although_a_process_is_killed(takes: list[Take], tmp_path: Path) -> None:
    ray = Path(sys.executable).with_name("ray")
    subprocess.run(
        [ray, "start", "--head", "--port", "26379", "--num-cpus", "2", "--include-dashboard", "false"], check=True
    )
    reported: list[Outcome] = []
    killed: list[int] = []

    def kill_one() -> None:
        while len(reported) < 2:  # in the middle: two are made, six are not
            time.sleep(0.02)
        while not killed:
            for pid in dancing_processes()[:1]:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

    killer = threading.Thread(target=kill_one, daemon=True)
    killer.start()
    try:
        config = PoolConfig(jobs=0, device="cpu")

        def executor(left: list[Take], folder: Path) -> object:
            return make_on_ray(left, folder, config, "127.0.0.1:26379")

        outcomes = run_batch(takes, tmp_path, executor, tmp_path / "m.csv", report=reported.append)  # type: ignore[arg-type]
    finally:
        subprocess.run([ray, "stop", "--force"], check=True)
    assert killed
    assert [outcome.state for outcome in outcomes] == ["made"] * TAKES
    assert sorted(outcome.take.name for outcome in reported) == sorted(
        take.name for take in takes
    )  # each heard of once
    assert sorted(path.stem for path in tmp_path.glob("*.npz")) == sorted(take.name for take in takes)

    # And what a cluster makes is what this machine makes.
    (tmp_path / "here").mkdir()
    list(make_here(takes[:1], tmp_path / "here", PoolConfig(device="cpu")))
    name = f"{takes[0].name}.npz"
    assert (tmp_path / name).read_bytes() == (tmp_path / "here" / name).read_bytes()
