"""A job from start to end, with stand-in workers that misbehave and with the real one."""

import os
import stat
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import bpy
import pytest
from blender_fixtures import addon

STAND_IN = Path(__file__).with_name("stand_in_worker.py")
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals")


@dataclass(frozen=True)
class StandIn:
    """A Launch of the stand-in."""

    manner: str
    notes: Path

    def command(self):
        return [sys.executable, str(STAND_IN), self.manner, str(self.notes)]


@dataclass
class Bench:
    """A job at a worker of some manner."""

    folder: Path
    workers: list

    def launch(self, manner):
        notes = self.folder / "notes"
        notes.mkdir(exist_ok=True)
        return StandIn(manner, notes)

    def job(self, manner):
        launch = manner if not isinstance(manner, str) else self.launch(manner)

        def get_worker():
            living = [worker for worker in self.workers if worker.alive]
            if not living:
                living.append(addon("backend.worker_process").WorkerProcess(launch))
                self.workers.append(living[0])
            return living[0]

        return addon("backend.job").Job(get_worker, self.folder)

    def pids(self):
        return [int(file.name) for file in (self.folder / "notes").iterdir()]


def request(**settings):
    return addon("edge_backend.schema.requests").GenerateRequest(song="song.wav", duration=1.0, **settings)


def run(job, until=lambda job: job.finished, seconds=30.0, **settings):
    """Poll as a timer would; returns how long each poll took, by the wall and in this thread's own work."""
    if job.state == "starting" and job._worker is None:
        job.start(request(**settings))
    times, deadline = [], time.monotonic() + seconds
    while not until(job):
        assert time.monotonic() < deadline, f"still {job.state} after {seconds} s"
        began = time.perf_counter(), time.thread_time()
        job.poll()
        times.append((time.perf_counter() - began[0], time.thread_time() - began[1]))
        time.sleep(0.01)
    return times


