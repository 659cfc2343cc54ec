"""Base of operators that work long in Blender itself: small steps, progress, cancel, one undo step."""

import math
import time
from collections.abc import Iterator

import bpy

from ..backend.service import service
from ..backend.work import Work
from ..edge_backend.errors import EdgeError
from ..redraw import redraw_sidebars
from ..takes.unfinished import remove_unfinished
from .dialog import DialogOperator
from .reasons import Reasoned

_TICK_S = 0.02
_REDRAW_S = 0.2  # between redraws of the progress bar: each draws whole sidebars, which some machines do slowly

READING = "Reading the character"
"""Label of the progress bar while a character is read."""


class SteppingOperator(Reasoned, bpy.types.Operator):
    """Works in small steps. Modal in the window, where Blender can be used meanwhile; at once in background mode and
    from scripts.

    Between two steps the user may do anything, including undo and delete: store names and numbers, never bpy objects.
    """

    work_label = "Placing keys"
    """Label of the progress bar."""

    _timer: bpy.types.Timer
    _work: Work | None = None
    _redrawn = -math.inf  # seconds, time.monotonic

    def steps(self, context: bpy.types.Context) -> Iterator[float]:
        """Compute what `apply` needs, without changing the scene; yields the fraction done. Raises EdgeError."""
        raise NotImplementedError

    def apply(self, context: bpy.types.Context) -> str:
        """Change the scene. Returns a sentence for the user. Raises EdgeError with the scene unchanged."""
        raise NotImplementedError

    def done(self, context: bpy.types.Context) -> set[str] | None:
        """Called after the last step: apply. Returns the operator's result, None if the operator continues."""
        self.report({"INFO"}, self.apply(context))
        return {"FINISHED"}

    def adjusting(self) -> bool:
        """Whether what `steps` has found before is still true, so that `apply` alone has to run."""
        return False

    def discard(self) -> None:
        """Called when the user cancels."""

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Start, and continue in `modal`."""
        if bpy.app.background or not context.window:
            return self.execute(context)
        return self.start(context)

    def start(self, context: bpy.types.Context) -> set[str]:
        """Start in the window, and continue in `modal`."""
        self.begin_work(context)
        self.set_timer(context, _TICK_S)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Do a step at each timer event; all events except ESC are passed through."""
        if event.type == "ESC" and event.value == "PRESS" and self._work:
            self._work.cancelled = True
            return {"RUNNING_MODAL"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        answer: set[str] | None = {"CANCELLED"}
        try:
            answer = self.go_on(context)
        finally:
            if answer:
                context.window_manager.event_timer_remove(self._timer)
        self._redraw(context, ended=answer is not None)
        return answer or {"PASS_THROUGH"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Do all steps at once."""
        self.begin_work(context)
        return self.finish_work(context)

    def cancel(self, context: bpy.types.Context) -> None:
        """Called when Blender ends the operator because another file is loaded or the window closed."""
        context.window_manager.event_timer_remove(self._timer)
        self._end_work()

    def set_timer(self, context: bpy.types.Context, seconds: float) -> None:
        """Call `modal` every `seconds` from now on."""
        self._timer = context.window_manager.event_timer_add(seconds, window=context.window)

    def begin_work(self, context: bpy.types.Context, label: str = "") -> None:
        """Start the work. label: of the progress bar; by default `work_label`."""
        service.problem = None
        steps = iter(()) if self.adjusting() else self.steps(context)
        service.work = self._work = Work(label or self.work_label, steps)

    def finish_work(self, context: bpy.types.Context) -> set[str]:
        """Do all remaining steps. Returns the operator's result."""
        while (answer := self.go_on(context)) is None:
            pass
        return answer

    def go_on(self, context: bpy.types.Context) -> set[str] | None:
        """Do a part of the work, and apply it when it is finished. Returns the operator's result once it has ended."""
        work, answer = self._work, None
        try:
            if work is None or work is not service.work or work.cancelled:
                if work and work.cancelled:
                    self.discard()
                self.report({"INFO"}, "Cancelled.")
                answer = {"CANCELLED"}
            elif work.go_on():
                answer = self.done(context)
        except EdgeError as error:
            self.refuse(error)
            answer = {"CANCELLED"}
        except BaseException:
            self._end_work()
            raise
        if answer:
            self._end_work()
        return answer

    def _redraw(self, context: bpy.types.Context, ended: bool) -> None:
        """Redraw the sidebars with the progress bar, now and then and at the end."""
        now = time.monotonic()
        if ended or now - self._redrawn >= _REDRAW_S:
            self._redrawn = now
            redraw_sidebars(context)

    def _end_work(self) -> None:
        service.work = self._work = None
        remove_unfinished()

    def refuse(self, error: EdgeError) -> None:
        """Report the error; the panel shows it too."""
        service.problem = error
        self.report({"ERROR"}, str(error))


class AskingOperator(SteppingOperator):
    """Asks first, then works in small steps; at once from scripts."""

    _asked = False

    def ask(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Show what Blender calls `execute` after. Returns the result of `invoke`."""
        raise NotImplementedError

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self._asked = True
        return self.ask(context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """In small steps after asking, else at once."""
        if not self._asked:
            return super().execute(context)
        self._asked = False
        return self.start(context)

    def cancel(self, context: bpy.types.Context) -> None:
        """As always once it works; there is nothing to end where what it asks in was closed."""
        if self._work:
            super().cancel(context)


class SteppingFileOperator(AskingOperator):
    """Asks for a file in the file browser."""

    def ask(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Show the file browser."""
        del event
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}


class SteppingDialogOperator(AskingOperator, DialogOperator):
    """Asks in a dialog.

    Adjust Last Operation calls `execute` of the same object after it has undone everything: what `steps` has found is
    still true then, and only `apply` runs again.
    """

    adjusted: tuple[str, ...] = ()
    """The properties of `asked` that Adjust Last Operation shows: `steps` does not depend on them."""

    _applied = False

    def ask(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Show the dialog."""
        return DialogOperator.invoke(self, context, event)

    def adjusting(self) -> bool:
        """Whether Adjust Last Operation runs it again."""
        return self._applied and self.options.is_repeat

    def done(self, context: bpy.types.Context) -> set[str] | None:
        """Apply, and show the adjusted properties alone from now on."""
        answer = super().done(context)
        self._applied = True
        return answer

    def draw(self, context: bpy.types.Context) -> None:
        self.draw_properties(self.adjusted if self._applied else self.asked)
