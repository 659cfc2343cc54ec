"""The operator that saves the panel's settings as a preset, and the base of those that save presets."""

from typing import Any

import bpy
from bl_operators.presets import AddPresetBase

PRESETS = "edge_dance/settings"
"""The folder of presets in Blender's user folder."""


class PresetOperator(AddPresetBase):
    """Saves a preset, or removes the one that was chosen last. Not registered itself."""

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        return "Remove the preset that the menu shows" if properties.remove_active else (cls.__doc__ or "")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Blender's own base says nothing where there is nothing to remove, or no name to save under."""
        own: Any = self
        if not own.remove_active and not own.name.strip():
            own.report({"ERROR"}, "Type a name for the preset first.")
            return {"CANCELLED"}
        find: Any = bpy.utils.preset_find
        shown = getattr(bpy.types, own.preset_menu).bl_label
        files = [find(shown, own.preset_subdir, display_name=spaces) for spaces in (False, True)]
        if own.remove_active and not any(files):
            own.report({"ERROR"}, "Choose the preset in the menu first: the one that it shows is removed.")
            return {"CANCELLED"}
        base: Any = super()
        answer: set[str] = base.execute(context)
        return answer


class EDGE_DANCE_OT_add_preset(PresetOperator, bpy.types.Operator):  # type: ignore[misc]
    """Save the panel's settings as a preset; seed and beats belong to a song and are not saved"""

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
