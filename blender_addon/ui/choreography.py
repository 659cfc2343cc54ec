"""The Choreography panel: the plan of the shown take, bars by bars."""

from typing import Any

import bpy

from .. import compat
from ..ops.choreography import EDGE_DANCE_OT_dance_changes, EDGE_DANCE_OT_dance_plan
from ..ops.plan_slots import EDGE_DANCE_OT_plan_anew, current_slot, planned_take
from ..song_map.colours import colour_numbers
from ..takes.phrase_shelf import title
from ..takes.plan_rows import PlanRow, changed_slots, clock, plan_rows
from .dance_tab import DanceTab
from .text_layout import beside, draw_reasons

ROWS = 12
"""Rows that are shown at a time, around the current frame."""


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
        rows, here = plan_rows(action), current_slot(context, action)
        colours = colour_numbers(row.label for row in rows)
        first = min(max(here - ROWS // 2, 0), max(len(rows) - ROWS, 0))
        column = layout.column(align=True)
        for number, row in list(enumerate(rows))[first : first + ROWS]:
            _draw_row(column, number, row, here=number == here, colour=colours[row.label])
        if len(rows) > ROWS:
            layout.label(text=f"Bars {first + 1} to {min(first + ROWS, len(rows))} of {len(rows)}")
        _draw_slot(layout, context, here, rows[here])
        _draw_plan(layout, context, len(changed_slots(action)))


def _draw_row(layout: Any, number: int, row: PlanRow, *, here: bool, colour: int) -> None:
    """Number, section, what is danced; whether it is mirrored, pinned, changed."""
    line = layout.row(align=True)
    side = line.row(align=True)
    side.alignment = "LEFT"
    words = f"{number + 1}  {row.label}  {title(row.phrase) if row.phrase else row.text}"
    icon = compat.colour_icon(colour)
    side.operator("edge_dance.go_to_slot", text=words, icon=icon, emboss=here, depress=here).step = number
    marks = line.row(align=True)
    marks.alignment = "RIGHT"
    if row.changed:
        marks.label(text="", icon="GREASEPENCIL")
    if row.originality:
        marks.label(text=f"{row.originality:.0%}")
    if row.text != "New":
        marks.operator("edge_dance.mirror_slot", text="", icon="MOD_MIRROR", depress=row.mirrored).step = number
    if row.phrase:
        icon = "PINNED" if row.pinned else "UNPINNED"
        marks.operator("edge_dance.pin_slot", text="", icon=icon, depress=row.pinned).step = number


def _draw_slot(layout: Any, context: bpy.types.Context, number: int, row: PlanRow) -> None:
    """What can be done with the bars at the current frame."""
    box = layout.box()
    box.label(text=f"Bars {number + 1}, {clock(row.start)} to {clock(row.end)}")
    column = box.column(align=True)
    line = beside(column, context)
    line.operator("edge_dance.another_phrase", icon="FORWARD").step = number
    line.operator("edge_dance.choose_phrase", text="Choose", icon="IMGDISPLAY").step = number
    line = beside(column, context)
    line.operator("edge_dance.repeat_slot", text="Repeat", icon="LOOP_BACK").step = number
    line.operator("edge_dance.swap_slots", icon="ARROW_LEFTRIGHT").step = number
    line = beside(column, context)
    line.operator("edge_dance.free_slot", text="New Dance", icon="ADD").step = number
    line.operator("edge_dance.vary_slot", text="Originality", icon="MOD_NOISE").step = number
    column.operator("edge_dance.remake_slot", icon="FILE_REFRESH").step = number
    if row.phrase:
        column.operator("edge_dance.mark_phrase_asset", icon="ASSET_MANAGER").step = number


def _draw_plan(layout: Any, context: bpy.types.Context, changed: int) -> None:
    """What can be done with the whole plan. changed: how many bars wait to be danced."""
    text = f"Dance Changes ({changed})" if changed else "Dance Changes"
    layout.operator("edge_dance.dance_changes", text=text, icon="PLAY")
    row = beside(layout, context)
    row.operator("edge_dance.dance_plan", text="Dance All")
    row.operator("edge_dance.plan_anew", icon="FILE_REFRESH")
    row = layout.row(align=True)
    row.operator("edge_dance.save_plan", icon="EXPORT")
    row.operator("edge_dance.load_plan", icon="IMPORT")
    draw_reasons(layout, context, EDGE_DANCE_OT_dance_changes, EDGE_DANCE_OT_dance_plan, EDGE_DANCE_OT_plan_anew)
