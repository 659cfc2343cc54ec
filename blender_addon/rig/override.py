"""Library overrides of linked characters, which Blender needs to pose them."""

from typing import Any

import bpy

from ..edge_backend.errors import EdgeError
from ..selection import select_only


def linked_armature(context: bpy.types.Context) -> bpy.types.Object | None:
    """The linked armature of the active object that cannot be keyed without an override; None if there is none.

    It is the object itself, deforms it, or lies in the linked collection that the object instances.
    """
    ob = context.view_layer.objects.active
    if ob is None:
        return None
    if ob.type == "EMPTY" and ob.instance_collection and ob.instance_collection.library:
        return next((other for other in ob.instance_collection.all_objects if other.type == "ARMATURE"), None)
    armature = ob.find_armature() if ob.type == "MESH" else ob
    return armature if armature and armature.type == "ARMATURE" and _locked(armature) else None


def override(context: bpy.types.Context) -> bpy.types.Object:
    """Make a library override of the linked character, and its armature active. Returns the armature.

    The override of a collection instance has the instance's transform. Raises EdgeError dancer_none, override_failed.
    """
    linked = linked_armature(context)
    if linked is None:
        raise EdgeError("dancer_none", "No linked character is selected.", "Select one.")
    active = context.view_layer.objects.active
    instance = active if active.type == "EMPTY" else None
    place = instance.matrix_world.copy() if instance else None
    select_only(context, instance or linked)
    scene: Any = context.scene
    roots = [] if instance else _linked_collections(scene, linked)
    try:
        bpy.ops.object.make_override_library(**{"collection": roots[0].session_uid} if roots else {})
    except RuntimeError as error:
        raise _failed(linked, str(error)) from error
    armature = _override_of(context, linked)
    if armature is None:
        raise _failed(linked)
    _unlink_what_is_overridden(context)
    if place:
        armature.matrix_world = place @ armature.matrix_world
    select_only(context, armature)
    return armature


def _locked(ob: bpy.types.Object) -> bool:
    """Whether the object is linked, or its override is not editable."""
    return ob.library is not None or (ob.override_library is not None and ob.override_library.is_system_override)


def _linked_collections(scene: bpy.types.Scene, linked: bpy.types.Object) -> list[bpy.types.Collection]:
    """The linked collections that are in the scene themselves, not as instances, and have the object in them."""
    own = [scene.collection, *(some for some in scene.collection.children_recursive if some.library is None)]
    children = (child for collection in own for child in collection.children)
    return [child for child in children if child.library and linked in child.all_objects[:]]


def _override_of(context: bpy.types.Context, linked: bpy.types.Object) -> bpy.types.Object | None:
    if linked.override_library:  # there was one, which could not be edited until now
        return None if _locked(linked) else linked
    for ob in context.scene.objects:
        if ob.override_library and ob.override_library.reference == linked:
            return ob
    return None


def _unlink_what_is_overridden(context: bpy.types.Context) -> None:
    """Unlink the linked objects that have an override, which Blender 4.2 leaves in the scene."""
    overridden = {ob.override_library.reference for ob in context.scene.objects if ob.override_library}
    for collection in (context.scene.collection, *context.scene.collection.children_recursive):
        if collection.library is None:
            for ob in overridden.intersection(collection.objects):
                collection.objects.unlink(ob)


def _failed(linked: bpy.types.Object, detail: str = "") -> EdgeError:
    return EdgeError(
        "override_failed",
        f"Blender made no library override of {linked.name}.",
        "Make it by hand: Object > Library Override > Make.",
        detail,
    )
