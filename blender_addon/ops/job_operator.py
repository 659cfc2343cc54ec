"""What every operator that asks the backend has in common: waiting, progress, cancel, one undo step."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from ..backend.job import Job
from ..backend.pending_results import PendingResult
from ..backend.service import service
from ..edge_backend.errors import EdgeError
from ..edge_backend.errors.from_exception import explain
from ..edge_backend.motion.motion import Motion
from ..edge_backend.schema.requests import BodyRequest, FeaturesRequest, GenerateRequest
from ..preferences import launch, pending_results
from ..redraw import redraw_sidebars
from .stepping import READING, SteppingOperator

_TICK_S = 0.1
_WORK_TICK_S = 0.02


class JobOperator(SteppingOperator):
    """Modal in the window, where Blender stays free to use; blocking in background mode and from scripts.

    Subclasses gather from the context (`prepare`, and what takes long in `reading`), say what to ask (`request`), what
    to work out of the dances (`work_out`) and what to do with them (`finish`). Between these the user may do anything,
    undo and delete included: keep names and numbers, never bpy objects.
    """

    bl_options = {"UNDO"}  # without REGISTER: redoing must not start another job

    rounds = 1
    """So many dances are asked for, one after the other; `finish` gets all of them at once."""

    _job: Job
    _to_read: Iterator[float] | None
    _remarks: list[str]
    _dances: list[Any]
    _beginning: Motion | None
    _copies: list[PendingResult]

    def prepare(self, context: bpy.types.Context) -> None:
        """Keep on the operator what the requests need. Raises EdgeError."""
        raise NotImplementedError

    def reading(self, context: bpy.types.Context) -> Iterator[float] | None:
        """What the requests need besides and takes long, in small steps, before the job begins; None: nothing.

        Yields how much is done. Raises EdgeError.
        """
        return None

    def request(self, folder: Path, number: int) -> GenerateRequest | BodyRequest | FeaturesRequest:
        """What to ask for dance `number`, from 0; `folder` is the job's, for files that the backend is to read.

        Raises EdgeError, OSError.
        """
        raise NotImplementedError

    def result(self, job: Job) -> Any:
        """What a job that is done has made: a Motion, unless a subclass asks for something else. Raises EdgeError."""
        return job.motion()

    def recipe(self) -> dict[str, Any] | None:
        """What applying a result later needs, in JSON's types; None where it is not worth keeping."""
        return None

    def work_out(self, context: bpy.types.Context, dances: list[Any]) -> Iterator[float]:
        """What `finish` needs and takes long, in small steps; yields how much is done. Raises EdgeError."""
        yield from ()

    def finish(self, context: bpy.types.Context, dances: list[Any]) -> str:
        """Apply the dances and say in a sentence what happened. Raises EdgeError with the scene untouched."""
        raise NotImplementedError

    def show(self, context: bpy.types.Context, beginning: Motion) -> None:
        """Show the beginning of a dance that is still being made, longer each time; where nothing is to be seen of it,
        nothing."""

    def hide(self) -> None:
        """Take away what `show` has shown."""

    def was_removed(self) -> bool:
        """Whether something else has taken away what `show` has shown, so that it is to be shown again."""
        return False

    def keeps_beginning(self, context: bpy.types.Context) -> bool:
        """Whether a beginning is wanted when the rest has been cancelled."""
        return False

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Start the job and go on in `modal`."""
        if bpy.app.background or not context.window:
            return self.execute(context)
        if not self._begin(context):
            return {"CANCELLED"}
        self.set_timer(context, _WORK_TICK_S if self._work else _TICK_S)
        context.window_manager.modal_handler_add(self)
        redraw_sidebars(context)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Look after the job ten times a second; everything but ESC belongs to the rest of Blender."""
        if self._work:
            return self._modal_work(context, event)
        if event.type == "ESC" and event.value == "PRESS":
            self._job.cancel()
            redraw_sidebars(context)
            return {"RUNNING_MODAL"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        if self._job.poll():
            redraw_sidebars(context)
        self._show_beginning(context)
        if not self._job.finished or self._next(context):
            return {"PASS_THROUGH"}
        answer = self._gather(context)
        context.window_manager.event_timer_remove(self._timer)
        if not answer:
            self.set_timer(context, _WORK_TICK_S)
        redraw_sidebars(context)
        return answer or {"PASS_THROUGH"}

    def _modal_work(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Work before the job, or after it."""
        if event.type == "TIMER" and not self._to_read:
            self._show_beginning(context)
        answer = super().modal(context, event)
        if not self._work and answer == {"PASS_THROUGH"}:  # all has been read, and the job has begun
            context.window_manager.event_timer_remove(self._timer)
            self.set_timer(context, _TICK_S)
        return answer

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Do the job and wait for it."""
        if not self._begin(context):
            return {"CANCELLED"}
        while self._work:
            if answer := self.go_on(context):
                return answer
        stage = ""
        try:
            while not self._job.finished or self._next(context):
                if self._job.poll() and self._job.progress and self._job.progress.stage != stage:
                    stage = self._job.progress.stage
                    print(f"{self.bl_label}: {stage}", flush=True)
                self._show_beginning(context)
                time.sleep(_TICK_S / 5)
            return self._gather(context) or self.finish_work(context)
        finally:
            service.close_job()

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator, because another file is loaded or the window closed; the job goes on."""
        super().cancel(context)
        self.hide()
        if self._to_read:
            return
        recipe = self.recipe()
        if recipe and self._job is service.job and self._job.state in ("starting", "running", "done"):
            _look_after(self._job, recipe)
        else:
            service.close_job()

    def _begin(self, context: bpy.types.Context) -> bool:
        self._dances, self._copies = [], []
        self._beginning = self._to_read = None
        try:
            self.prepare(context)
        except EdgeError as error:
            self.refuse(error)
            return False
        self._to_read = self.reading(context)
        if not self._to_read:
            return self._start(context)
        self.begin_work(context, READING)
        return True

    def _start(self, context: bpy.types.Context) -> bool:
        """Open a job for the next dance."""
        try:
            self._job = service.open_job(launch(context))
            self._job.start(self.request(self._job.folder, len(self._dances)))
        except (EdgeError, OSError) as error:
            self.refuse(error)
            return False
        except BaseException:
            service.close_job()
            raise
        return True

    def _next(self, context: bpy.types.Context) -> bool:
        """Take in the dance of the job that has ended; whether the next one has been started."""
        if self._job.state != "done" or len(self._dances) + 1 >= self.rounds:
            return False
        self.hide()
        self._beginning = None
        try:
            self._dances.append(self._take_in())
        except EdgeError:
            return False  # _gather reads it again, and says so
        service.close_job()
        return self._start(context)

    def _show_beginning(self, context: bpy.types.Context) -> None:
        longer = self._job.beginning()
        self._beginning = longer or self._beginning
        if self._beginning and (longer or self.was_removed()):
            with contextlib.suppress(EdgeError):  # what is wrong will be said of the whole dance
                self.show(context, self._beginning)

    def _gather(self, context: bpy.types.Context) -> set[str] | None:
        """Take in what was made last, and begin to work on it; the operator's answer where there is nothing to do."""
        try:
            if self._job.state == "cancelled" and self._beginning and self.keeps_beginning(context):
                self._dances.append(self._beginning)
            elif self._job.state == "cancelled":
                self.report({"INFO"}, "Cancelled.")
                return {"CANCELLED"}
            elif self._job.error:
                raise self._job.error
            elif self._job.state != "done":  # the next dance could not be started, which has been said
                return {"CANCELLED"}
            else:
                self._dances.append(self._take_in())
            self._remarks = self._job.remarks
            service.close_job()
            self.begin_work(context)
            return None
        except EdgeError as error:
            self.refuse(error)
            return {"CANCELLED"}
        finally:
            service.close_job()
            if not self._work:
                self.hide()

    def steps(self, context: bpy.types.Context) -> Iterator[float]:
        """Before the job, or between its last dance and the scene."""
        return self._to_read or self.work_out(context, self._dances)

    def done(self, context: bpy.types.Context) -> set[str] | None:
        """What was read, the job is to know."""
        if not self._to_read:
            return super().done(context)
        self._to_read = service.work = self._work = None
        return None if self._start(context) else {"CANCELLED"}

    def go_on(self, context: bpy.types.Context) -> set[str] | None:
        """What has grown is shown until the whole dance is there."""
        try:
            return super().go_on(context)
        finally:
            if not self._work:
                self.hide()

    def apply(self, context: bpy.types.Context) -> str:
        """Into the scene."""
        self.hide()
        said = self.finish(context, self._dances)
        for remark in self._remarks:
            self.report({"WARNING"}, remark)
        self.discard()
        return said

    def discard(self) -> None:
        """The dances need not be kept."""
        for kept in self._copies:
            kept.drop()

    def _take_in(self) -> Any:
        """The job's result, of which there is a copy from now on: whatever goes wrong, it is not lost."""
        result = self.result(self._job)
        if recipe := self.recipe():
            with contextlib.suppress(OSError):  # a full disk is no reason not to apply it
                self._copies.append(pending_results().keep(self._job.result, recipe))
        return result

    def refuse(self, error: EdgeError | OSError) -> None:
        """Say what went wrong, in a sentence; it stays in the panel."""
        problem = explain(error)
        service.close_job()
        super().refuse(problem)


def _look_after(job: Job, recipe: dict[str, Any]) -> None:
    """See a job to its end that has lost its operator, and keep what it makes."""

    def tick() -> float | None:
        if service.job is not job:  # cancelled from elsewhere, or the extension has gone
            return None
        if job.poll():
            redraw_sidebars(bpy.context)
        if not job.finished:
            return _TICK_S
        if job.state == "done":
            with contextlib.suppress(OSError):
                pending_results().keep(job.result, recipe)
        service.close_job()
        redraw_sidebars(bpy.context)
        return None

    bpy.app.timers.register(tick, persistent=True)
