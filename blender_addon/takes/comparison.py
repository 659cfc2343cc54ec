"""Takes side by side: a copy of the character for each, in a collection that is removed as a whole."""

from collections.abc import Iterable
from typing import Any

import bpy
from mathutils import Matrix, Vector

from .. import compat
from ..rig.standing import carried_from
from .take_list import TAKES

COPIES_OF = "edge_dance_copies_of"
"""Custom property of the collection: the armature whose copies it contains."""


def show_copies(
    armature: bpy.types.Object, takes: Iterable[bpy.types.Action], scene: bpy.types.Scene, spacing: float
) -> bpy.types.Collection:
    """Copy the armature and its meshes for each take, each copy `spacing` metres further along x; replaces earlier
    copies.

    Takes may move the object itself, so that copies are displaced by their delta location. Returns the collection.
    """
    hide_copies(armature)
    collection = bpy.data.collections.new(f"Takes of {armature.name}")
    collection[COPIES_OF] = armature
    scene.collection.children.link(collection)
    bodies = [ob for ob in bpy.data.objects if ob.type == "MESH" and ob.find_armature() == armature]
    for number, action in enumerate(takes, start=1):
        copy = _copy(armature, collection, f"{armature.name} {action.name}")
        getattr(copy, TAKES).clear()
        copy.animation_data_clear()
        _stand_at_start(copy, armature)
        compat.assign_action(copy, action)
        copy.delta_location += _above(armature).inverted() @ Vector((number * spacing, 0, 0))
        for body in bodies:
            _attach(_copy(body, collection, f"{body.name} {action.name}"), armature, copy)
    return collection


def hide_copies(armature: bpy.types.Object) -> None:
    """Remove the copies of the armature, if there are any."""
    for collection in copies_of(armature):
        for ob in list(collection.objects):
            bpy.data.objects.remove(ob)
        bpy.data.collections.remove(collection)


def copies_of(armature: bpy.types.Object) -> list[bpy.types.Collection]:
    """The collections with copies of the armature: one or none."""
    return [collection for collection in bpy.data.collections if collection.get(COPIES_OF) == armature]


def _stand_at_start(copy: bpy.types.Object, armature: bpy.types.Object) -> None:
    """Put the copy to where the armature was before its current take moved the object."""
    bone, start = carried_from(armature) or (None, None)
    if bone == "" and start is not None:
        copy.location = start


def _above(ob: bpy.types.Object) -> Matrix:
    """The matrix (3, 3) from the object's location channels to the world."""
    above = ob.parent.matrix_world @ ob.matrix_parent_inverse if ob.parent else Matrix()
    return above.to_3x3()


def _copy(ob: bpy.types.Object, collection: bpy.types.Collection, name: str) -> bpy.types.Object:
    copy = ob.copy()
    copy.name = name
    collection.objects.link(copy)
    return copy


def _attach(body: bpy.types.Object, armature: bpy.types.Object, copy: bpy.types.Object) -> None:
    """Make the copied mesh follow the copied armature."""
    if body.parent == armature:
        inverse = body.matrix_parent_inverse.copy()
        body.parent = copy
        body.matrix_parent_inverse = inverse
    modifiers: Any = body.modifiers
    for modifier in modifiers:
        if modifier.type == "ARMATURE" and modifier.object == armature:
            modifier.object = copy
