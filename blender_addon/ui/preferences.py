"""The extension's preferences."""

from typing import Any

import bpy

from ..backend.service import service
from ..preferences import ADDON, Preferences
from .setup import REPAIRED_BY_SET_UP, draw_state
from .text_layout import draw_text


class EDGE_DANCE_Preferences(Preferences, bpy.types.AddonPreferences):
    """Preferences of the extension"""

    bl_idname = ADDON

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "weights_folder", placeholder="Starter weights only")
        layout.prop(self, "start_ahead")
        layout.prop(self, "idle_minutes", text="Keep Warm (minutes)")
        layout.prop(self, "threads")
        layout.prop(self, "engine")
        box = layout.box()
        draw_state(box, context)
        box.prop(self, "torch_build")
        box.prop(self, "mirror", placeholder="https://pypi.org/simple")
        box.prop(self, "proxy", placeholder="None")
        box.prop(self, "wheel_folder", placeholder="Download them")
        box.prop(self, "backend_python", placeholder="Chosen automatically")
        if service.problem and service.problem.code in REPAIRED_BY_SET_UP:
            draw_text(layout, context, service.problem.message, "ERROR")
