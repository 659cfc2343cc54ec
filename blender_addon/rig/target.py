"""Finds the character that an operator acts on."""

import bpy

from ..edge_backend.errors import EdgeError
from .dancer import is_dancer
from .override import linked_armature
from .rig_check import check_rig


def find_dancer(context: bpy.types.Context) -> bpy.types.Object:
    """The active armature, or the one that deforms the active mesh, if it can dance.

    Raises EdgeError dancer_none, dancer_linked, rig_unfit.
    """
    if linked := linked_armature(context):
        raise EdgeError(
            "dancer_linked",
            f"{linked.name} is linked from another file and cannot be keyed.",
            "Make Library Override makes it yours to key; its own file stays as it is.",
        )
    armature = active_armature(context)
    if armature is None:
        raise EdgeError("dancer_none", "No dancer is selected.", "Select one, or add one with Add Dancer.")
    if not is_dancer(armature) and (error := check_rig(armature, context).error(armature)):
        raise error
    return armature


def active_armature(context: bpy.types.Context) -> bpy.types.Object | None:
    """The active armature, or the one that moves the active body; None if there is none."""
    ob = context.view_layer.objects.active
    armature = ob.find_armature() if ob and ob.type == "MESH" else ob
    return armature if armature and armature.type == "ARMATURE" else None
