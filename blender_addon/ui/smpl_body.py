"""The SMPL Body panel: the user's model file, the shape, and the button."""

from typing import Any

import bpy

from ..ops.smpl_body import EDGE_DANCE_OT_add_smpl_body
from .dance_tab import DanceTab
from .text_layout import draw_reasons


class VIEW3D_PT_edge_dance_smpl_body(DanceTab):
    """Add a SMPL body from a model file of your own"""

    bl_label = "SMPL Body"
    bl_parent_id = "VIEW3D_PT_edge_dance_settings"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        settings: Any = context.scene.edge_dance_smpl_body
        layout.prop(settings, "filepath")
        layout.prop(settings, "betas")
        operator = layout.operator("edge_dance.add_smpl_body", icon="OUTLINER_OB_ARMATURE")
        draw_reasons(layout, context, EDGE_DANCE_OT_add_smpl_body)
        operator.filepath, operator.betas = settings.filepath, settings.betas
