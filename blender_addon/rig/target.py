"""Which character the user means."""

import bpy

from ..edge_backend.errors import EdgeError
from .dancer import is_dancer


def find_dancer(context: bpy.types.Context) -> bpy.types.Object:
    """The dancer that is active, itself or through the body that it moves.

    Raises EdgeError dancer_none, dancer_foreign, dancer_linked.
    """
    ob = context.view_layer.objects.active
    armature = ob.find_armature() if ob and ob.type == "MESH" else ob
    if armature is None or armature.type != "ARMATURE":
        raise EdgeError("dancer_none", "No dancer is selected.", "Select one, or add one with Add Dancer.")
    if not is_dancer(armature):
        raise EdgeError(
            "dancer_foreign",
            f"{armature.name} is not the built-in dancer; dances for other characters come in a later version.",
            "Select the dancer, or add one with Add Dancer.",
        )
    if armature.library:
        raise EdgeError(
            "dancer_linked",
            f"{armature.name} is linked from another file and cannot be keyed.",
            "Make a library override of it first.",
        )
    return armature
