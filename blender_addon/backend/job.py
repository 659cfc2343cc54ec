"""A job of the worker, from Blender's side. It is polled and never blocks. No bpy.

A job has a folder of its own that only this user can read; `close` removes it.
"""

import shutil
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.files import load_motion
from ..edge_backend.motion.motion import Motion, joined
from ..edge_backend.protocol.messages import (
    PROTOCOL,
    Body,
    Cancel,
    Error,
    Features,
    Generate,
    Hello,
    Log,
    Message,
    Partial,
    Progress,
    Result,
)
from ..edge_backend.schema.requests import BodyRequest, FeaturesRequest, GenerateRequest
from .worker_process import Ended, WorkerProcess

State = Literal["starting", "running", "cancelling", "done", "failed", "cancelled"]

CANCEL_S = 10.0
"""Seconds after which a worker that does not stop is killed; a network evaluation is shorter."""

HELLO_S = 90.0
"""Seconds after which a worker that has not sent hello is considered failed; slow disks need some of them."""

# Start and end of each stage on the progress bar.
_SHARES = {
    "loading": (0.0, 0.06),
    "features": (0.06, 0.2),
    "sampling": (0.2, 0.95),
    "feet": (0.95, 0.98),
    "saving": (0.98, 1.0),
}


class Job:
    """A job: sends a request to the worker and receives its messages and its file.

    state, progress, error: the current ones; the error's detail ends with the worker's log. remarks: sentences about
    what was done differently from the request. result: the file. motion(): the dance in it. poll(): process messages.
    get_worker: returns a running worker; it is called again if that one has exited meanwhile. parent: the folder in
    which the job's folder is made. Raises EdgeError job_folder.
    """

    def __init__(self, get_worker: Callable[[], WorkerProcess], parent: Path) -> None:
        self.name = uuid.uuid4().hex
        self.state: State = "starting"
        self.progress: Progress | None = None
        self.error: EdgeError | None = None
        self.remarks: list[str] = []
        self._get_worker = get_worker
        self._message: Generate | Body | Features | None = None
        self._worker: WorkerProcess | None = None
        self._deadline = 0.0
        self._answered = False  # the worker has sent a message
        self._job_answered = False  # the worker has sent a message about this job
        self._result: Path | None = None
        self._beginning: Motion | None = None
        self._parts: list[Partial] = []  # of the beginning, not yet read
        try:
            self.folder = Path(tempfile.mkdtemp(prefix="edge_dance_", dir=parent))
        except OSError as error:
            raise EdgeError(
                "job_folder",
                f"No folder for the job could be made in {parent}: {error.strerror or error}.",
                "Free some space, or choose another temporary folder in Blender's preferences.",
            ) from error

    @property
    def finished(self) -> bool:
        """Whether it is done, cancelled or failed."""
        return self.state in ("done", "failed", "cancelled")

    @property
    def fraction(self) -> float:
        """The fraction that is done, 0 to 1."""
        if self.progress is None:
            return 0.0
        start, end = _SHARES.get(self.progress.stage, (0.0, 1.0))
        return start + (end - start) * min(1.0, self.progress.done / max(1, self.progress.total))

    @property
    def result(self) -> Path:
        """The file that the worker wrote; for jobs that are done."""
        assert self._result is not None  # noqa: S101 - for the type checker: the job is done
        return self._result

    def motion(self) -> Motion:
        """Read the dance of a job that is done. Raises EdgeError motion_*."""
        return load_motion(self.result)

    def beginning(self) -> Motion | None:
        """The dance's first frames, as they will be in the result; None unless there are more since the last call.

        Only the new frames are read.
        """
        parts, self._parts = self._parts, []
        before = self._beginning
        for one in parts:
            shown = self._beginning.frames if self._beginning else 0
            if one.first != shown:
                continue  # a part before it could not be read
            with suppress(EdgeError):  # it is only for the preview
                new = load_motion(Path(one.path))
                whole = joined([self._beginning, new]) if self._beginning else new
                self._beginning = replace(whole, beats=new.beats, meta=new.meta)
        return self._beginning if self._beginning is not before else None

    def start(self, request: GenerateRequest | BodyRequest | FeaturesRequest) -> None:
        """Send the request to the worker."""
        folder = str(self.folder)
        if isinstance(request, BodyRequest):
            self._message = Body(self.name, folder, request)
        elif isinstance(request, FeaturesRequest):
            self._message = Features(self.name, folder, request)
        else:
            self._message = Generate(self.name, folder, request)
        self._engage()

    def cancel(self) -> None:
        """Request the worker to stop; then the state becomes `cancelled`."""
        if self.finished or self.state == "cancelling":
            return
        if self._worker is None:
            self.state = "cancelled"
            return
        self.state = "cancelling"
        self._deadline = time.monotonic() + CANCEL_S
        self._worker.send(Cancel(self.name))

    def poll(self) -> bool:
        """Process the worker's messages since the last call, without waiting. Returns whether anything changed."""
        before = (self.state, self.progress)
        if self._worker and not self.finished:
            for event in self._worker.poll():
                self._take(event)
                if self.finished:
                    break
            else:
                self._watch_the_clock()
        return before != (self.state, self.progress)

    def close(self) -> None:
        """Stop the job if it is running, and remove its folder."""
        self.cancel()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _engage(self) -> None:
        assert self._message is not None  # noqa: S101 - for the type checker: start() has set it
        self._worker = self._get_worker()
        self._deadline = time.monotonic() + HELLO_S
        self._worker.send(self._message)

    def _take(self, event: Message | Ended) -> None:
        self._answered = True
        match event:
            case Hello(protocol=protocol) if protocol != PROTOCOL:
                hint = "Install the extension again."
                self._give_up(EdgeError("backend_version", "The backend is of another version.", hint))
            case Progress(job=self.name):
                self._job_answered = True
                self.progress = event
                if self.state == "starting":
                    self.state = "running"
            case Partial(job=self.name, path=path):
                if self.folder.resolve() in Path(path).resolve().parents:
                    self._parts.append(event)
            case Log(level="warning", text=sentence):
                self.remarks.append(sentence)
            case Result(job=self.name, path=path):
                self._accept(Path(path))
            case Error(job=self.name) | Error(job=None):
                self._fail(event.failure())
            case Ended(reason=reason):
                self._on_worker_exit(reason)

    def _accept(self, path: Path) -> None:
        if self.state == "cancelling":  # the request to stop came too late; the dance is dropped
            self.state = "cancelled"
        elif self.folder.resolve() in path.resolve().parents:
            self._result = path
            self.state = "done"
        else:
            self._fail(EdgeError("result_elsewhere", "The backend named a file outside of the job's folder."))

    def _on_worker_exit(self, reason: EdgeError | None) -> None:
        if self.state == "cancelling":
            self.state = "cancelled"
        elif reason is None and not self._job_answered:
            self._job_answered = True  # not again
            self._engage()  # an idle worker exited before it received the request
        else:
            self._fail(reason or EdgeError("backend_died", "The backend ended without a result.", "Generate again."))

    def _watch_the_clock(self) -> None:
        if self.state not in ("starting", "cancelling") or time.monotonic() < self._deadline:
            return
        if self.state == "cancelling":
            self._dismiss()
            self.state = "cancelled"
        elif not self._answered:
            self._give_up(
                EdgeError(
                    "backend_silent",
                    f"The backend has not answered within {HELLO_S:g} seconds.",
                    "Generate again; if that does not help, check the Python in the extension's preferences.",
                )
            )

    def _give_up(self, error: EdgeError) -> None:
        self._dismiss()
        self._fail(error)

    def _dismiss(self) -> None:
        if self._worker:
            self._worker.kill()

    def _fail(self, error: EdgeError) -> None:
        if error.code == "cancelled" or self.state == "cancelling":
            self.state = "cancelled"
            return
        log = self._worker.log() if self._worker else ""
        self.error = error.with_detail(f"{error.detail}\n{log}".strip())
        self.state = "failed"
