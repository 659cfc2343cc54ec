"""The worker as a real process with pipes, as Blender runs it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pipeline_fixtures import swaying, write_motion, write_song, write_weights
from worker_client import PATIENCE_S, REPOSITORY, Client

from edge_backend import __version__
from edge_backend.motion.files import load_motion
from edge_backend.protocol.codec import encode
from edge_backend.protocol.messages import (
    PROTOCOL,
    Cancel,
    Error,
    Features,
    Generate,
    Hello,
    Log,
    Partial,
    Progress,
    Result,
    Shutdown,
    State,
    StatusRequest,
)
from edge_backend.schema.edits import EditRequest, KeepPath, Source, going_on, varied
from edge_backend.schema.requests import FeaturesRequest, GenerateRequest

GONE_S = 2.0  # the promise: this long after Blender's end the worker has ended too


@pytest.fixture(scope="module")
def weights_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    write_weights(folder)
    return folder


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_song(tmp_path_factory.mktemp("song") / "song.wav"))


COUNTING = (
    "load = model_cache.load_weights\nmodel_cache.load_weights = lambda *a: (os.write(2, b'LOADED'), load(*a))[1]"
)


@pytest.fixture(scope="module")
def shared(weights_folder: Path) -> Iterator[Client]:
    """One worker for all tests that leave it alive, as Blender has it."""
    with Client(weights_folder, patch=COUNTING) as client:
        yield client


def _generate(song: str, job: str, folder: Path, **settings: Any) -> Generate:
    return Generate(job, str(folder), GenerateRequest(song, **{"weights": "tiny", "steps": 3} | settings))


def test_hello_comes_first_and_says_what_it_needs_to(weights_folder: Path) -> None:
    with Client(weights_folder) as client:
        hello = client.messages.get(timeout=PATIENCE_S)
        assert isinstance(hello, Hello)
        assert (hello.protocol, hello.version, hello.pid) == (PROTOCOL, __version__, client.process.pid)
        assert hello.device == "cpu"
        assert "tiny" in hello.weights
        state = client.wait_for(State)
        assert (state.state, state.device, state.job) == ("idle", "cpu", None)


TELLING = """
import gc
from edge_backend.errors import EdgeError
def tell(*_):
    raise EdgeError("told", f"{gc.isenabled()} {sorted({'scipy', 'numba'} & set(sys.modules))}")
