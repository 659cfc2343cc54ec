"""The operator that saves the panel's settings as a preset."""

import bpy
from bl_operators.presets import AddPresetBase

PRESETS = "edge_dance/settings"
"""The folder of presets in Blender's user folder."""


class EDGE_DANCE_OT_add_preset(AddPresetBase, bpy.types.Operator):  # type: ignore[misc]
    """Save the panel's settings as a preset, or remove one; seed and beats belong to a song and are not saved"""

    bl_idname = "edge_dance.add_preset"
    bl_label = "Add Dance Preset"
    bl_options = {"REGISTER", "UNDO"}
    preset_menu = "EDGE_DANCE_MT_presets"
    preset_subdir = PRESETS
    preset_defines = ["settings = bpy.context.scene.edge_dance"]
    preset_values = [
        f"settings.{name}"
        for name in (
            *("style", "use_energy", "energy", "quality", "weights", "guidance", "on_beat", "smoothness", "clean_feet"),
            *("form", "returning", "originality", "made_of", "use_loop", "loop_bars", "loop_travel", "root_motion"),
            *("density", "degrees", "millimetres", "strength", "hands", "hand_amount", "hand_life", "legs"),
        )
    ]
