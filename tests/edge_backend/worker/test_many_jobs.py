"""Many jobs, some cancelled: memory does not grow, folders are left clean, no process remains."""

import random
import sys
from pathlib import Path

import pytest
from pipeline_fixtures import write_song, write_weights
from worker_client import Client

from edge_backend.protocol.messages import Cancel, Error, Generate, Progress, Result, State
from edge_backend.schema.requests import GenerateRequest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

WARM_UP = 10  # jobs until caches and the allocator have grown to their size


def memory_mb(pid: int) -> float:
    """Resident memory of its own: files that are mapped do not count."""
    rows = dict(row.split(":", 1) for row in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(rows["RssAnon"].split()[0]) / 1024


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@pytest.mark.parametrize(
    ("jobs", "cancelled"), [(6, 2), pytest.param(100, 20, marks=pytest.mark.slow)], ids=["a few", "a hundred"]
)
def test_a_worker_stays_as_it_was(tmp_path: Path, jobs: int, cancelled: int) -> None:
    write_weights(tmp_path, latent=64)
    song = str(write_song(tmp_path / "song.wav", seconds=12))
    draw = random.Random(jobs)
    to_cancel = set(draw.sample(range(jobs), cancelled))
    folder = tmp_path / "jobs"
    before = 0.0
    with Client(tmp_path) as client:
        client.wait_for(State, state="idle")
        for number in range(-WARM_UP if jobs > WARM_UP else 0, jobs):
            own = folder / str(number)
            own.mkdir(parents=True)
            client.send(
                Generate(str(number), str(own), GenerateRequest(song, weights="tiny", steps=20, seed=abs(number)))
            )
            if number in to_cancel:
                stage = draw.choice(["loading", "features", "sampling"])
                client.wait_for(Progress, job=str(number), stage=stage)
                client.send(Cancel(str(number)))
            outcome = client.wait_for(Result, Error, job=str(number))
            if isinstance(outcome, Result):
                assert [path.name for path in own.iterdir()] == ["dance.npz"]
            else:
                assert outcome.code == "cancelled" and number in to_cancel and not list(own.iterdir())
            if number == -1:
                before = memory_mb(client.process.pid)
        assert not children(client.process.pid)
        if before:
            after = memory_mb(client.process.pid)
            print(f"{jobs} jobs, {cancelled} cancelled: {before:.1f} MB, then {after:.1f} MB")
            assert after < before * 1.05
