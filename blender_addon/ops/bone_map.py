"""Operators for the bone map: finding, picking and mirroring bones, presets, another rest pose, a rig's description."""

import json
from typing import Any

import bpy

from ..edge_backend.motion.retarget.description import described
from ..edge_backend.motion.retarget.slots import slot_names, slot_words
from ..rig.bone_map_list import accept, fill, listed, mirror, selected_bone, swap_sides
from ..rig.bone_map_properties import CHOSEN, active_slot
from ..rig.dancer import is_dancer
from ..rig.retarget import describe, found_bone_map
from ..rig.stance import drop_stance, keep_stance
from ..rig.target import active_armature
from .presets import PresetOperator
from .reasons import Reasoned

PRESETS = "edge_dance/bone_maps"
"""The folder of presets in Blender's user folder."""


class _OnCharacter(Reasoned):
    """For armatures other than the built-in dancer, whose bones are known."""

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        armature = active_armature(context)
        other = armature is not None and not is_dancer(armature)
        return "" if other else "Select an armature other than the built-in dancer."


class _OnList(_OnCharacter):
    """For armatures whose bones are listed."""

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        if reason := super().why_not(context):
            return reason
        return "" if getattr(active_armature(context), CHOSEN) else "Edit Bones lists the bones."


class EDGE_DANCE_OT_find_bones(_OnCharacter, bpy.types.Operator):
    """Find the armature's bones by their names, hierarchy and rest pose again, and list them for editing"""

    bl_idname = "edge_dance.find_bones"
    bl_label = "Find Bones"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        armature: Any = active_armature(context)
        count = fill(armature)
        label = found_bone_map(armature).label
        self.report({"INFO"}, f"{f'{label}: ' if label else ''}{count} bones found on {armature.name}.")
        return {"FINISHED"}


class EDGE_DANCE_OT_accept_bone(_OnCharacter, bpy.types.Operator):
    """This bone is right: choose it, and leave all others as they are found"""

    bl_idname = "edge_dance.accept_bone"
    bl_label = "Accept Bone"
    bl_options = {"REGISTER", "UNDO"}

    slot: bpy.props.StringProperty(name="Slot", description="The part of the body", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        armature: Any = active_armature(context)
        if not (bone := accept(armature, self.slot)):
            self.report({"WARNING"}, f"No bone is found for {self.slot}.")
            return {"CANCELLED"}
        armature.update_tag()
        self.report({"INFO"}, f"{bone} is the {slot_words(self.slot)}.")
        return {"FINISHED"}


class EDGE_DANCE_OT_pick_bone(_OnList, bpy.types.Operator):
    """Take the selected bone for the highlighted part of the body"""

    bl_idname = "edge_dance.pick_bone"
    bl_label = "Pick Selected Bone"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        if reason := super().why_not(context):
            return reason
        armature: Any = active_armature(context)
        if active_slot(armature) is None:
            return "Click a row of the bone map first."
        return "" if selected_bone(context) else "Select a bone in Pose Mode."

    def execute(self, context: bpy.types.Context) -> set[str]:
        armature: Any = active_armature(context)
        active_slot(armature).bone = selected_bone(context)
        return {"FINISHED"}


class EDGE_DANCE_OT_mirror_bones(_OnList, bpy.types.Operator):
    """Fill the other side's rows with the bones opposite to this side's"""

    bl_idname = "edge_dance.mirror_bones"
    bl_label = "Mirror Bones"
    bl_options = {"REGISTER", "UNDO"}

    side: bpy.props.EnumProperty(
        name="From",
        description="The side whose bones are chosen",
        items=[("L", "Left", "From the left to the right"), ("R", "Right", "From the right to the left")],
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        armature: Any = active_armature(context)
        count = mirror(armature, self.side)
        self.report({"INFO"}, f"{count} bones mirrored.")
        return {"FINISHED"}


class EDGE_DANCE_OT_swap_sides(_OnList, bpy.types.Operator):
    """Take the left bones for the right ones and the right ones for the left"""

    bl_idname = "edge_dance.swap_sides"
    bl_label = "Swap Left and Right"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        armature: Any = active_armature(context)
        swap_sides(armature)
        return {"FINISHED"}


class EDGE_DANCE_OT_copy_rig(_OnCharacter, bpy.types.Operator):
    """Copy the names and rest positions of the bones, and nothing else of the file, for a report"""

    bl_idname = "edge_dance.copy_rig"
    bl_label = "Copy Rig Description"

    def execute(self, context: bpy.types.Context) -> set[str]:
        armature: Any = active_armature(context)
        text = json.dumps({"armatures": [described(describe(armature))]}, ensure_ascii=False)
        context.window_manager.clipboard = text
        name = f"{armature.name} rig.json"
        (bpy.data.texts.get(name) or bpy.data.texts.new(name)).from_string(text)
        self.report({"INFO"}, f"Copied; it is in the text {name} too.")
        return {"FINISHED"}


class EDGE_DANCE_OT_use_pose(_OnCharacter, bpy.types.Operator):
    """Take this frame's pose for the rest pose, where the own rest pose is no body. The armature stays as it is"""

    bl_idname = "edge_dance.use_pose"
    bl_label = "Use This Pose"
    bl_options = {"REGISTER", "UNDO"}

    own: bpy.props.BoolProperty(name="Own Rest Pose", description="Use the armature's own rest pose again")

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        return "Use the armature's own rest pose again" if properties.own else (cls.__doc__ or "")

    def execute(self, context: bpy.types.Context) -> set[str]:
        armature: Any = active_armature(context)
        if self.own:
            drop_stance(armature)
        else:
            keep_stance(context, armature)
        armature.update_tag()
        return {"FINISHED"}


class EDGE_DANCE_OT_use_bone_map_preset(bpy.types.Operator):
    """Use this bone map for the armature"""

    bl_idname = "edge_dance.use_bone_map_preset"
    bl_label = "Use Bone Map Preset"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"}, description="The preset")
    menu_idname: bpy.props.StringProperty(options={"SKIP_SAVE"}, description="The menu it is chosen from")

    def execute(self, context: bpy.types.Context) -> set[str]:
        armature = active_armature(context)
        if armature is None:
            return {"CANCELLED"}
        listed(armature)
        script: Any = bpy.ops.script
        result: set[str] = script.execute_preset(filepath=self.filepath, menu_idname=self.menu_idname)
        return result


class EDGE_DANCE_OT_add_bone_map_preset(PresetOperator, bpy.types.Operator):  # type: ignore[misc]
    """Save the bone map as a preset"""

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
            listed(armature)
