"""The worker process of the add-on: reads requests, runs one job at a time, reports (docs/protocol.md).

The main thread runs jobs, because Ctrl-C is delivered to it. A listener thread reads stdin, so that cancel and status
requests and the end of Blender take effect during a job. Only pipes are used, no signals or ports, so that it works
alike on Linux, Windows and macOS.
"""

import faulthandler
import gc
import importlib
import logging
import os
import sys
import threading
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from .. import __version__
from ..errors import EdgeError
from ..errors.from_exception import explain
from ..model.catalogue import known
from ..protocol.codec import ProtocolError, decode
from ..protocol.log_messages import LogMessages, records_to
from ..protocol.messages import (
    PROTOCOL,
    Body,
    Cancel,
    Error,
    Features,
    Generate,
    Hello,
    Partial,
    Result,
    Shutdown,
    State,
    Status,
    StatusRequest,
)
from ..protocol.parent_watch import end_with_parent
from ..protocol.stdio_channel import Channel
from ..runtime.devices import promised
from ..schema.progress import Stage
from ..schema.requests import EngineChoice
from .job_queue import Job, JobQueue
from .progress_messages import ProgressMessages

logger = logging.getLogger(__name__)

GRACE_S = 0.5
"""Seconds from the end of stdin to the end of the process; a job that notices it earlier can clean up."""

BROKEN = 3
"""Exit code of a worker whose installation cannot run jobs; its last message has the reason."""


