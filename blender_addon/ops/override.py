"""The operator that makes a linked character editable."""

import bpy

from ..edge_backend.errors import EdgeError
from ..rig.override import linked_armature, override
from ..selection import to_object_mode
from .reasons import Reasoned


class EDGE_DANCE_OT_override_character(Reasoned, bpy.types.Operator):
    """Make a library override of the linked character to key it in this file; its own file is not changed"""

    bl_idname = "edge_dance.override_character"
    bl_label = "Make Library Override"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return "" if linked_armature(context) else "Select a character that is linked from another file."

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make the override and make its armature active."""
        to_object_mode(context)
        try:
            armature = override(context)
        except EdgeError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"{armature.name} can be keyed in this file.")
        return {"FINISHED"}
