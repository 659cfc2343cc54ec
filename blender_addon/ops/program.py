"""What operators have in common that run programs of the backend: waiting and progress. The user goes on meanwhile."""

import time

import bpy

from ..backend.programs import Programs
from ..backend.worker_process import Startable
from ..edge_backend.errors import EdgeError
from ..ui.redraw import redraw_sidebars

_TICK_S = 0.1


def run_programs(
    operator: bpy.types.Operator, context: bpy.types.Context, programs: Programs, *launches: Startable
) -> set[str]:
    """Start them, one after the other, and look after them; without a window, wait for them."""
    try:
        programs.start(*launches)
    except EdgeError as error:
        operator.report({"ERROR"}, str(error))
        return {"CANCELLED"}
    if bpy.app.background:
        while programs.run:
            programs.poll()
            time.sleep(_TICK_S)
        return _told(operator, programs)

    def tick() -> float | None:
        if programs.poll():
            redraw_sidebars(bpy.context)
        return _TICK_S if programs.run else None

    bpy.app.timers.register(tick, persistent=True)
    redraw_sidebars(context)
    return {"FINISHED"}


def _told(operator: bpy.types.Operator, programs: Programs) -> set[str]:
    if programs.problem:
        operator.report({"ERROR"}, str(programs.problem))
        return {"CANCELLED"}
    operator.report({"INFO"}, programs.sentence or "Cancelled.")
    return {"FINISHED"}
