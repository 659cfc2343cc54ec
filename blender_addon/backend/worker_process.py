"""The worker's process. Threads start it, write to it and read from it, so that Blender never blocks. No bpy.

The owner calls `poll` from Blender's main thread, which returns messages, and one `Ended` at the end.
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
"""Number of last lines of the worker's log that are kept."""

POLL_S = 0.002
"""Seconds that `poll` takes at most, about; other messages stay for the next call."""

_EXIT_S = 3.0  # seconds that a worker has to exit after a request


@dataclass(frozen=True, slots=True)
class Ended:
    """The worker has exited. reason: a sentence; None if it exited regularly (idle, or on request)."""

    reason: EdgeError | None


class Startable(Protocol):
    """Anything that has a command line."""

    def command(self) -> list[str]:
        """The command line. Raises EdgeError."""


class WorkerProcess:
    """A worker, or another process that sends messages as it does.

    Starts at once, in a thread, because finding Python takes a moment.
    """

    def __init__(self, launch: Startable) -> None:
        self._launch = launch
        self._incoming: queue.SimpleQueue[Message | Ended] = queue.SimpleQueue()
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._log_tail: deque[str] = deque(maxlen=TAIL)
        self._printed_tail: deque[str] = deque(maxlen=TAIL)  # of stderr, without messages
        self._process: subprocess.Popen[bytes] | None = None
        self._job_object: int | None = None  # of Windows; must exist as long as the process
        self._fault: EdgeError | None = None
        self._killed = False
        self.alive = True
        threading.Thread(target=self._run, name="edge_dance worker", daemon=True).start()

    def send(self, message: Message) -> None:
        """Queue a message for the worker; does not block."""
        self._outgoing.put(encode(message))

    def poll(self) -> Iterator[Message | Ended]:
        """The messages since the last call. Takes about POLL_S at most and does not block."""
        deadline = time.perf_counter() + POLL_S
        while time.perf_counter() < deadline:
            try:
                yield self._incoming.get_nowait()
            except queue.Empty:
                return

    def log(self) -> str:
        """The last lines of the worker's log."""
        return "\n".join(self._log_tail)

    def stop(self) -> None:
        """Tell the worker to exit; a thread kills it if it does not."""
        self.send(Shutdown())
        self._outgoing.put(None)
        threading.Thread(target=self._see_out, name="edge_dance end", daemon=True).start()

    def kill(self) -> None:
        """Kill the process and its children now."""
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
        """Read messages until the end of the pipe. Anything else ends the worker: it is another program."""
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
        """Write queued lines until None; then close the pipe, which ends the worker."""
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