def is_gone(pid, seconds=5.0):
    """Whether the process ends (and is reaped) within the time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_a_job_ends_with_a_dance_and_leaves_no_folder(bench):
    job = bench.job("good")
    folder = job.folder
    run(job, seed=5)
    assert job.state == "done"
    motion = job.motion()
    assert motion.frames == 30 and motion.meta["seed"] == 5
    job.close()
    assert not folder.exists()


@posix
def test_the_jobs_folder_is_private(bench):
    assert stat.S_IMODE(bench.job("good").folder.stat().st_mode) == 0o700


def test_one_worker_does_many_jobs(bench):
    for seed in range(3):
        job = bench.job("good")
        run(job, seed=seed)
        assert job.motion().meta["seed"] == seed
    assert len(bench.pids()) == 1


def test_progress_is_shown_while_the_worker_works(bench):
    job = bench.job("waits")
    run(job, until=lambda job: job.state == "running")
    assert job.progress.stage == "sampling" and 0.2 < job.fraction < 0.95


def test_progress_of_other_jobs_and_stages_does_no_harm(bench):
    job = bench.job("odd_stage")
    run(job, until=lambda job: job.progress and job.progress.stage == "drawing")
    assert job.fraction == 1.0
    run(job)
    assert job.state == "done"


@pytest.mark.parametrize(
    ("manner", "code", "words"),
    [
        ("out_of_memory", "out_of_memory", "memory"),
        ("no_module", "backend_packages_missing", "librosa"),
        ("log_tail", "backend_died", "exit code 7: something went very wrong"),
        ("no_result", "backend_died", "without a result"),
        ("garbage", "backend_garbage", "no message"),
        ("refuses", "audio_silent", "silent"),
        ("elsewhere", "result_elsewhere", "outside"),
        ("other_version", "backend_version", "version"),
        pytest.param("segfault", "backend_died", "SIGSEGV", marks=posix),
        pytest.param("killed", "backend_killed", "killed", marks=posix),
    ],
)
def test_every_failure_of_a_job_is_reported_in_a_sentence(bench, manner, code, words):
    job = bench.job(manner)
    run(job)
    assert (job.state, job.error.code) == ("failed", code), job.error.detail
    assert words in job.error.message and "\n" not in str(job.error)
    assert str(job.error).endswith(".")


def test_a_result_that_is_no_dance_is_reported_in_a_sentence(bench):
    job = bench.job("no_dance")
    run(job)
    with pytest.raises(addon("edge_backend.errors").EdgeError, match="not a motion file"):
        job.motion()


def test_the_worker_s_log_is_in_the_file_with_its_levels(bench, tmp_path):
    log_file = addon("backend.log_file")
    try:
        log_file.open_log(tmp_path)
        job = bench.job("logs")
        run(job)
        rows = [row.split(" ", 2)[2] for row in log_file.last_lines(10).splitlines()]
    finally:
        log_file.open_log(addon("preferences").user_folder("logs"))
    assert "INFO audio.loading: the song is out of memory and back" in rows
    assert "WARNING The GPU's memory is short." in rows
    assert "INFO a library prints" in rows
    assert not any("not for a file" in row for row in rows)
    assert job.remarks == ["The GPU's memory is short."]
    assert "audio.loading: the song" in job.error.detail  # with what a report is made of
    assert job.error.code == "backend_died" and job.error.message.endswith("a library prints.")  # not: out of memory


def test_after_a_crash_the_next_job_gets_a_new_worker(bench):
    run(bench.job("log_tail"))
    job = bench.job("good")
    run(job)
    assert job.state == "done" and len(bench.pids()) == 2


def test_a_worker_that_left_while_the_request_was_on_its_way_is_replaced(bench):
    job = bench.job("leaves_once")
    run(job)
    assert job.state == "done" and len(bench.pids()) == 2


def test_cancel_stops_the_job_and_keeps_the_worker(bench):
    job = bench.job("waits")
    run(job, until=lambda job: job.state == "running")
    job.cancel()
    assert job.state == "cancelling"
    run(job)
    assert job.state == "cancelled" and job.error is None
    assert bench.workers[0].alive


@pytest.mark.timing
def test_a_worker_that_ignores_cancel_is_killed(bench, monkeypatch):
    monkeypatch.setattr(addon("backend.job"), "CANCEL_S", 0.3)
    job = bench.job("hangs")
    run(job, until=lambda job: job.state == "running")
    job.cancel()
    run(job, seconds=5)
    assert job.state == "cancelled" and is_gone(bench.pids()[0])


@pytest.mark.timing
def test_a_worker_that_never_says_hello_is_given_up(bench, monkeypatch):
    monkeypatch.setattr(addon("backend.job"), "HELLO_S", 0.5)
    job = bench.job("silent")
    run(job, seconds=5)
    assert job.error.code == "backend_silent"


@pytest.mark.timing
def test_polling_never_holds_blender_up(bench):
    """20 000 frames in one go: each poll takes what fits into 2 ms. A busy machine may stretch some by the wall."""
    job = bench.job("shouts")
    wall, work = zip(*run(job), strict=True)
    assert job.state == "done"
    assert max(work) < 0.005 and sorted(wall)[len(wall) // 2] < 0.005


@pytest.mark.timing
def test_starting_and_sending_never_hold_blender_up(bench):
    began = time.perf_counter()
    job = bench.job("hangs")
    for _ in range(50):
        job.start(request())  # a worker that reads nothing
    assert time.perf_counter() - began < 0.2


@pytest.mark.timing
@posix
@pytest.mark.parametrize("manner", ["waits", "hangs", "silent"])
def test_a_stopped_worker_is_gone_whatever_it_was_doing(bench, manner):
    job = bench.job(manner)
    run(job, until=lambda job: manner == "silent" or job.state == "running")
    while not bench.pids():
        time.sleep(0.01)
    began = time.perf_counter()
    bench.workers[0].stop()
    assert time.perf_counter() - began < 0.05
    assert is_gone(bench.pids()[0])


def test_a_folder_that_cannot_be_made_is_reported_in_a_sentence(tmp_path):
    with pytest.raises(addon("edge_backend.errors").EdgeError) as caught:
        addon("backend.job").Job(lambda: None, tmp_path / "nowhere")
    assert caught.value.code == "job_folder" and "nowhere" in caught.value.message


def test_the_real_worker_makes_a_dance_and_obeys_cancel(bench, quick_worker, song_file, monkeypatch):
    (bench.folder / "edge_backend.py").write_text("raise SystemExit('imported from the current folder')")
    monkeypatch.chdir(bench.folder)
    launch = addon("preferences").launch(bpy.context)
    job = bench.job(launch)
    request_of = addon("edge_backend.schema.requests").GenerateRequest
    job.start(request_of(str(song_file), duration=3.0, steps=2))
    run(job, seconds=120)
    assert job.error is None and job.motion().frames == 90

    job = bench.job(launch)
    job.start(request_of(str(song_file), steps=1000))
    run(job, until=lambda job: job.progress and job.progress.stage == "sampling", seconds=60)
    job.cancel()
    run(job, seconds=10)
    assert job.state == "cancelled" and len(bench.workers) == 1 and bench.workers[0].alive