class Worker:
    """One conversation with Blender, from Hello to the end of stdin.

    idle_s: seconds without a job after which `run` returns, None for never. ahead: warm up after loading.
    """

    def __init__(
        self,
        channel: Channel,
        device: str,
        weights_folder: Path | None,
        idle_s: float | None,
        *,
        ahead: bool = False,
        engine: EngineChoice = "auto",
    ) -> None:
        self._channel = channel
        self._ahead = ahead
        self._engine: EngineChoice = engine
        self._device = device
        self._weights_folder = weights_folder
        self._idle_s = idle_s
        self._jobs = JobQueue()
        self._pipeline: ModuleType | None = None
        self._model_cache: Any = None

    def run(self) -> int:
        """Run jobs until the queue is closed or idle for too long. Returns the exit code."""
        self._channel.send(self._hello())
        threading.Thread(target=self._listen, name="listener", daemon=True).start()
        try:
            self._load()
        except Exception as error:
            self._channel.send(Error.of(None, explain(error)))
            return BROKEN
        self._channel.send(self._state())
        if self._ahead:
            self._warm_up()
        while job := self._jobs.take(self._idle_s):
            self._work(job)
        return 0

    def _hello(self) -> Hello:
        names = tuple(weights.id for weights in known(self._weights_folder) if weights.path)
        return Hello(PROTOCOL, __version__, os.getpid(), promised(self._device) or "cpu", names)

    def _load(self) -> None:
        began = time.monotonic()
        gc.disable()  # collections during imports free nothing and take a tenth of their time
        self._pipeline = importlib.import_module("..generation.pipeline", __package__)
        model_cache = importlib.import_module("..generation.model_cache", __package__)
        self._model_cache = model_cache.ModelCache(self._device, self._weights_folder, engine=self._engine)
        gc.freeze()  # imported objects live on: exclude them from later collections
        gc.enable()
        logger.info("The libraries were loaded in %.1f s.", time.monotonic() - began)

    def _warm_up(self) -> None:
        """Run the warmup. Its failure is logged only, because no job depends on it."""
        began = time.monotonic()
        try:
            warmup = importlib.import_module(".warmup", __package__)
            if warmup.warm_up(self._model_cache, lambda: self._jobs.waiting > 0):
                logger.info("A warmup took %.1f s.", time.monotonic() - began)
        except Exception as error:
            failure = explain(error)
            logger.warning("The warmup failed: %s %s", failure, failure.detail)
        else:
            return
        self._give_memory_back()  # after the except block, because the exception's frames reference tensors

    # --- main thread: jobs ---

    def _work(self, job: Job) -> None:
        outcome: Result | Error
        began = time.monotonic()
        logger.info("job %s: %s", job.name, type(job.message).__name__.lower())
        try:
            outcome = Result(job.name, str(self._make(job)))
        except Exception as error:
            outcome = Error.of(job.name, explain(error))
        ending = outcome.code if isinstance(outcome, Error) else "done"
        logger.info("job %s: %s after %.2f s", job.name, ending, time.monotonic() - began)
        if isinstance(outcome, Error) and outcome.code == "out_of_memory":
            self._give_memory_back()
        self._jobs.finish(job)  # before the message, so that its receiver finds the worker idle
        self._channel.send(outcome)

    def _give_memory_back(self) -> None:
        try:
            self._model_cache.forget()
        except Exception as error:  # after some errors the GPU fails in this, too
            logger.warning("%s", explain(error))

    def _make(self, job: Job) -> Path:
        assert self._pipeline is not None  # noqa: S101 - for the type checker: run() has loaded it
        folder = Path(job.message.folder)
        if not folder.is_dir():
            raise EdgeError("job_folder_missing", f"The job folder is not there: {folder}.", "Generate again.")
        progress = ProgressMessages(job.name, self._channel.send)

        shown = 0

        def show(new: Any) -> None:
            nonlocal shown
            self._show(job.name, folder, new, shown)
            shown += new.frames

        def report(stage: Stage, done: int, total: int) -> None:
            if job.cancelled.is_set():
                raise _cancelled()
            progress(stage, done, total)

        match job.message:
            case Generate(request=request):
                path = folder / "dance.npz"
                self._pipeline.write_dance(request, path, report, self._model_cache, show)
            case Features(request=request):
                path = folder / "features.npz"
                self._pipeline.write_features(request, path, report, self._model_cache)
            case Body(request=request):
                path = folder / "body.npz"
                importlib.import_module("..body.shaping", __package__).write_body(request, path, report)
        return path

    def _show(self, job: str, folder: Path, new: Any, first: int) -> None:
        """Write new frames of a dance, a Motion, from the frame `first` on to the job's folder, and send a Partial."""
        assert self._pipeline is not None  # noqa: S101 - as above
        path = folder / f"beginning-{first}.npz"
        self._pipeline.save_motion(path, new)
        self._channel.send(Partial(job, str(path), first, first + new.frames))

    # --- listener thread: messages ---

    def _listen(self) -> None:
        try:
            for line in self._channel.lines():
                if not self._handle_safely(line):
                    break
        finally:
            self._jobs.close()
            time.sleep(GRACE_S)
            os._exit(0)

    def _handle_safely(self, line: bytes) -> bool:
        """`_handle`, with any exception sent as an Error message."""
        try:
            return self._handle(line)
        except Exception as error:
            self._channel.send(Error.of(None, explain(error)))
            return True

    def _handle(self, line: bytes) -> bool:
        """Handle one message; False ends the conversation."""
        try:
            message = decode(line)
        except ProtocolError as error:
            self._channel.send(Error.of(None, error))
            return True
        match message:
            case Generate() | Features() | Body():
                if not self._jobs.add(Job(message)):
                    taken = EdgeError("job_exists", f"There is a job {message.job} already.", "Number jobs anew.")
                    self._channel.send(Error.of(message.job, taken))
            case Cancel(name):
                if waiting := self._jobs.cancel(name):
                    self._channel.send(Error.of(waiting.name, _cancelled()))
            case StatusRequest():
                self._channel.send(self._state())
            case Shutdown():
                return False
            case _:
                wrong = f"A worker does not take {type(message).__name__.lower()} messages."
                self._channel.send(Error.of(None, EdgeError("frame_wrong_way", wrong)))
        return True

    def _state(self) -> State:
        if self._model_cache is None:
            return State("starting", queued=self._jobs.waiting)
        running = self._jobs.running
        state: Status = "busy" if running else "idle"
        cache = self._model_cache
        return State(state, cache.device, cache.loaded, running, self._jobs.waiting, cache.engine_in_words)


def run(
    device: str = "auto",
    weights_folder: Path | None = None,
    idle_minutes: float = 10.0,
    *,
    ahead: bool = False,
    engine: EngineChoice = "auto",
    log_level: int = logging.INFO,
) -> None:
    """Run a worker on this process's stdin and stdout, then exit; never returns.

    idle_minutes: minutes without a job after which it ends, 0 for never. ahead: warm up after loading. log_level: of
    the records that are sent as messages.
    """
    faulthandler.enable()
    end_with_parent()
    channel = Channel()
    with records_to(LogMessages(channel.send), log_level):
        status = Worker(channel, device, weights_folder, idle_minutes * 60 or None, ahead=ahead, engine=engine).run()
    sys.stderr.flush()
    os._exit(status)  # sys.exit would wait for the listener, which blocks in a read


def _cancelled() -> EdgeError:
    return EdgeError("cancelled", "The job was cancelled.")
