"""Set-up under way: a process beside Blender, polled and never waited for. No bpy."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..backend.worker_process import Ended, WorkerProcess
from ..edge_backend.errors import EdgeError
from ..edge_backend.protocol import Cancel, Error, Message, Progress, Result

State = Literal["running", "cancelling", "done", "failed", "cancelled"]

CANCEL_S = 5.0
"""One that has not stopped by then is killed; where it stood is known from its files."""

_JOB = "setup"


@dataclass(frozen=True, slots=True)
class SetUpLaunch:
    """How to start it: with the Python that Blender runs on, from which the environment is made.

    home: the folder for it. build: of torch. mirror, proxy: addresses, "" = none. wheels: None = fetch them.
    remove: remove the environment instead.
    """

    home: Path
    build: str = ""
    mirror: str = ""
    proxy: str = ""
    wheels: Path | None = None
    remove: bool = False

    def command(self) -> list[str]:
        """The command line."""
        command = [sys.executable, "-m", "edge_backend", "setup", "--frames", "--home", str(self.home)]
        for option, value in (("build", self.build), ("mirror", self.mirror), ("proxy", self.proxy)):
            command += [f"--{option}", value] if value else []
        command += ["--wheels", str(self.wheels)] if self.wheels else []
        return [*command, "--remove"] if self.remove else command


class SetUpRun:
    """One set-up, or removal, from its start to its end.

    state, progress and error tell how it stands (the error's detail ends with the log); sentence: what came out of it.
    """

    def __init__(self, launch: SetUpLaunch) -> None:
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
                self._fail(EdgeError(event.code, event.message, event.hint, event.detail))
            case Ended(reason=reason):
                self._fail(reason or EdgeError("backend_died", "Set-up ended without a result.", "Set it up again."))

    def _fail(self, error: EdgeError) -> None:
        if error.code == "cancelled" or self.state == "cancelling":
            self.state = "cancelled"
            return
        self.error = EdgeError(error.code, error.message, error.hint, f"{error.detail}\n{self._process.log()}".strip())
        self.state = "failed"
