"""What operators have in common that work long in Blender itself: small steps, progress, cancel, one undo step."""

from collections.abc import Iterator

import bpy

from ..backend.service import service
from ..backend.work import Work
from ..edge_backend.errors import EdgeError
from ..redraw import redraw_sidebars
from .dialog import DialogOperator
from .reasons import Reasoned

_TICK_S = 0.02

READING = "Reading the character"
"""What the panel calls that."""


class SteppingOperator(Reasoned, bpy.types.Operator):
    """Modal in the window, where Blender stays free to use; all at once in background mode and from scripts.

    Between two steps the user may do anything, undo and delete included: keep names and numbers, never bpy objects.
    """

    work_label = "Placing keys"
    """What the panel calls it."""

    _timer: bpy.types.Timer
    _work: Work | None = None

    def steps(self, context: bpy.types.Context) -> Iterator[float]:
        """What has to be known before anything is changed; yields how much is done. Raises EdgeError."""
        raise NotImplementedError

    def apply(self, context: bpy.types.Context) -> str:
        """Change the scene and say in a sentence what happened. Raises EdgeError with the scene untouched."""
        raise NotImplementedError

    def done(self, context: bpy.types.Context) -> set[str] | None:
        """There are no more steps: apply them. The operator's answer, None where it goes on with something else."""
        self.report({"INFO"}, self.apply(context))
        return {"FINISHED"}

    def discard(self) -> None:
        """Nobody wants it any more."""

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Begin, and go on in `modal`."""
        if bpy.app.background or not context.window:
            return self.execute(context)
        return self.start(context)

    def start(self, context: bpy.types.Context) -> set[str]:
        """Begin in the window, and go on in `modal`."""
        self.begin_work(context)
        self.set_timer(context, _TICK_S)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Work whenever the timer says so; everything but ESC belongs to the rest of Blender."""
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
        redraw_sidebars(context)
        return answer or {"PASS_THROUGH"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """All at once."""
        self.begin_work(context)
        return self.finish_work(context)

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator, because another file is loaded or the window closed."""
        context.window_manager.event_timer_remove(self._timer)
        service.work = None

    def set_timer(self, context: bpy.types.Context, seconds: float) -> None:
        """Have `modal` called so often from now on."""
        self._timer = context.window_manager.event_timer_add(seconds, window=context.window)

    def begin_work(self, context: bpy.types.Context, label: str = "") -> None:
        """From now on there is work. label: `work_label`, unless said."""
        service.problem = None
        service.work = self._work = Work(label or self.work_label, self.steps(context))

    def finish_work(self, context: bpy.types.Context) -> set[str]:
        """All the rest of it."""
        while (answer := self.go_on(context)) is None:
            pass
        return answer

    def go_on(self, context: bpy.types.Context) -> set[str] | None:
        """Do some of the work, and apply it when it is done; the operator's answer once it is over."""
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
            service.work = self._work = None
            raise
        if answer:
            service.work = self._work = None
        return answer

    def refuse(self, error: EdgeError) -> None:
        """Say what went wrong; it stays in the panel."""
        service.problem = error
        self.report({"ERROR"}, str(error))


class SteppingDialogOperator(DialogOperator, SteppingOperator):
    """Asks how, then works in small steps; all at once from scripts, and where it is adjusted afterwards."""

    _asked = False

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask."""
        self._asked = True
        return super().invoke(context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Of the dialog, or without one."""
        if not self._asked:
            return super().execute(context)
        self._asked = False
        return self.start(context)