pipeline.write_dance = tell
"""


def test_it_is_ready_without_what_only_a_dance_loads_and_collects_garbage_again(
    weights_folder: Path, song: str, tmp_path: Path
) -> None:
    with Client(weights_folder, patch=TELLING) as client:
        client.send(_generate(song, "1", tmp_path))
        assert client.wait_for(Error, code="told").message == "True []"


def test_a_dance_needs_no_scipy(weights_folder: Path, song: str, tmp_path: Path) -> None:
    with Client(weights_folder, patch="import sys; sys.modules['scipy'] = None") as client:
        path = KeepPath(0, 60, points=((0.0, 0.0), (0.5, 0.5), (1.0, 0.0)))  # a spline, as the stops on beats are
        client.send(_generate(song, "1", tmp_path, edit=EditRequest(paths=(path,))))
        assert Path(client.wait_for(Result).path).is_file()


def test_a_worker_that_is_started_ahead_warms_up_and_then_dances_as_any_other(
    shared: Client, weights_folder: Path, song: str, tmp_path: Path
) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    first.mkdir(), second.mkdir()
    with Client(weights_folder, "--ahead") as client:
        client.wait_for(State, state="idle", weights="")
        while "warmup" not in client.wait_for(Log).text:
            pass
        client.send(StatusRequest())
        assert client.wait_for(State).weights == "starter"
        client.send(_generate(song, "1", first))
        client.wait_for(Result)
    shared.send(_generate(song, "2", second))
    shared.wait_for(Result)
    assert (first / "dance.npz").read_bytes() == (second / "dance.npz").read_bytes()


def test_two_jobs_in_a_row_load_the_weights_once(shared: Client, song: str, tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    first.mkdir(), second.mkdir()
    shared.send(_generate(song, "1", first, seed=4), _generate(song, "2", second, seed=4))
    assert shared.wait_for(Result).job == "1"
    result = shared.wait_for(Result)
    assert result == Result("2", str(second / "dance.npz"))
    assert load_motion(result.path).frames == 180
    assert (first / "dance.npz").read_bytes() == (second / "dance.npz").read_bytes()
    assert [file.name for file in first.iterdir()] == ["dance.npz"]  # nothing half-written is left
    shared.send(StatusRequest())
    state = shared.wait_for(State)
    assert (state.state, state.weights) == ("idle", "tiny")
    assert shared.log.count(b"LOADED") == 1


def test_progress_has_stages_and_time_left(shared: Client, song: str, tmp_path: Path) -> None:
    shared.send(_generate(song, "progress", tmp_path, steps=400))
    seen = []
    while not isinstance(message := shared.wait_for(Progress, Result, job="progress"), Result):
        seen.append(message)
    assert list(dict.fromkeys(p.stage for p in seen)) == ["loading", "features", "sampling", "feet", "saving"]
    assert all(0 <= p.done <= p.total for p in seen)
    assert any(p.eta is not None and p.eta > 0 for p in seen if p.stage == "sampling")


def test_a_sequential_dance_comes_in_parts(shared: Client, song: str, tmp_path: Path) -> None:
    shared.send(_generate(song, "parts", tmp_path, duration=10.0, sequential=True))
    part = shared.wait_for(Partial, Result)
    assert isinstance(part, Partial)
    assert load_motion(part.path).frames == part.frames < 300
    assert load_motion(shared.wait_for(Result).path).frames == 300


def test_a_dance_goes_on_from_a_motion_file_in_the_job_s_folder(shared: Client, song: str, tmp_path: Path) -> None:
    old = swaying(100, place=(2.0, 1.0))
    source = Source(write_motion(tmp_path / "old.npz", old))
    shared.send(_generate(song, "on", tmp_path, duration=10.0, sequential=True, edit=going_on(source, 100)))
    beginning = load_motion(shared.wait_for(Partial, Error).path)
    whole = load_motion(shared.wait_for(Result, Error).path)
    for motion in (beginning, whole):
        assert np.abs(motion.rotations[:100] - old.rotations).max() < 1e-3
        assert np.abs(motion.root[:100] - old.root).max() < 1e-3
    assert beginning.frames < whole.frames == 300


def test_a_source_that_cannot_be_read_is_one_sentence(shared: Client, song: str, tmp_path: Path) -> None:
    (tmp_path / "old.npz").write_bytes(b"no motion")
    shared.send(_generate(song, "bad", tmp_path, edit=varied(Source(str(tmp_path / "old.npz")), 0.5)))
    error = shared.wait_for(Error)
    assert (error.job, error.code) == ("bad", "motion_unreadable")
    assert "old.npz" in error.message


@pytest.mark.timing
def test_cancel_stops_the_job_at_once_and_the_next_one_works(shared: Client, song: str, tmp_path: Path) -> None:
    shared.send(_generate(song, "long", tmp_path, steps=1000, sampler="ddpm"))
    while shared.wait_for(Progress, job="long", stage="sampling").done < 5:
        pass
    shared.send(Cancel("long"))
    asked = time.monotonic()
    assert shared.wait_for(Error).code == "cancelled"
    assert time.monotonic() - asked < 1.0  # 1000 steps take far longer; one takes a few milliseconds
    assert list(tmp_path.iterdir()) == []
    shared.send(_generate(song, "next", tmp_path))
    assert shared.wait_for(Result, Error) == Result("next", str(tmp_path / "dance.npz"))


def test_a_waiting_job_can_be_cancelled_and_an_unknown_one_is_left_alone(
    shared: Client, song: str, tmp_path: Path
) -> None:
    shared.send(_generate(song, "runs", tmp_path, steps=1000), _generate(song, "waits", tmp_path))
    shared.wait_for(Progress, job="runs")
    shared.send(Cancel("waits"), Cancel("never heard of"), StatusRequest())
    assert shared.wait_for(Error) == Error("waits", "cancelled", "The job was cancelled.")
    state = shared.wait_for(State)
    assert (state.state, state.job, state.queued) == ("busy", "runs", 0)
    shared.send(Cancel("runs"))
    assert shared.wait_for(Error).job == "runs"


@pytest.mark.timing
def test_status_is_answered_in_the_middle_of_a_job(shared: Client, song: str, tmp_path: Path) -> None:
    shared.send(_generate(song, "busy", tmp_path, steps=1000))
    shared.wait_for(Progress, job="busy", stage="sampling")
    asked = time.monotonic()
    shared.send(StatusRequest())
    assert shared.wait_for(State).job == "busy"
    assert time.monotonic() - asked < 1.0
    shared.send(Cancel("busy"))
    shared.wait_for(Error, job="busy")


@pytest.mark.parametrize(
    ("garbage", "code"),
    [
        (b"\x00\xff\xfe not a frame\n", "frame_not_json"),
        (b'{"type":"dance"}\n', "frame_unknown_type"),
        (b'{"type":"generate","job":"1"}\n', "frame_bad_field"),
        (
            b'{"type":"generate","job":"1","folder":"/","request":'
            b'{"song":"a","edit":{"bodies":[{"start":0,"stop":9,"part":"tail"}]}}}\n',
            "frame_bad_field",
        ),
        (b"x" * (2 << 20) + b"\n", "frame_too_long"),
        (encode(Hello(1, "1", 1, "cpu")), "frame_wrong_way"),
    ],
)
def test_garbage_gets_an_error_frame_and_the_worker_lives(shared: Client, garbage: bytes, code: str) -> None:
    shared.send(garbage, StatusRequest())
    error = shared.wait_for(Error)
    assert (error.job, error.code) == (None, code)
    shared.wait_for(State)


def test_a_song_that_is_not_there_is_one_sentence_and_the_next_job_works(
    shared: Client, song: str, tmp_path: Path
) -> None:
    shared.send(_generate(str(tmp_path / "gone.ogg"), "missing", tmp_path))
    error = shared.wait_for(Error)
    assert (error.job, error.code) == ("missing", "audio_missing")
    assert "gone.ogg" in error.message
    assert error.hint
    shared.send(_generate(song, "after", tmp_path))
    shared.wait_for(Result, job="after")


def test_a_job_folder_that_is_not_there_is_one_sentence(shared: Client, song: str, tmp_path: Path) -> None:
    shared.send(_generate(song, "nowhere", tmp_path / "gone"))
    assert shared.wait_for(Error).code == "job_folder_missing"


def test_features_are_a_job_too(shared: Client, song: str, tmp_path: Path) -> None:
    shared.send(Features("ears", str(tmp_path), FeaturesRequest(song, "rhythm", duration=2.0)))
    result = shared.wait_for(Result, job="ears")
    with np.load(result.path, allow_pickle=False) as file:
        assert file["values"].shape == (60, 12)


def test_a_job_name_cannot_be_used_twice_at_a_time(shared: Client, song: str, tmp_path: Path) -> None:
    shared.send(_generate(song, "twin", tmp_path, steps=1000), _generate(song, "twin", tmp_path))
    assert shared.wait_for(Error).code == "job_exists"
    shared.send(Cancel("twin"))
    assert shared.wait_for(Error).code == "cancelled"


NOISE = """
def noisy(*a, load=model_cache.load_weights):
    import ctypes, subprocess
    print("from Python", flush=True)
    os.write(1, b"from C")
    sys.__stdout__.write("from whoever kept stdout"); sys.__stdout__.flush()
    subprocess.run([sys.executable, "-c", "print('from a child'); input()"])  # reads stdin, too
    return load(*a)
