"""The Film panel."""

from typing import Any

import bpy

from ..ops.render import EDGE_DANCE_OT_set_up_render, EDGE_DANCE_OT_write_farm_job, why_no_film
from ..render.film_set import film_set_of
from ..takes.take_list import has_dance
from .dance_tab import DanceTab
from .text_layout import draw_reasons


class VIEW3D_PT_edge_dance_render(DanceTab):
    """Film set, camera and film"""

    bl_label = "Film"
    bl_parent_id = "VIEW3D_PT_edge_dance"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """A dance in the scene, or a stage for one."""
        scene: Any = context.scene
        dances = (has_dance(ob) for ob in scene.objects if ob.type == "ARMATURE")
        return any(dances) or film_set_of(scene) is not None

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        scene: Any = context.scene
        row = layout.row(align=True)
        row.operator("edge_dance.set_up_render", icon="OUTLINER_OB_CAMERA")
        if film_set_of(scene):
            row.operator("edge_dance.remove_film_set", text="", icon="X")
        draw_reasons(layout, context, EDGE_DANCE_OT_set_up_render)
        column = layout.column(align=True)
        column.enabled = not why_no_film(context)
        film = column.operator("render.render", text="Render Film", icon="RENDER_ANIMATION")
        film.animation, film.use_viewport = True, True
        column.operator_menu_enum("edge_dance.write_farm_job", "farm", icon="NETWORK_DRIVE")
        draw_reasons(layout, context, EDGE_DANCE_OT_write_farm_job)  # the film has the first of them
