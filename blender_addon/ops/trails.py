"""Operators that show and hide trails in the viewport."""

from collections.abc import Iterator
from typing import Any

import bpy

from ..edge_backend.errors import EdgeError
from ..redraw import redraw_views
from ..takes.trails import display, read_trails_in_steps
from .reasons import Reasoned, why_busy
from .stepping import READING, SteppingOperator
from .takes import shown_take, why_no_take


class EDGE_DANCE_OT_show_trails(SteppingOperator):
    """Show the paths of hips and feet in the current take, and ghosts of the kept poses. Press again after a change"""

    bl_idname = "edge_dance.show_trails"
    bl_label = "Show Paths"
    bl_options = {"REGISTER"}
    work_label = READING

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        if busy := why_busy():
            return busy
        return why_no_take(context)

    def steps(self, context: bpy.types.Context) -> Iterator[float]:
        """Read the take."""
        shown, scene = shown_take(context), context.scene
        if shown is None or scene is None:
            raise EdgeError("take_missing", "The take was removed.", "Choose another one.")
        self._trails = yield from read_trails_in_steps(shown[0], scene, shown[1])

    def apply(self, context: bpy.types.Context) -> str:
        """Show the trails."""
        display.trails = self._trails
        redraw_views(context)
        return f"Paths of {len(self._trails.frames)} frames."


class EDGE_DANCE_OT_hide_trails(Reasoned, bpy.types.Operator):
    """Hide the paths and the ghosts"""

    bl_idname = "edge_dance.hide_trails"
    bl_label = "Hide Paths"
    bl_options = {"INTERNAL"}

    @classmethod
    def why_not(cls, _context: bpy.types.Context) -> str:
        return "" if display.trails else "No paths are shown."

    def execute(self, context: Any) -> set[str]:
        display.trails = None
        redraw_views(context)
        return {"FINISHED"}
