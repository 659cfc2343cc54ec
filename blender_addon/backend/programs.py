"""Programs of the backend beside the worker, such as its set-up: polled and never waited for. No bpy."""

import time
from typing import Literal

from ..edge_backend.errors import EdgeError
from ..edge_backend.protocol.messages import Cancel, Error, Message, Progress, Result
from .worker_process import Ended, Startable, WorkerProcess

State = Literal["running", "cancelling", "done", "failed", "cancelled"]

CANCEL_S = 5.0
"""One that has not stopped by then is killed; where it stood is known from its files."""

_JOB = "setup"


class ProgramRun:
    """One run of a program, from its start to its end.

    state, progress and error tell how it stands (the error's detail ends with the log); sentence: what came out of it.
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
        """Whether it has come to its end, whichever."""
        return self.state in ("done", "failed", "cancelled")

    def poll(self) -> bool:
        """Take in what it has said since the last call; whether anything changed. Does not wait."""
        before = (self.state, self.progress)
        for event in self._process.poll():
            self._take(event)
        if not self.finished and time.monotonic() > self._deadline:
            self._process.kill()
            self.state = "cancelled"
        return before != (self.state, self.progress)

    def cancel(self) -> None:
        """Ask it to stop; the state is `cancelled` once it has."""
        if self.state == "running":
            self.state = "cancelling"
            self._deadline = time.monotonic() + CANCEL_S
            self._process.send(Cancel(_JOB))

    def close(self) -> None:
        """End it now."""
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
    """Programs of one kind, one at a time, kept between operators and redraws.

    run: what is under way. problem: what went wrong last. sentence: what came out last.
    """

    busy: tuple[str, str]
    """What is said to who starts more of them meanwhile: a code and a sentence."""

    def __init__(self) -> None:
        self.run: ProgramRun | None = None
        self.problem: EdgeError | None = None
        self.sentence = ""

    def start(self, launch: Startable) -> None:
        """Start it. Raises EdgeError where one is under way."""
        if self.run:
            raise EdgeError(*self.busy, "Wait for it or cancel it.")
        self.problem, self.sentence = None, ""
        self.run = ProgramRun(launch)

    def poll(self) -> bool:
        """Move it on; whether anything changed. One that has ended is put away."""
        if self.run is None:
            return False
        changed = self.run.poll()
        if self.run.finished:
            self.problem, self.sentence = self.run.error, self.run.sentence
            self.run = None
            self.ended()
        return changed

    def ended(self) -> None:
        """Called when all is over, well or not."""

    def stop(self) -> None:
        """End what is under way; it goes on from there the next time."""
        if self.run:
            self.run.close()
            self.run = None
