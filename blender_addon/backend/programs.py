"""Programs of the backend beside the worker, such as set-up. They are polled and never block. No bpy."""

import time
from typing import Literal

from ..edge_backend.errors import EdgeError
from ..edge_backend.protocol.messages import Cancel, Error, Message, Progress, Result
from .worker_process import Ended, Startable, WorkerProcess

State = Literal["running", "cancelling", "done", "failed", "cancelled"]

CANCEL_S = 5.0
"""Seconds after which a program that does not stop is killed; it resumes from its files the next time."""

_JOB = "setup"


class ProgramRun:
    """One run of a program.

    state, progress, error: the current ones; the error's detail ends with the log. sentence: the result for the user.
    """

    def __init__(self, launch: Startable) -> None:
        self.launch = launch
        self.state: State = "running"
        self.progress: Progress | None = None
        self.error: EdgeError | None = None
        self.sentence = ""
        self._deadline = float("inf")
        self._process = WorkerProcess(launch)

    @property
    def finished(self) -> bool:
        """Whether it is done, cancelled or failed."""
        return self.state in ("done", "failed", "cancelled")

    def poll(self) -> bool:
        """Process its messages since the last call, without waiting. Returns whether anything changed."""
        before = (self.state, self.progress)
        for event in self._process.poll():
            self._take(event)
        if not self.finished and time.monotonic() > self._deadline:
            self._process.kill()
            self.state = "cancelled"
        return before != (self.state, self.progress)

    def cancel(self) -> None:
        """Request it to stop; then the state becomes `cancelled`."""
        if self.state == "running":
            self.state = "cancelling"
            self._deadline = time.monotonic() + CANCEL_S
            self._process.send(Cancel(_JOB))

    def close(self) -> None:
        """Kill it now."""
        self._process.kill()

    def _take(self, event: Message | Ended) -> None:
        if self.finished:
            return
        match event:
            case Progress():
                self.progress = event
            case Result(path=sentence):
                self.state, self.sentence = "done", sentence
            case Error():
                self._fail(event.failure())
            case Ended(reason=reason):
                self._fail(reason or EdgeError("backend_died", "The backend ended without a result.", "Try again."))

    def _fail(self, error: EdgeError) -> None:
        if error.code == "cancelled" or self.state == "cancelling":
            self.state = "cancelled"
            return
        self.error = error.with_detail(f"{error.detail}\n{self._process.log()}".strip())
        self.state = "failed"


class Programs:
    """Runs programs of one kind, one at a time; its state lasts between operators and redraws.

    run: the current run, None if there is none. problem: the last error. sentence: the last result.
    """

    busy: tuple[str, str]
    """Code and sentence of the error when one is started while another is running."""

    def __init__(self) -> None:
        self.run: ProgramRun | None = None
        self.problem: EdgeError | None = None
        self.sentence = ""

    def start(self, launch: Startable) -> None:
        """Start a program. Raises EdgeError if one is running."""
        if self.run:
            raise EdgeError(*self.busy, "Wait for it or cancel it.")
        self.problem, self.sentence = None, ""
        self.run = ProgramRun(launch)

    def poll(self) -> bool:
        """Poll the current run, and clear `run` when it has ended. Returns whether anything changed."""
        if self.run is None:
            return False
        changed = self.run.poll()
        if self.run.finished:
            self.problem, self.sentence = self.run.error, self.run.sentence
            self.run = None
            self.ended()
        return changed

    def ended(self) -> None:
        """Called after the end of a run, successful or not."""

    def stop(self) -> None:
        """Stop the current run; it resumes the next time."""
        if self.run:
            self.run.close()
            self.run = None
