"""The Bone Map panel: bones that were found, missing bones, and the list to change them."""

from typing import Any

import bpy

from ..edge_backend.motion.retarget.slots import slot_words
from ..ops.bone_map import PRESETS
from ..rig.bone_map_properties import CHOSEN, SHOWN
from ..rig.dancer import is_dancer
from ..rig.rig_check import check_rig
from ..rig.target import active_armature
from .text_layout import draw_text


class EDGE_DANCE_UL_bone_slots(bpy.types.UIList):
    """Slots of the bone map, each with a search for its bone"""

    def draw_item(  # noqa: PLR0917 (as Blender calls it)
        self, context: bpy.types.Context, layout: Any, data: Any, item: Any, icon: int, active_data: Any,
        active_property: str, index: int = 0, flt_flag: int = 0,
    ) -> None:  # fmt: skip
        row = layout.split(factor=0.4)
        row.label(text=slot_words(item.name).capitalize())
        row.prop_search(item, "bone", data.id_data.data, "bones", text="", icon="BONE_DATA")


class EDGE_DANCE_MT_bone_map_presets(bpy.types.Menu):
    """Saved bone maps"""

    bl_label = "Bone Map Presets"
    preset_subdir = PRESETS
    preset_operator = "edge_dance.use_bone_map_preset"
    draw: Any = bpy.types.Menu.draw_preset


class VIEW3D_PT_edge_dance_bone_map(bpy.types.Panel):
    """Which bone of the character is which part of the body"""

    bl_label = "Bone Map"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Dance"
    bl_parent_id = "VIEW3D_PT_edge_dance"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only for armatures other than the built-in dancer."""
        armature = active_armature(context)
        return armature is not None and not is_dancer(armature)

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        armature: Any = active_armature(context)
        chosen = getattr(armature, CHOSEN)
        check = check_rig(armature, context)
        bone_map = check.bone_map
        layout.label(text=bone_map.label or "Unknown kind of rig", icon="ARMATURE_DATA")
        for text in check.faults:
            draw_text(layout, context, text, "ERROR")
        for note in bone_map.notes:
            if not note.serious:
                draw_text(layout, context, note.text, "INFO")
        row = layout.row(align=True)
        row.menu("EDGE_DANCE_MT_bone_map_presets", text="Presets")
        if chosen:
            row.operator("edge_dance.add_bone_map_preset", text="", icon="ADD")
            row.operator("edge_dance.add_bone_map_preset", text="", icon="REMOVE").remove_active = True
        layout.operator("edge_dance.find_bones", text="Find Bones Again" if chosen else "Edit Bones", icon="VIEWZOOM")
        if chosen:
            layout.template_list("EDGE_DANCE_UL_bone_slots", "", armature, CHOSEN, armature, SHOWN, rows=8)