model_cache.load_weights = noisy
"""


def test_what_a_library_prints_breaks_no_frame(weights_folder: Path, song: str, tmp_path: Path) -> None:
    with Client(weights_folder, patch=NOISE) as client:
        client.send(_generate(song, "1", tmp_path))
        client.wait_for(Progress, stage="features")  # the weights have been loaded
        client.send(Shutdown())
        client.process.wait(PATIENCE_S)
        while client.messages.get(timeout=PATIENCE_S) is not None:
            pass
        for source in (b"from Python", b"from C", b"from whoever kept stdout", b"from a child", b"EOFError"):
            assert source in client.log


BUSY = {
    "loading its libraries": ("", Hello),
    "doing nothing": ("", State),
    "hearing its first song": ("", Progress),
    "in a loop that never looks up": ("def loop(*a):\n    while True: pass\npipeline.write_dance = loop", None),
    "in a call that never returns": ("pipeline.write_dance = lambda *a: time.sleep(1000)", None),
}


@pytest.mark.timing
@pytest.mark.parametrize("doing", BUSY)
def test_when_blender_is_gone_the_worker_is_gone_in_two_seconds(
    weights_folder: Path, song: str, tmp_path: Path, doing: str
) -> None:
    patch, sign = BUSY[doing]
    with Client(weights_folder, patch=patch) as client:
        client.send(*([] if sign is State else [_generate(song, "1", tmp_path)]))
        if sign:
            client.wait_for(sign)
        else:
            client.wait_for(State, state="idle")
            time.sleep(0.3)  # so that it is in the middle of it
        assert client.end() < GONE_S


@pytest.mark.timing
def test_when_blender_is_gone_while_it_samples_the_worker_is_gone_in_two_seconds(
    weights_folder: Path, song: str, tmp_path: Path
) -> None:
    with Client(weights_folder) as client:
        client.send(_generate(song, "last", tmp_path, steps=1000, sampler="ddpm"))
        client.wait_for(Progress, job="last", stage="sampling")
        assert client.end() < GONE_S


def test_a_worker_whose_stdout_is_closed_ends(weights_folder: Path) -> None:
    command = [sys.executable, "-m", "edge_backend", "worker", "--weights-folder", str(weights_folder)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.close()
        assert process.wait(PATIENCE_S) == 0


def test_an_idle_worker_ends_by_itself(weights_folder: Path) -> None:
    with Client(weights_folder, "--idle-minutes", "0.005") as client:
        assert client.process.wait(PATIENCE_S) == 0


@pytest.mark.timing
def test_shutdown_ends_it_in_the_middle_of_a_job(weights_folder: Path, song: str, tmp_path: Path) -> None:
    with Client(weights_folder) as client:
        client.send(_generate(song, "1", tmp_path))
        client.wait_for(Progress)
        client.send(Shutdown())
        asked = time.monotonic()
        assert client.process.wait(PATIENCE_S) == 0
        assert time.monotonic() - asked < GONE_S


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_it_never_computes_in_more_threads_than_it_may(weights_folder: Path, song: str, tmp_path: Path) -> None:
    """Two threads of its own (main and listener); every pool of a library that were larger would add to them."""
    free = dict.fromkeys(["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"], "4")
    with Client(weights_folder, "--threads", "1", **free) as client:
        client.send(_generate(song, "1", tmp_path, steps=200))
        client.wait_for(Progress, job="1", stage="sampling")
        ticks = sorted(cpu_ticks(client.process.pid))
        client.wait_for(Result, job="1")
        used = [after - before for before, after in zip(ticks, sorted(cpu_ticks(client.process.pid)), strict=False)]
        assert sum(spent > 2 for spent in used) <= 2


def cpu_ticks(pid: int) -> list[int]:
    """What each of its threads has worked, in ticks of 10 ms."""
    rows = [task.read_text().rsplit(")", 1)[1].split() for task in Path(f"/proc/{pid}/task").glob("*/stat")]
    return [int(row[11]) + int(row[12]) for row in rows]


BROKEN = """
failures = [MemoryError(), OSError(28, "No space left on device", "dance.npz"), ZeroDivisionError("division by zero")]
def broken(*a):
    raise failures.pop(0)
