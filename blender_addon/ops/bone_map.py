"""Operators for the bone map: finding bones, and saving the map as a preset."""

from typing import Any

import bpy
from bl_operators.presets import AddPresetBase

from ..edge_backend.motion.retarget.slots import slot_names
from ..rig.bone_map_properties import CHOSEN
from ..rig.dancer import is_dancer
from ..rig.retarget import found_bone_map
from ..rig.target import active_armature
from .reasons import Reasoned

PRESETS = "edge_dance/bone_maps"
"""The folder of presets in Blender's user folder."""


class EDGE_DANCE_OT_find_bones(Reasoned, bpy.types.Operator):
    """Find the armature's bones by their names again, and list them for editing"""

    bl_idname = "edge_dance.find_bones"
    bl_label = "Find Bones"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        armature = active_armature(context)
        other = armature is not None and not is_dancer(armature)
        return "" if other else "Select an armature other than the built-in dancer."

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Overwrite the items of the list.

        Items are not replaced: for an item from a library, Blender saves changes, but not a new item in its place.
        """
        armature: Any = active_armature(context)
        found = found_bone_map(armature)
        for item in _listed(armature):
            item.bone = found.bones.get(item.name, "")
        known = f"{found.label}: " if found.label else ""
        self.report({"INFO"}, f"{known}{len(found.bones)} bones found on {armature.name}.")
        return {"FINISHED"}


def _listed(armature: bpy.types.Object) -> list[Any]:
    """The items of the armature's bone map, one for each slot; missing ones are added, with no bone."""
    slots: Any = getattr(armature, CHOSEN)
    items = []
    for slot in slot_names():
        item = slots.get(slot) or slots.add()
        item.name = slot
        items.append(item)
    return items


class EDGE_DANCE_OT_use_bone_map_preset(bpy.types.Operator):
    """Use this bone map for the armature"""

    bl_idname = "edge_dance.use_bone_map_preset"
    bl_label = "Use Bone Map Preset"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"}, description="The preset")
    menu_idname: bpy.props.StringProperty(options={"SKIP_SAVE"}, description="The menu it is chosen from")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set each slot's bone: on a library override a list that is emptied and filled again is not saved."""
        armature = active_armature(context)
        if armature is None:
            return {"CANCELLED"}
        _listed(armature)
        script: Any = bpy.ops.script
        result: set[str] = script.execute_preset(filepath=self.filepath, menu_idname=self.menu_idname)
        return result


class EDGE_DANCE_OT_add_bone_map_preset(AddPresetBase, bpy.types.Operator):  # type: ignore[misc]
    """Save the bone map as a preset, or remove one"""

    bl_idname = "edge_dance.add_bone_map_preset"
    bl_label = "Add Bone Map Preset"
    bl_options = {"REGISTER", "UNDO"}
    preset_menu = "EDGE_DANCE_MT_bone_map_presets"
    preset_subdir = PRESETS
    preset_defines = ["armature = bpy.context.object.find_armature() or bpy.context.object"]
    preset_values = [f"armature.{CHOSEN}[{slot!r}].bone" for slot in slot_names()]

    def pre_cb(self, context: bpy.types.Context) -> None:
        """Called first: have an item for each slot."""
        if armature := active_armature(context):
            _listed(armature)
