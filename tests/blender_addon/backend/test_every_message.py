"""A worker killed before, within and behind every message of a job, and clocks that jump."""

import ast
import json
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import bpy
import pytest
from blender_fixtures import addon
from test_job import Bench, is_gone, run

ROOT = Path(__file__).parents[3]
REPLAYING = Path(__file__).with_name("replaying_worker.py")
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals")


@dataclass(frozen=True)
class Killed:
    """A Launch of the worker that is killed behind so many messages."""

    record: Path
    messages: int
    half: bool = False
    heard: int = 1

    def command(self):
        numbers = map(str, (self.messages, int(self.half), self.heard))
        return [sys.executable, "-S", str(REPLAYING), str(self.record), *numbers]


@pytest.fixture(scope="module")
def record(worker_python, tiny_weights, song_file, tmp_path_factory):
    """What the real worker says from its start to the end of a dance that comes bit by bit, and what it writes."""
    lines, process = [], addon("backend.worker_process")
    folder, bench = tmp_path_factory.mktemp("recorded") / "record", Bench(tmp_path_factory.mktemp("recording"), [])
    with pytest.MonkeyPatch.context() as patch:
        decode = process.decode
        patch.setattr(process, "decode", lambda line: lines.append(line) or decode(line))
        job = bench.job(addon("backend.launch").Launch(worker_python, tiny_weights, threads=1))
        job.start(addon("edge_backend.schema.requests").GenerateRequest(str(song_file), steps=2, sequential=True))
        run(job, seconds=120)
    assert job.state == "done"
    shutil.copytree(job.folder, folder)
    text = b"\n".join(lines).replace(job.name.encode(), b"JOB")
    (folder / "conversation").write_bytes(text.replace(json.dumps(str(job.folder))[1:-1].encode(), b"FOLDER") + b"\n")
    job.close()
    bench.workers[0].kill()
    return folder


def kinds(record):
    return [json.loads(line)["type"] for line in (record / "conversation").read_bytes().splitlines()]


def job_of(bench, record, *where, **when):
    bench.workers.clear()
    return bench.job(Killed(record, *where, **when))


def dance_request():
    return addon("edge_backend.schema.requests").GenerateRequest("song.wav")


@pytest.mark.timing
@posix
def test_a_worker_killed_at_any_message_is_reported_and_leaves_nothing(bench, record):
    said = kinds(record)
    assert {"hello", "state", "log", "progress", "partial", "result"} == set(said) and said[-1] == "result"
    for messages in range(len(said) + 1):
        for half in (False, True)[: 1 + (messages < len(said))]:
            job = job_of(bench, record, messages, half)
            job.start(dance_request())
            began = time.monotonic()
            run(job, seconds=10)
            where = f"{messages} messages of {len(said)}, half of the next: {half}"
            if messages == len(said):
                assert job.state == "done" and job.motion().frames == 240, where
            else:
                assert (job.state, job.error and job.error.code) == ("failed", "backend_killed"), where
                assert time.monotonic() - began < 2 + 1, where  # a hang is 2 s; Python's own start comes first
            folder = job.folder
            job.close()
            assert not folder.exists() and not bench.workers[0].alive, where
    bench.workers.clear()
    job = bench.job("good")
    run(job)
    assert job.state == "done"


@posix
@pytest.mark.parametrize("kind", ["generate", "features", "body"])
def test_a_worker_killed_by_a_request_is_reported(bench, record, kind):
    requests = addon("edge_backend.schema.requests")
    request = {
        "generate": dance_request(),
        "features": requests.FeaturesRequest("song.wav"),
        "body": requests.BodyRequest("model.npz"),
    }[kind]
    job = job_of(bench, record, 1)
    job.start(request)
    run(job, seconds=10)
    assert (job.state, job.error.code) == ("failed", "backend_killed")
    job.close()


@posix
def test_a_worker_killed_at_cancel_status_or_shutdown_is_reported(bench, record):
    protocol = addon("edge_backend.protocol.messages")
    progress = kinds(record).index("progress") + 1
    for ask, state in (
        (lambda job, _: job.cancel(), "cancelled"),
        (lambda _, worker: worker.send(protocol.StatusRequest()), "failed"),
        (lambda _, worker: worker.stop(), "failed"),
    ):
        job = job_of(bench, record, progress, heard=2)
        job.start(dance_request())
        run(job, until=lambda job: job.state == "running", seconds=10)
        pid = bench.workers[0]._process.pid
        ask(job, bench.workers[0])
        run(job, seconds=10)
        assert job.state == state and is_gone(pid)
        job.close()


JUMPING = """
import itertools, sys, time
now, jumps = time.time, itertools.cycle((0.0, 7200.0, -7200.0, 3e7, -3e7))
time.time = lambda: now() + next(jumps)
time.time_ns = lambda: int(time.time() * 1e9)
from edge_backend.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@dataclass(frozen=True)
class Jumping:
    """The real worker, whose clock jumps by hours and years whenever it is looked at."""

    launch: object

    def command(self):
        python, _, _, *arguments = self.launch.command()
        return [python, "-c", JUMPING, *arguments]


def test_clocks_that_jump_on_both_sides_disturb_no_job(bench, quick_worker, song_file, monkeypatch):
    real, jumps = time.time, iter(range(10**9))
    monkeypatch.setattr(time, "time", lambda: real() + (-1) ** next(jumps) * 7200.0)
    launch = addon("preferences").launch(bpy.context)
    job = bench.job(Jumping(launch))
    job.start(addon("edge_backend.schema.requests").GenerateRequest(str(song_file), duration=3.0, steps=2))
    run(job, seconds=120)
    assert job.error is None and job.motion().frames == 90
    assert job.progress.eta is None or 0 <= job.progress.eta < 60
    job = bench.job(Jumping(launch))
    job.start(addon("edge_backend.schema.requests").GenerateRequest(str(song_file), steps=1000))
    run(job, until=lambda job: job.progress and job.progress.stage == "sampling", seconds=60)
    job.cancel()
    run(job, seconds=10)
    assert job.state == "cancelled" and len(bench.workers) == 1 and bench.workers[0].alive


MAY_ASK_FOR_THE_DATE = {
    "blender_addon/takes/new_take.py",  # when a take was made
    "blender_addon/backend/pending_results.py",  # the name of a file; one that is taken is not taken again
    "edge_backend/cli/commands/bench.py",  # when it was measured
    "edge_backend/fileio/download.py",  # how long until the date that a busy server names
}


def test_nothing_waits_by_a_clock_that_can_be_set():
    """time.time and its like appear where a date is written down, and nowhere else."""
    asking = set()
    for folder in ("blender_addon", "edge_backend"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and node.attr in {"time", "time_ns", "now", "utcnow", "today"}:
                    base = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
                    if base in {"time", "datetime", "date"}:
                        asking.add(path.relative_to(ROOT).as_posix())
                if isinstance(node, ast.ImportFrom) and node.module == "time":
                    assert not {alias.name for alias in node.names} & {"time", "time_ns"}, path
    assert asking == MAY_ASK_FOR_THE_DATE
