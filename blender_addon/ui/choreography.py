"""The Choreography panel: the plan of the shown take, bars by bars."""

from typing import Any

import bpy

from ..keyframes.take_details import span
from ..lookups import scene_rate
from ..ops.choreography import EDGE_DANCE_OT_dance_plan, planned_take
from ..takes.plan_rows import PlanRow, plan_rows
from .dance_tab import DanceTab
from .text_layout import draw_reasons


class VIEW3D_PT_edge_dance_choreography(DanceTab):
    """What is danced in which bars of the song"""

    bl_label = "Choreography"
    bl_parent_id = "VIEW3D_PT_edge_dance"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return planned_take(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        action = planned_take(context)
        if action is None:
            return
        scene: Any = context.scene
        first, rate = span(action)[0], scene_rate(scene)
        column = layout.column(align=True)
        for number, row in enumerate(plan_rows(action)):
            _draw_row(column, number, row, (round(first + row.start * rate), round(first + row.end * rate)))
        layout.operator("edge_dance.dance_plan", icon="PLAY")
        layout.operator("edge_dance.save_plan", icon="EXPORT")
        draw_reasons(layout, context, EDGE_DANCE_OT_dance_plan)


def _draw_row(layout: Any, number: int, row: PlanRow, frames: tuple[int, int]) -> None:
    """Number, section, what is danced; buttons that change it. frames: of the scene, first and last."""
    line = layout.row(align=True)
    line.label(text=f"{number + 1}  {row.label}  {row.text}")
    side = line.operator("edge_dance.mirror_slot", text="", icon="MOD_MIRROR", depress=row.mirrored)
    side.step = number
    line.operator("edge_dance.repeat_slot", text="", icon="LOOP_BACK").step = number
    line.operator("edge_dance.free_slot", text="", icon="ADD", depress=row.text == "New").step = number
    anew = line.operator("edge_dance.regenerate_range", text="", icon="FILE_REFRESH")
    anew.start, anew.end = frames
