"""An executor that runs takes in worker processes, the same that serve Blender (docs/protocol.md).

Each loads its weights once and has one dance in memory; finished dances are on disk. If a worker dies, its take is
tried once more by a new one.
"""

import contextlib
import logging
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import IO, TypeAlias

from ..errors import EdgeError
from ..errors.from_exception import explain
from ..fileio.atomic_write import take_place
from ..motion.files import load_motion
from ..protocol.codec import LineSplitter, ProtocolError, decode, encode
from ..protocol.crash_report import explain_exit
from ..protocol.messages import Error, Generate, Log, Message, Result
from ..runtime.child_processes import apart
from .executor import PoolConfig
from .manifest import Outcome
from .take_requests import Take

logger = logging.getLogger(__name__)

UNFINISHED = ".unfinished"
"""Subfolder of the takes' folder in which workers write."""

_PACKAGE = Path(__file__).parents[1].name  # run from its parent folder, which may be inside the extension
_TRIES = 2  # of a take whose worker died
_GRACE_S = 3.0  # for a worker to end after its stdin was closed, which takes it two at most
_LOG_TAIL = 4000  # bytes of a dead worker's log

Todo: TypeAlias = "queue.SimpleQueue[Take]"
Ended: TypeAlias = "queue.SimpleQueue[Outcome | Exception]"


def make_here(takes: Sequence[Take], folder: Path, config: PoolConfig) -> Generator[Outcome]:
    """Generate the takes in `config.jobs` processes, as `executor.Executor` describes.

    Raises EdgeError where no worker can start.
    """
    (folder / UNFINISHED).mkdir(exist_ok=True)
    todo: Todo = queue.SimpleQueue()
    ended: Ended = queue.SimpleQueue()
    for take in takes:
        todo.put(take)
    threads = [_WorkerThread(config, folder, todo, ended) for _ in range(min(config.jobs, len(takes)))]
    try:
        for thread in threads:
            thread.start()
        for _ in takes:
            outcome = _next(ended)
            if isinstance(outcome, Exception):
                raise outcome
            yield outcome
    finally:
        for thread in threads:
            thread.stop()
        for thread in threads:
            thread.join()
        shutil.rmtree(folder / UNFINISHED, ignore_errors=True)


class WorkerDiedError(Exception):
    """The worker ended without an answer. error: the reason as far as known."""

    def __init__(self, error: EdgeError) -> None:
        super().__init__(str(error))
        self.error = error


class WorkerLink:
    """A worker process and its pipes."""

    def __init__(self, config: PoolConfig) -> None:
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        arguments = ["--device", config.device, "--engine", config.engine, "--threads", str(config.threads)]
        arguments += ["--idle-minutes", "0"]
        if logger.isEnabledFor(logging.DEBUG):
            arguments.append("-v")
        if config.weights_folder:
            arguments += ["--weights-folder", str(config.weights_folder)]
        places = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(
            [sys.executable, "-m", _PACKAGE, "worker", *arguments],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(places)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            **apart(),  # Ctrl-C goes to this process only, which ends its workers itself
        )

    def answer(self, request: Generate) -> Result | Error:
        """Send a job and wait for its answer. Raises WorkerDiedError; EdgeError where workers cannot run here."""
        try:
            stdin = self._process.stdin
            assert stdin is not None  # noqa: S101 - for the type checker
            stdin.write(encode(request))
            stdin.flush()
            for message in self._messages():
                match message:
                    case Error(job=None):
                        raise message.failure()
                    case Log(level=level, text=text):
                        logger.log(logging.getLevelNamesMapping()[level.upper()], "%s", text)
                    case Result() | Error():
                        return message
        except (OSError, ValueError, ProtocolError):  # ValueError: stdin is closed
            self.close()
        raise WorkerDiedError(self._reason_of_exit())

    def close(self) -> None:
        """End the process, even during a job. May be called from any thread."""
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None  # noqa: S101 - as above
            self._process.stdin.close()
        try:
            self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _messages(self) -> Iterator[Message]:
        splitter = LineSplitter()
        assert self._process.stdout is not None  # noqa: S101 - as above
        while chunk := os.read(self._process.stdout.fileno(), 1 << 16):
            yield from map(decode, splitter.feed(chunk))

    def _reason_of_exit(self) -> EdgeError:
        code = self._process.wait()
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - _LOG_TAIL))
        detail = self._log.read().decode("utf-8", "replace")
        found = explain_exit(code, detail.splitlines(), memory_hint="give --jobs a smaller number")
        error = found or EdgeError("backend_died", "The backend ended without a result.", "Try again.")
        return error.with_detail(detail)


class _WorkerThread(threading.Thread):
    """A thread that generates takes, one after the other, with its own worker."""

    def __init__(self, config: PoolConfig, folder: Path, todo: Todo, ended: Ended) -> None:
        super().__init__(name="edge_dance batch", daemon=True)
        self._config, self._folder, self._todo, self._ended = config, folder, todo, ended
        self._link: WorkerLink | None = None
        self._stopped = threading.Event()

    def run(self) -> None:
        """Process takes until the queue is empty or `stop` is called."""
        try:
            while not self._stopped.is_set():
                self._ended.put(self._make(self._todo.get_nowait()))
        except queue.Empty:
            pass
        except Exception as error:
            self._ended.put(error)
        finally:
            self.stop()

    def stop(self) -> None:
        """Stop, even during a take. May be called from any thread."""
        self._stopped.set()
        if link := self._link:
            link.close()

    def _make(self, take: Take) -> Outcome:
        began = time.monotonic()
        for _ in range(_TRIES):
            try:
                return self._try(take, began)
            except WorkerDiedError as death:
                self._link, error = None, death.error
            except OSError as failure:
                error = explain(failure)
            if self._stopped.is_set():
                break
            logger.info("%s: %s [%s]", take.name, error, error.code)
        return Outcome(take, "failed", seconds=time.monotonic() - began, error=error)

    def _try(self, take: Take, began: float) -> Outcome:
        """One attempt. Raises WorkerDiedError; OSError; EdgeError as WorkerLink.answer."""
        link = self._link = self._link or WorkerLink(self._config)
        if self._stopped.is_set():
            link.close()
        with tempfile.TemporaryDirectory(dir=self._folder / UNFINISHED) as folder:
            answer = link.answer(Generate(take.name, folder, take.request))
            seconds = time.monotonic() - began
            if isinstance(answer, Error):
                return Outcome(take, "failed", seconds=seconds, error=answer.failure())
            frames = load_motion(answer.path).frames
            take_place(Path(answer.path), self._folder / f"{take.name}.npz")
        return Outcome(take, "made", frames, seconds)


def _next(ended: Ended) -> Outcome | Exception:
    """The next outcome. Waits with a timeout, because on Windows a wait cannot be interrupted by Ctrl-C."""
    while True:
        with contextlib.suppress(queue.Empty):
            return ended.get(timeout=0.5)
