"""The Takes panel."""

from typing import Any

import bpy

from ..keyframes.take_details import details, is_starred
from ..ops.again import EDGE_DANCE_OT_generate_again
from ..ops.takes import EDGE_DANCE_OT_delete_take, EDGE_DANCE_OT_stash_take
from ..rig.target import active_armature
from ..takes.comparison import copies_of
from ..takes.take_list import SHOWN, TAKES, current_take
from ..takes.trails import display
from .dance_tab import DanceTab
from .text_layout import draw_reasons


class EDGE_DANCE_UL_takes(bpy.types.UIList):
    """Takes: a star, the name (double-click to rename), the seed"""

    def draw_item(  # noqa: PLR0917 (as Blender calls it)
        self, context: bpy.types.Context, layout: Any, data: Any, item: Any, icon: int, active_data: Any,
        active_property: str, index: int = 0, flt_flag: int = 0,
    ) -> None:  # fmt: skip
        action = item.action
        if action is None:
            layout.label(text="(deleted)", icon="GHOST_DISABLED")
            return
        row = layout.row(align=True)
        star = "SOLO_ON" if is_starred(action) else "SOLO_OFF"
        row.operator("edge_dance.star_take", text="", icon=star, emboss=False).take = action.name
        row.prop(action, "name", text="", emboss=False)
        seed = row.row()
        seed.alignment = "RIGHT"
        known = details(action)
        seed.label(text=f"{known.get('seed', '')}" if known.get("song") else "")


class EDGE_DANCE_MT_takes(bpy.types.Menu):
    """More actions on takes"""

    bl_label = "Takes"

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        layout.operator("edge_dance.load_settings", icon="SETTINGS")
        layout.operator("edge_dance.generate_again", icon="FILE_REFRESH")
        layout.separator()
        layout.operator("edge_dance.stash_take", icon="NLA_PUSHDOWN")
        layout.operator("edge_dance.blend_takes", icon="IPO_EASE_IN_OUT")
        layout.separator()
        layout.operator("edge_dance.show_takes", icon="PARTICLE_DATA")
        armature = active_armature(context)
        if armature and copies_of(armature):
            layout.operator("edge_dance.hide_takes", icon="HIDE_ON")
        draw_reasons(
            layout, context, EDGE_DANCE_OT_stash_take, EDGE_DANCE_OT_generate_again
        )  # the others have the reason of the first


class VIEW3D_PT_edge_dance_takes(DanceTab):
    """Takes of the character"""

    bl_label = "Takes"
    bl_parent_id = "VIEW3D_PT_edge_dance"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        armature = active_armature(context)
        return armature is not None and bool(getattr(armature, TAKES))

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        armature: Any = active_armature(context)
        row = layout.row()
        row.template_list("EDGE_DANCE_UL_takes", "", armature, TAKES, armature, SHOWN, rows=4)
        column = row.column(align=True)
        column.operator("edge_dance.delete_take", text="", icon="X")
        column.separator()
        column.menu("EDGE_DANCE_MT_takes", text="", icon="DOWNARROW_HLT")
        draw_reasons(layout, context, EDGE_DANCE_OT_delete_take)
        if action := current_take(armature):
            _draw_details(layout, action)
        row = layout.row(align=True)
        row.operator("edge_dance.show_trails", icon="CURVE_PATH")
        if display.trails:
            row.operator("edge_dance.hide_trails", text="", icon="X")
        if copies_of(armature):
            layout.operator("edge_dance.hide_takes", icon="HIDE_ON")


def _draw_details(layout: Any, action: bpy.types.Action) -> None:
    """Draw song, style and seed of the take, if it was generated, and its time."""
    known = details(action)
    column = layout.column(align=True)
    column.scale_y = 0.8
    column.active = False
    if song := known.get("song"):
        column.label(text=f"{song}, {known.get('style', '')}, seed {known.get('seed', '')}")
    else:
        column.label(text="Imported motion")
    column.label(text=known.get("made", "").replace("T", " ")[:16])
