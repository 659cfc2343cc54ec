"""An executor that runs takes as tasks on a Ray cluster. Ray is an optional dependency (`edge-dance[ray]`).

Songs are sent with the takes and motion files are sent back, so no shared disk is needed; program and weights must be
installed on each machine. Ray runs a task again if its process or machine dies. Only this process writes files, so
every take is written once.
"""

import os
import tempfile
import time
from collections.abc import Generator, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from ..errors import EdgeError
from ..errors.from_exception import explain
from ..fileio.atomic_write import atomic_write
from ..protocol.messages import Error
from ..runtime.malloc_tuning import keep_freed_memory
from ..runtime.threads import use_threads
from ..schema.requests import GenerateRequest
from .executor import PoolConfig
from .manifest import Outcome
from .take_requests import Take

LOCAL = "local"
"""The address for a Ray instance on this machine that is started for the batch and stopped after it."""

_RETRIES = 3  # of a task whose process died; a task that returns an error is not retried
_SONGS_AHEAD = 8  # the most songs in the cluster's object store


def make_on_ray(takes: Sequence[Take], folder: Path, config: PoolConfig, address: str) -> Generator[Outcome]:
    """Generate the takes on the cluster at the address, as `executor.Executor` describes.

    config.jobs: concurrent tasks, 0 = by the cluster's cores. With the device cuda each task reserves a GPU. Raises
    EdgeError ray_missing, ray_unreachable.
    """
    ray = _connected(address)
    task = ray.remote(num_cpus=config.threads, num_gpus=int(config.device == "cuda"), max_retries=_RETRIES)(_dance)

    @lru_cache(_SONGS_AHEAD)
    def sent(song: str) -> Any:
        return ray.put(_song(song))

    def begin(take: Take) -> Any:
        return task.remote(take.request, sent(take.request.song), config)

    try:
        # Twice the running tasks are submitted, so that no core idles; more would fill the cluster's memory.
        ahead = config.jobs or 2 * max(1, int(ray.cluster_resources().get("CPU", 1)) // config.threads)
        yield from _run_tasks(ray, takes, folder, begin, ahead)
    finally:
        ray.shutdown()


def _run_tasks(ray: Any, takes: Sequence[Take], folder: Path, begin: Any, ahead: int) -> Generator[Outcome]:
    waiting = list(reversed(takes))
    running: dict[Any, tuple[Take, float]] = {}
    while waiting or running:
        while waiting and len(running) < ahead:
            take = waiting.pop()
            try:
                running[begin(take)] = take, time.monotonic()
            except (EdgeError, OSError) as failure:
                yield Outcome(take, "failed", error=explain(failure))
        done, _ = ray.wait(list(running), num_returns=1) if running else ([], [])
        for task in done:
            take, began = running.pop(task)
            yield _outcome(ray, take, task, folder, began)


def _outcome(ray: Any, take: Take, task: Any, folder: Path, began: float) -> Outcome:
    seconds = time.monotonic() - began
    try:
        answer = ray.get(task)
        if isinstance(answer, Error):
            raise answer.failure()
        dance, frames = answer
        with atomic_write(folder / f"{take.name}.npz") as unfinished:
            unfinished.write_bytes(dance)
    except ray.exceptions.RayError as error:
        died = EdgeError("backend_died", "Ray could not make it: its processes died.", "Try again.", str(error))
        return Outcome(take, "failed", seconds=seconds, error=died)
    except (EdgeError, OSError) as failure:
        return Outcome(take, "failed", seconds=seconds, error=explain(failure))
    return Outcome(take, "made", frames, seconds)


def _dance(request: GenerateRequest, song: bytes, config: PoolConfig) -> tuple[bytes, int] | Error:
    """The task: content of the motion file and its number of frames, or the error. song: content of the audio file."""
    try:
        from ..generation.pipeline import generate  # noqa: PLC0415
        from ..motion.files import save_motion  # noqa: PLC0415 - not needed where the batch is only started

        with tempfile.TemporaryDirectory() as folder:
            local_song, file = Path(folder, Path(request.song).name), Path(folder, "dance.npz")
            local_song.write_bytes(song)
            motion = generate(replace(request, song=str(local_song)), model_cache=_model_cache(config))
            save_motion(file, motion)
            return file.read_bytes(), motion.frames
    except Exception as error:
        return Error.of(None, explain(error))


@cache
def _model_cache(config: PoolConfig) -> Any:
    """The ModelCache of this process; Ray reuses processes for many tasks."""
    from ..generation.model_cache import ModelCache  # noqa: PLC0415

    use_threads(config.threads)
    keep_freed_memory()
    return ModelCache(config.device, config.weights_folder, engine=config.engine)


def _song(path: str) -> bytes:
    if not Path(path).is_file():
        raise EdgeError("audio_missing", f"There is no song at {path}.", "Check the path.")
    return Path(path).read_bytes()


def _connected(address: str) -> Any:
    try:
        import ray  # noqa: PLC0415 - an extra
    except ImportError:
        raise EdgeError(
            "ray_missing", "The Python package ray is not installed.", "pip install ray, or leave --ray out."
        ) from None
    places = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    settings: dict[str, Any] = {"runtime_env": {"env_vars": {"PYTHONPATH": os.pathsep.join(places)}}}
    if address == LOCAL:
        settings["include_dashboard"] = False
    try:
        ray.init(address=address, log_to_driver=False, **settings)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise EdgeError(
            "ray_unreachable", f"There is no Ray at {address}.", "`ray start --head` starts one.", str(error)
        ) from None
    return ray
