"""Operators that run a program of the backend: waiting and progress, without blocking the window."""

import time
from collections.abc import Callable

import bpy

from ..backend.programs import Programs
from ..backend.worker_process import Startable
from ..edge_backend.errors import EdgeError
from ..redraw import redraw_sidebars

_TICK_S = 0.1


def run_program(
    operator: bpy.types.Operator,
    context: bpy.types.Context,
    programs: Programs,
    launch: Startable,
    done: Callable[[str], None] = lambda _path: None,
) -> set[str]:
    """Start the program and poll it; without a window, wait for it.

    done: called with the program's final sentence after success. Returns the operator's result.
    """
    try:
        programs.start(launch)
    except EdgeError as error:
        operator.report({"ERROR"}, str(error))
        return {"CANCELLED"}
    if bpy.app.background:
        while programs.run:
            programs.poll()
            time.sleep(_TICK_S)
        return _report_result(operator, programs, done)

    def tick() -> float | None:
        changed = programs.poll()
        if not programs.run and programs.sentence:
            done(programs.sentence)
        if changed:
            redraw_sidebars(bpy.context)
        return _TICK_S if programs.run else None

    bpy.app.timers.register(tick, persistent=True)
    redraw_sidebars(context)
    return {"FINISHED"}


def _report_result(operator: bpy.types.Operator, programs: Programs, done: Callable[[str], None]) -> set[str]:
    if programs.problem:
        operator.report({"ERROR"}, str(programs.problem))
        return {"CANCELLED"}
    if programs.sentence:
        done(programs.sentence)
    operator.report({"INFO"}, programs.sentence or "Cancelled.")
    return {"FINISHED"}
