"""The part of the sidebar for several dancers."""

from typing import Any

import bpy

from ..render.tracks import selected_characters


class VIEW3D_PT_edge_dance_group(bpy.types.Panel):
    """Several characters to one song"""

    bl_label = "Group"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Dance"
    bl_parent_id = "VIEW3D_PT_edge_dance"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout: Any = self.layout
        leader, *others = [ob.name for ob in selected_characters(context)] or [""]
        if others:
            layout.label(text=f"{leader} leads {', '.join(others)}", icon="COMMUNITY")
        layout.operator("edge_dance.dance_together", icon="COMMUNITY")
