"""The real worker killed in every stage: a sentence, an empty folder, and the next job gets a new worker."""

import os
import signal
import sys

import bpy
import pytest
from blender_fixtures import addon
from test_job import Bench, is_gone, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="signals"),
]

TIMES = 3


def ask(bench, song_file):
    job = bench.job(addon("preferences").launch(bpy.context))
    job.start(addon("edge_backend.schema.requests").GenerateRequest(str(song_file), duration=5.0, steps=20))
    return job


@pytest.mark.parametrize("stage", ["starting", "loading", "features", "sampling", "feet", "saving"])
def test_killed_in_any_stage(bench, quick_worker, song_file, stage):
    for _ in range(TIMES):
        job = ask(bench, song_file)

        def reached(job):
            return job.finished or (job._worker._process if stage == "starting" else at(job, stage))

        run(job, until=reached, seconds=120)
        pid = bench.workers[-1]._process.pid
        os.kill(pid, signal.SIGKILL)
        run(job, seconds=10)
        if job.state != "done":  # it was quicker than the signal
            assert (job.state, job.error.code) == ("failed", "backend_killed")
        folder = job.folder
        job.close()
        assert is_gone(pid) and not folder.exists()
    job = ask(bench, song_file)
    run(job, seconds=120)
    assert job.state == "done" and job.motion().frames == 150
    job.close()


def test_killed_at_every_message_that_it_sends(bench, quick_worker, song_file):
    """The real one, until it has said all that it has to say."""
    heard = 0
    while True:
        bench.workers.clear()
        job = ask(bench, song_file)
        taken, take = [], job._take
        job._take = lambda event, taken=taken, take=take: (taken.append(event), take(event))
        heard += 1
        run(job, until=lambda job, taken=taken, heard=heard: job.finished or len(taken) >= heard, seconds=120)
        pid = bench.workers[0]._process.pid
        os.kill(pid, signal.SIGKILL)
        ended = job.finished
        run(job, seconds=10)
        assert job.state == "done" or (job.state, job.error.code) == ("failed", "backend_killed")
        folder = job.folder
        job.close()
        assert is_gone(pid) and not folder.exists()
        if ended:
            break
    assert heard > 5  # hello, what it loads, progress of five stages, the result


def at(job, stage):
    return job.progress is not None and job.progress.stage == stage


def test_two_blenders_have_a_worker_each(bench, quick_worker, song_file, tmp_path):
    (tmp_path / "other").mkdir()
    other = Bench(tmp_path / "other", [])
    jobs = [ask(bench, song_file), ask(other, song_file)]
    run(jobs[0], until=lambda job: job.progress, seconds=120)
    os.kill(bench.workers[0]._process.pid, signal.SIGKILL)
    run(jobs[0], seconds=10)
    run(jobs[1], seconds=120)
    assert (jobs[0].state, jobs[1].state) == ("failed", "done")
    for worker in other.workers:
        worker.kill()
