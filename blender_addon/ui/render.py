"""The part of the sidebar that films dances."""

from typing import Any

import bpy

from ..render.stage import stage_of


class VIEW3D_PT_edge_dance_render(bpy.types.Panel):
    """Stage, camera and film"""

    bl_label = "Film"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Dance"
    bl_parent_id = "VIEW3D_PT_edge_dance"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout: Any = self.layout
        scene: Any = context.scene
        row = layout.row(align=True)
        row.operator("edge_dance.set_up_render", icon="OUTLINER_OB_CAMERA")
        if stage_of(scene):
            row.operator("edge_dance.remove_stage", text="", icon="X")
        column = layout.column(align=True)
        column.enabled = scene.camera is not None
        film = column.operator("render.render", text="Render Film", icon="RENDER_ANIMATION")
        film.animation, film.use_viewport = True, True
        column.operator("edge_dance.write_farm_job", icon="NETWORK_DRIVE")
