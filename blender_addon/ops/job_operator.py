"""Base of operators that run a job of the backend: waiting, progress, cancel, one undo step."""

import contextlib
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from ..backend.job import Job
from ..backend.pending_results import PendingResult
from ..backend.service import service
from ..backend.work import STEP_S, Work
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
    """Runs a job. Modal in the window, where Blender can be used meanwhile; blocking in background mode and from
    scripts.

    Subclasses read the context (`prepare`, and `reading` for what takes long), make the request (`request`), compute
    data from the dances (`work_out`) and change the scene (`finish`). Between these calls the user may do anything,
    including undo and delete: store names and numbers, never bpy objects.
    """

    bl_options = {"REGISTER", "UNDO"}
    """With REGISTER, Adjust Last Operation is about the job. Else it would be about the operator before it, and undo
    the dance with everything since. Properties are hidden, so that it has nothing to adjust and starts no other job."""

    rounds = 1
    """Number of dances to generate, one after the other; `finish` gets all of them at once."""

    _job: Job
    _to_read: Iterator[float] | None
    _remarks: list[str]
    _dances: list[Any]
    _beginning: Motion | None
    _showing: Work | None
    _to_show: bool
    _copies: list[PendingResult]

    def prepare(self, context: bpy.types.Context) -> None:
        """Store on the operator what the requests need. Raises EdgeError."""
        raise NotImplementedError

    def reading(self, context: bpy.types.Context) -> Iterator[float] | None:
        """Read, in small steps and before the job starts, data for the requests that takes long; None if there is none.

        Yields the fraction done. Raises EdgeError.
        """
        return None

    def request(self, folder: Path, number: int) -> GenerateRequest | BodyRequest | FeaturesRequest:
        """The request for dance `number`, counted from 0. folder: the job's folder, for files that the backend reads.

        Raises EdgeError, OSError.
        """
        raise NotImplementedError

    def result(self, job: Job) -> Any:
        """The result of a finished job: by default, a Motion. Raises EdgeError."""
        return job.motion()

    def recipe(self) -> dict[str, Any] | None:
        """JSON values for applying the result later; None if results are not stored as pending results."""
        return None

    def work_out(self, context: bpy.types.Context, dances: list[Any]) -> Iterator[float]:
        """Compute, in small steps, data for `finish` that takes long; yields the fraction done. Raises EdgeError."""
        yield from ()

    def finish(self, context: bpy.types.Context, dances: list[Any]) -> str:
        """Apply the dances. Returns a sentence for the user. Raises EdgeError with the scene unchanged."""
        raise NotImplementedError

    def show(self, context: bpy.types.Context, beginning: Motion) -> Iterator[float]:
        """Show, in small steps, the beginning of a dance that is being generated, longer at each call.

        By default, nothing. Raises EdgeError.
        """
        yield from ()

    def hide(self) -> None:
        """Remove what `show` has shown."""

    def was_removed(self) -> bool:
        """Whether something else has removed what `show` has shown, so that it has to be shown again."""
        return False

    def keeps_partial(self, context: bpy.types.Context) -> bool:
        """Whether to apply the beginning of a cancelled dance."""
        return False

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Start the job and continue in `modal`."""
        if bpy.app.background or not context.window:
            return self.execute(context)
        if not self._begin(context):
            return {"CANCELLED"}
        self.set_timer(context, _WORK_TICK_S if self._work else _TICK_S)
        context.window_manager.modal_handler_add(self)
        redraw_sidebars(context)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Poll the job ten times a second; all events except ESC are passed through."""
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
        """Work before or after the job."""
        if event.type == "TIMER" and not self._to_read:
            self._show_beginning(context)
        answer = super().modal(context, event)
        if not self._work and answer == {"PASS_THROUGH"}:  # reading is finished, and the job has started
            context.window_manager.event_timer_remove(self._timer)
            self.set_timer(context, _TICK_S)
        return answer

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Run the job and wait for it. Repeat Last (Shift R) calls it in the window: that starts another operator."""
        if self.options.is_repeat_last and context.window and not bpy.app.background:
            _start_another(self)
            return {"CANCELLED"}
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
                self._show_beginning(context, math.inf)
                time.sleep(_TICK_S / 5)
            return self._gather(context) or self.finish_work(context)
        finally:
            service.close_job()

    def cancel(self, context: bpy.types.Context) -> None:
        """Called when Blender ends the operator: another file is loaded, or the window closed. The job continues."""
        super().cancel(context)
        self.hide()
        if self._to_read:
            return
        recipe = self.recipe()
        if recipe and self._job is service.job and self._job.state in ("starting", "running", "done"):
            _finish_without_operator(self._job, recipe)
        else:
            service.close_job()

    def _begin(self, context: bpy.types.Context) -> bool:
        self._dances, self._copies = [], []
        self._beginning = self._to_read = self._showing = None
        self._to_show = False
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
        """Start a job for the next dance."""
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
        """Store the result of the finished job. Returns whether the next job was started."""
        if self._job.state != "done" or len(self._dances) + 1 >= self.rounds:
            return False
        self.hide()
        self._beginning = self._showing = None
        self._to_show = False
        try:
            self._dances.append(self._store_result())
        except EdgeError:
            return False  # _gather reads it again, and reports the error
        service.close_job()
        return self._start(context)

    def _show_beginning(self, context: bpy.types.Context, seconds: float = STEP_S) -> None:
        """Show more of the beginning, for about `seconds`."""
        if longer := self._job.beginning():
            self._beginning, self._to_show = longer, True
        if self._beginning and not self._showing and (self._to_show or self.was_removed()):
            self._showing, self._to_show = Work("", self.show(context, self._beginning)), False
        if self._showing:
            shown = True
            with contextlib.suppress(EdgeError):  # the error is reported for the whole dance
                shown = self._showing.go_on(seconds)
            self._showing = None if shown else self._showing

    def _gather(self, context: bpy.types.Context) -> set[str] | None:
        """Store the last result and start the work on it. Returns the operator's result if there is no work."""
        try:
            if self._job.state == "cancelled" and self._beginning and self.keeps_partial(context):
                self._dances.append(self._beginning)
            elif self._job.state == "cancelled":
                self.report({"INFO"}, "Cancelled.")
                return {"CANCELLED"}
            elif self._job.error:
                raise self._job.error
            elif self._job.state != "done":  # the next job could not be started, which was reported
                return {"CANCELLED"}
            else:
                self._dances.append(self._store_result())
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
        """The work before the job, or after its last dance."""
        return self._to_read or self.work_out(context, self._dances)

    def done(self, context: bpy.types.Context) -> set[str] | None:
        """After reading, start the job."""
        if not self._to_read:
            return super().done(context)
        self._to_read = service.work = self._work = None
        return None if self._start(context) else {"CANCELLED"}

    def go_on(self, context: bpy.types.Context) -> set[str] | None:
        """Hide the beginning once the whole dance is there."""
        try:
            return super().go_on(context)
        finally:
            if not self._work:
                self.hide()

    def apply(self, context: bpy.types.Context) -> str:
        """Change the scene."""
        self.hide()
        said = self.finish(context, self._dances)
        for remark in self._remarks:
            self.report({"WARNING"}, remark)
        self.discard()
        return said

    def discard(self) -> None:
        """Delete the pending results of this operator."""
        for pending in self._copies:
            pending.drop()

    def _store_result(self) -> Any:
        """The job's result, stored as a pending result so that it is not lost whatever happens afterwards."""
        result = self.result(self._job)
        if recipe := self.recipe():
            with contextlib.suppress(OSError):  # with a full disk the result can still be applied
                self._copies.append(pending_results().keep(self._job.result, recipe))
        return result

    def refuse(self, error: EdgeError | OSError) -> None:
        """Report the error in a sentence; the panel shows it too."""
        problem = explain(error)
        service.close_job()
        super().refuse(problem)


def _start_another(operator: Any) -> None:
    """Start the operator once more, as its button does. A repeated one is listed already, and must not become modal."""
    name = type(operator).bl_idname.rpartition(".")[2]
    getattr(bpy.ops.edge_dance, name)("INVOKE_DEFAULT", **operator.as_keywords())  # type: ignore[attr-defined]


def _finish_without_operator(job: Job, recipe: dict[str, Any]) -> None:
    """Finish a job whose operator has ended, and store its result as a pending result."""

    def tick() -> float | None:
        if service.job is not job:  # it was cancelled, or the extension was disabled
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
