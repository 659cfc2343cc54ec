"""The operator that adds the built-in dancer."""

from typing import Any

import bpy

from ..rig.dancer import add_dancer
from ..rig.free_place import free_place
from ..selection import select_only, to_object_mode
from .reasons import Reasoned, why_scene_linked


class EDGE_DANCE_OT_add_dancer(Reasoned, bpy.types.Operator):
    """Add a dancer at the 3D cursor, or beside what stands there: an armature with a mannequin, ready to dance"""

    bl_idname = "edge_dance.add_dancer"
    bl_label = "Add Dancer"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return why_scene_linked(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add it and make it the active object."""
        to_object_mode(context)
        collection: Any = context.collection
        armature = add_dancer(collection, free_place(context, context.scene.cursor.location))
        select_only(context, armature)
        return {"FINISHED"}