pipeline.write_dance = broken
"""


def test_jobs_that_break_are_one_sentence_each_and_the_worker_lives(
    weights_folder: Path, song: str, tmp_path: Path
) -> None:
    with Client(weights_folder, patch=BROKEN) as client:
        for job, code in enumerate(["out_of_memory", "disk_full", "internal"]):
            client.send(_generate(song, str(job), tmp_path))
            error = client.wait_for(Error)
            assert (error.job, error.code) == (str(job), code)
            assert "\n" not in error.message
            assert "Traceback" in error.detail  # for the log


def test_an_installation_without_an_engine_says_so_and_ends(weights_folder: Path, tmp_path: Path) -> None:
    for name in ("onnxruntime", "torch"):
        (tmp_path / f"{name}.py").write_text(f"raise ImportError('DLL load failed', name={name!r})")
    with Client(weights_folder, PYTHONPATH=str(tmp_path)) as client:
        error = client.wait_for(Error)
        assert (error.job, error.code) == (None, "engine_missing")
        assert "PyTorch" in error.message and "DLL load failed" in error.message
        assert client.process.wait(PATIENCE_S) == 3


def test_where_onnx_runtime_does_not_load_torch_is_taken(weights_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "onnxruntime.py").write_text("raise ImportError('DLL load failed', name='onnxruntime')")
    with Client(weights_folder, PYTHONPATH=str(tmp_path)) as client:
        assert client.wait_for(State).engine.startswith("PyTorch ")


@pytest.mark.parametrize("failure", ["RuntimeError('CUDA error: no kernel image is available')", "MemoryError()"])
def test_a_warmup_that_fails_is_no_end_of_the_job_that_waits(
    weights_folder: Path, song: str, tmp_path: Path, failure: str
) -> None:
    patch = f"""
import edge_backend.worker.warmup as warmup
def fail(*_):
    while not queues[0].waiting: time.sleep(0.01)  # until the job waits
    raise {failure}
queues = []
class Queue(worker.JobQueue):
    def __init__(self):
        super().__init__()
        queues.append(self)
worker.JobQueue = Queue
warmup.generate = fail
free_device_cache = model_cache.free_device_cache
def refuse(*_):  # once
    model_cache.free_device_cache = free_device_cache
    raise RuntimeError("CUDA error: it has stopped")
model_cache.free_device_cache = refuse
worker.run("cpu", Path(sys.argv[1]), ahead=True)
"""
    with Client(weights_folder, patch=patch) as client:
        client.send(_generate(song, "first", tmp_path, steps=2))
        told = client.wait_for(Log, level="warning")
        assert "warmup failed" in told.text and failure.partition("(")[0] in told.text
        assert isinstance(client.wait_for(Result, Error), Result)
