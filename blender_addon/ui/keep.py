"""The Keep panel: the keep list, and buttons that regenerate the rest of a dance."""

from typing import Any

import bpy

from ..constraints.keep_list import labelled_row
from ..constraints.rows import sentence
from ..ops.edit import EDGE_DANCE_OT_generate_kept, EDGE_DANCE_OT_mirror, EDGE_DANCE_OT_regenerate_range
from ..ops.keep import SOURCES, EDGE_DANCE_OT_keep
from ..rig.target import active_armature
from ..takes.take_list import KEEP, KEEP_ROW, has_dance
from .dance_tab import DanceTab
from .text_layout import beside, draw_reasons

_ICONS = {"POSE": "ARMATURE_DATA", "RANGE": "TIME", "PATH": "CURVE_PATH", "FEET": "SNAP_FACE"}
_SOURCE_ICONS = {
    "POSE": "ARMATURE_DATA", "KEYS": "KEYFRAME_HLT", "BONES": "BONE_DATA", "RANGE": "TIME", "MARKERS": "MARKER_HLT",
    "BEFORE": "TRIA_LEFT", "AFTER": "TRIA_RIGHT", "CURVE": "CURVE_BEZCURVE", "PATH": "CURVE_PATH", "FEET": "SNAP_FACE",
}  # fmt: skip


class EDGE_DANCE_UL_keep(bpy.types.UIList):
    """Rows as text, with a button to mute them"""

    def draw_item(  # noqa: PLR0917 (as Blender calls it)
        self, context: bpy.types.Context, layout: Any, data: Any, item: Any, icon: int, active_data: Any,
        active_property: str, index: int = 0, flt_flag: int = 0,
    ) -> None:  # fmt: skip
        row = layout.row(align=True)
        words = row.row()
        words.active = not item.mute
        words.label(text=sentence(labelled_row(item)), icon=_ICONS[item.kind])
        row.prop(item, "mute", text="", icon="HIDE_ON" if item.mute else "HIDE_OFF", emboss=False)


class EDGE_DANCE_MT_keep(bpy.types.Menu):
    """Add a row to the keep list"""

    bl_label = "Keep"

    def draw(self, context: bpy.types.Context) -> None:
        for source, words, _ in SOURCES:
            self.layout.operator("edge_dance.keep", text=words, icon=_SOURCE_ICONS[source]).source = source  # type: ignore[arg-type]
        draw_reasons(self.layout, context, EDGE_DANCE_OT_keep)


class EDGE_DANCE_MT_edit(bpy.types.Menu):
    """Edits of the dance with constraints of their own"""

    bl_label = "Regenerate"

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        layout.operator("edge_dance.regenerate_range", icon="TIME")
        layout.operator("edge_dance.regenerate_bones", icon="BONE_DATA")
        layout.operator("edge_dance.in_between", icon="KEYFRAME_HLT")
        layout.operator("edge_dance.continue_dance", icon="FRAME_NEXT")
        layout.operator("edge_dance.pose_to_beat", icon="SNAP_ON")
        layout.separator()
        layout.operator("edge_dance.vary", icon="MOD_NOISE")
        layout.operator("edge_dance.mirror", icon="MOD_MIRROR")
        draw_reasons(layout, context, EDGE_DANCE_OT_regenerate_range, EDGE_DANCE_OT_mirror)  # the others have the same


class VIEW3D_PT_edge_dance_keep(DanceTab):
    """What of the dance is kept when it is generated again"""

    bl_label = "Keep"
    bl_parent_id = "VIEW3D_PT_edge_dance"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        armature = active_armature(context)
        return armature is not None and (has_dance(armature) or bool(getattr(armature, KEEP)))

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        armature: Any = active_armature(context)
        row = layout.row()
        row.template_list("EDGE_DANCE_UL_keep", "", armature, KEEP, armature, KEEP_ROW, rows=3)
        column = row.column(align=True)
        column.menu("EDGE_DANCE_MT_keep", text="", icon="ADD")
        rows, active = getattr(armature, KEEP), getattr(armature, KEEP_ROW)
        if rows:
            column.operator("edge_dance.remove_kept", text="", icon="REMOVE").everything = False
            column.separator()
            column.operator("edge_dance.remove_kept", text="", icon="TRASH").everything = True
        if 0 <= active < len(rows):
            _draw_row(layout, rows[active])
        if rows:
            layout.operator("edge_dance.generate_kept", icon="PINNED")
            draw_reasons(layout, context, EDGE_DANCE_OT_generate_kept)
        row = beside(layout, context)
        row.menu("EDGE_DANCE_MT_edit", icon="FILE_REFRESH")
        row.prop(context.scene.edge_dance, "strength", text="Vary", slider=True)


def _draw_row(layout: Any, item: Any) -> None:
    """The settings of the active row."""
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    if item.kind in ("POSE", "RANGE"):
        column.prop(item, "part")
    if item.kind == "POSE":
        column.prop(item, "start", text="Frame")
    else:
        if item.kind == "PATH":
            column.prop(item, "curve")
        if item.kind == "FEET":
            column.prop(item, "feet")
        for end, at_end in (("start", "open_start"), ("end", "open_end")):
            row = column.row(align=True)
            if getattr(item, at_end):
                row.label(text=f"{end.capitalize()} of the dance")
            else:
                row.prop(item, end)
            row.prop(item, at_end, text="", icon="REW" if end == "start" else "FF")
        column.prop(item, "fade")
    column.prop(item, "weight", slider=True)
