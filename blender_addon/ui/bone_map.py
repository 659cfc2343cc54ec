"""The Bone Map panel: recognised and missing bones, and the list to change them."""

from typing import Any

import bpy

from ..edge_backend.motion.retarget.slots import slot_words
from ..ops.bone_map import PRESETS
from ..rig.bone_map_properties import CHOSEN, SHOWN
from ..rig.dancer import is_dancer
from ..rig.rig_check import check_rig
from ..rig.stance import has_stance
from ..rig.target import active_armature
from .dance_tab import DanceTab
from .text_layout import draw_text


class EDGE_DANCE_UL_bone_slots(bpy.types.UIList):
    """Slots of the bone map, each with a search for its bone"""

    def draw_item(  # noqa: PLR0917 (as Blender calls it)
        self, context: bpy.types.Context, layout: Any, data: Any, item: Any, icon: int, active_data: Any,
        active_property: str, index: int = 0, flt_flag: int = 0,
    ) -> None:  # fmt: skip
        row = layout.split(factor=0.4)
        doubtful = item.name in check_rig(data, context).bone_map.doubts
        row.label(text=slot_words(item.name).capitalize(), icon="QUESTION" if doubtful else "NONE")
        row.prop_search(item, "bone", data.id_data.data, "bones", text="", icon="BONE_DATA")


class EDGE_DANCE_MT_bone_map_presets(bpy.types.Menu):
    """Bone maps that were saved"""

    bl_label = "Bone Map Presets"
    preset_subdir = PRESETS
    preset_operator = "edge_dance.use_bone_map_preset"
    draw: Any = bpy.types.Menu.draw_preset


class _BoneMap(DanceTab):
    bl_label = "Bone Map"
    bl_parent_id = "VIEW3D_PT_edge_dance"

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        armature: Any = active_armature(context)
        chosen = getattr(armature, CHOSEN)
        check = check_rig(armature, context)
        layout.label(text=check.bone_map.label or "No known kind of rig", icon="ARMATURE_DATA")
        for text in check.faults:
            draw_text(layout, context, text, "ERROR")
        for note in check.bone_map.notes:
            if note.serious:
                continue
            doubtful = note.slot in check.bone_map.doubts
            draw_text(layout, context, note.text, "QUESTION" if doubtful else "INFO")
            if doubtful:
                words = f"Accept {slot_words(note.slot).title()}"
                layout.operator("edge_dance.accept_bone", text=words, icon="CHECKMARK").slot = note.slot
        row = layout.row(align=True)
        row.menu("EDGE_DANCE_MT_bone_map_presets", text=EDGE_DANCE_MT_bone_map_presets.bl_label)
        if chosen:
            row.operator("edge_dance.add_bone_map_preset", text="", icon="ADD")
            row.operator("edge_dance.add_bone_map_preset", text="", icon="REMOVE").remove_active = True
        layout.operator("edge_dance.find_bones", text="Find Bones Again" if chosen else "Edit Bones", icon="VIEWZOOM")
        if chosen:
            _draw_list(layout, context, armature)
        _draw_rig(layout, armature, bool(check.faults))


def _draw_list(layout: Any, context: bpy.types.Context, armature: Any) -> None:
    """Draw the list, and below it the whole names of its active row, for which the list is too narrow."""
    row = layout.row()
    row.template_list("EDGE_DANCE_UL_bone_slots", "", armature, CHOSEN, armature, SHOWN, rows=8)
    buttons = row.column(align=True)
    buttons.operator("edge_dance.pick_bone", text="", icon="EYEDROPPER")
    buttons.operator("edge_dance.mirror_bones", text="", icon="TRIA_RIGHT").side = "L"
    buttons.operator("edge_dance.mirror_bones", text="", icon="TRIA_LEFT").side = "R"
    buttons.operator("edge_dance.swap_sides", text="", icon="ARROW_LEFTRIGHT")
    rows, active = getattr(armature, CHOSEN), getattr(armature, SHOWN)
    if 0 <= active < len(rows):
        words = f"{slot_words(rows[active].name).capitalize()}: {rows[active].bone or 'no bone'}"
        draw_text(layout, context, words, "BONE_DATA")


def _draw_rig(layout: Any, armature: Any, faulty: bool) -> None:
    """Draw the buttons for another rest pose and for the rig's description."""
    if has_stance(armature):
        row = layout.row(align=True)
        row.operator("edge_dance.use_pose", icon="ARMATURE_DATA")
        row.operator("edge_dance.use_pose", text="", icon="X").own = True
    elif faulty:
        layout.operator("edge_dance.use_pose", icon="ARMATURE_DATA")
    layout.operator("edge_dance.copy_rig", icon="COPYDOWN")


def _is_clear(context: bpy.types.Context) -> bool | None:
    """Whether every bone of the active character is sure; None for the built-in dancer and where there is none."""
    armature = active_armature(context)
    if armature is None or is_dancer(armature):
        return None
    bone_map = check_rig(armature, context).bone_map
    return not (bone_map.problems or bone_map.doubts)


class VIEW3D_PT_edge_dance_bone_map(_BoneMap):
    """Which bone of the character is what"""

    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return _is_clear(context) is True


class VIEW3D_PT_edge_dance_bone_map_doubtful(_BoneMap):
    """Which bone of the character is what; some are missing or doubtful"""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return _is_clear(context) is False
