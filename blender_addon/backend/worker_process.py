"""The worker's process: started, written to and read from by threads, so that Blender never waits. No bpy.

The owner calls `poll` from Blender's main thread and gets messages, and at the end one `Ended`.
"""

import contextlib
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Protocol

from ..edge_backend.errors import EdgeError
from ..edge_backend.protocol.codec import LineSplitter, ProtocolError, decode, encode
from ..edge_backend.protocol.crash_report import explain_exit
from ..edge_backend.protocol.messages import Log, Message, Shutdown
from ..edge_backend.runtime.child_processes import apart
from .interpreter import worker_variables
from .log_file import log
from .windows_job import tie

TAIL = 40
"""Lines of the worker's log that are kept."""

POLL_S = 0.002
"""The longest that `poll` takes, about; what is left waits for the next call."""

_EXIT_S = 3.0  # for a worker that was told to end


@dataclass(frozen=True, slots=True)
class Ended:
    """The worker is gone. reason: why, in a sentence; None if it left in good order (idle, or told to)."""

    reason: EdgeError | None


class Startable(Protocol):
    """What knows a command line."""

    def command(self) -> list[str]:
        """It. Raises EdgeError."""


class WorkerProcess:
    """One worker, or another process that speaks as it does, from launch to end.

    Starts at once, in a thread: finding Python takes a moment.
    """

    def __init__(self, launch: Startable) -> None:
        self._launch = launch
        self._incoming: queue.SimpleQueue[Message | Ended] = queue.SimpleQueue()
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._log_tail: deque[str] = deque(maxlen=TAIL)
        self._printed_tail: deque[str] = deque(maxlen=TAIL)  # without what came as messages
        self._process: subprocess.Popen[bytes] | None = None
        self._job_object: int | None = None  # of Windows; held for as long as this is
        self._fault: EdgeError | None = None
        self._killed = False
        self.alive = True
        threading.Thread(target=self._run, name="edge_dance worker", daemon=True).start()

    def send(self, message: Message) -> None:
        """Queue a message for the worker; never waits."""
        self._outgoing.put(encode(message))

    def poll(self) -> Iterator[Message | Ended]:
        """What came in since the last call. Takes POLL_S at most and does not block."""
        deadline = time.perf_counter() + POLL_S
        while time.perf_counter() < deadline:
            try:
                yield self._incoming.get_nowait()
            except queue.Empty:
                return

    def log(self) -> str:
        """The last lines that the worker wrote to its log."""
        return "\n".join(self._log_tail)

    def stop(self) -> None:
        """Tell the worker to end, and see to it in the background that it does."""
        self.send(Shutdown())
        self._outgoing.put(None)
        threading.Thread(target=self._see_out, name="edge_dance end", daemon=True).start()

    def kill(self) -> None:
        """End the process now, and whatever it started."""
        self._killed = True
        if (process := self._process) and process.returncode is None:
            with contextlib.suppress(OSError):
                if sys.platform == "win32":
                    process.kill()
                else:
                    os.killpg(process.pid, signal.SIGKILL)  # its own group: see child_processes.apart

    # --- threads ---

    def _run(self) -> None:
        try:
            process = subprocess.Popen(
                self._launch.command(),
                env=worker_variables(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                **apart(),
            )
        except EdgeError as error:
            self._end(error)
            return
        except OSError as error:
            sentence = f"The backend could not be started: {error.strerror or error}."
            self._end(EdgeError("backend_start", sentence, "Check the Python in the extension's preferences."))
            return
        self._process, self._job_object = process, tie(process)
        assert process.stdin and process.stdout and process.stderr  # noqa: S101 - for the type checker
        keeper = threading.Thread(target=self._keep_log, args=(process.stderr,), daemon=True)
        keeper.start()
        threading.Thread(target=self._write, args=(process.stdin,), daemon=True).start()
        if self._killed:
            self.kill()
        self._read(process.stdout)
        self._outgoing.put(None)
        code = process.wait()
        keeper.join(_EXIT_S)
        log.info("The process %d has ended with %d.", process.pid, code)
        self._end(self._fault or (None if self._killed else explain_exit(code, self._printed_tail)))

    def _read(self, stdout: IO[bytes]) -> None:
        """Frames until the end of the pipe. What is no frame ends the worker: somebody else answers there."""
        splitter = LineSplitter()
        while chunk := os.read(stdout.fileno(), 1 << 16):
            for line in splitter.feed(chunk):
                try:
                    message = decode(line)
                except ProtocolError as error:
                    self._fault = EdgeError(
                        "backend_garbage",
                        "The backend sent something that is no message.",
                        "Check the Python in the extension's preferences.",
                        detail=f"{error} {error.detail}",
                    )
                    self.kill()
                    return
                if isinstance(message, Log):
                    self._keep(message.text, logging.getLevelNamesMapping()[message.level.upper()])
                self._incoming.put(message)

    def _write(self, stdin: IO[bytes]) -> None:
        """Send lines until None; then the pipe is closed, which ends the worker."""
        with contextlib.suppress(OSError, ValueError), stdin:
            while (line := self._outgoing.get()) is not None:
                stdin.write(line)
                stdin.flush()

    def _keep_log(self, stderr: IO[bytes]) -> None:
        for line in stderr:
            words = line.decode("utf-8", "replace").rstrip()[:500]
            self._printed_tail.append(words)
            self._keep(words, logging.INFO)

    def _keep(self, words: str, level: int) -> None:
        self._log_tail.append(words)
        log.log(level, "%s", words)

    def _see_out(self) -> None:
        deadline = time.monotonic() + _EXIT_S
        while self.alive and time.monotonic() < deadline:
            time.sleep(0.05)
        if self.alive:
            self.kill()

    def _end(self, reason: EdgeError | None) -> None:
        self.alive = False
        self._incoming.put(Ended(reason))
