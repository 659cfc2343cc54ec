"""The Group panel."""

from typing import Any

import bpy

from ..ops.group import EDGE_DANCE_OT_dance_together
from ..render.tracks import selected_characters
from ..rig.rig_check import check_rig
from ..takes.take_list import has_dance
from .dance_tab import DanceTab
from .obstacles import draw_sentences
from .text_layout import draw_reasons, draw_text


class VIEW3D_PT_edge_dance_group(DanceTab):
    """Several characters that dance to one song"""

    bl_label = "Group"
    bl_parent_id = "VIEW3D_PT_edge_dance"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Several characters, or one with a dance."""
        characters = selected_characters(context)
        return len(characters) > 1 or any(has_dance(ob) for ob in characters)

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        characters = selected_characters(context)
        others = characters[1:]
        if others:
            names = ", ".join(ob.name for ob in others)
            draw_text(layout, context, f"{characters[0].name} leads {names}", "COMMUNITY")
        for ob in others:
            draw_sentences(layout, context, ob, check_rig(ob, context).obstacles)
        layout.operator("edge_dance.dance_together", icon="COMMUNITY")
        draw_reasons(layout, context, EDGE_DANCE_OT_dance_together)
