"""The built-in dancer in a scene: an armature on SMPL's skeleton, with fingers, and the mannequin skinned to it."""

from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np
from mathutils import Vector

from .. import compat
from ..edge_backend.numerics.array import Array
from . import mannequin
from .skeleton import BONE_NAMES, RestBone, finger_bones, rest_bones, rest_joints

NAME = "Dancer"


def add_dancer(collection: bpy.types.Collection, location: Vector) -> bpy.types.Object:
    """Add a dancer to the collection, at `location`, in T-pose, facing -y. Returns its armature object."""
    joints = rest_joints()
    armature = add_armature(collection, NAME, [*rest_bones(joints), *finger_bones(joints)], location)
    body = _mannequin()
    collection.objects.link(body)
    dress(armature, body)
    return armature


def is_dancer(armature: bpy.types.Object) -> bool:
    """Whether the armature has a bone for each of the model's joints, under the dancer's names; fingers or none."""
    return armature.type == "ARMATURE" and all(name in armature.data.bones for name in BONE_NAMES)


def add_armature(
    collection: bpy.types.Collection, name: str, bones: Sequence[RestBone], location: Vector
) -> bpy.types.Object:
    """Add an armature with these bones, parents before their children, to the collection."""
    data = bpy.data.armatures.new(name)
    data.display_type = "STICK"
    armature = bpy.data.objects.new(name, data)
    armature.show_in_front = True
    armature.location = location
    collection.objects.link(armature)
    _edit_bones(armature, bones)
    for bone in armature.pose.bones:
        bone.rotation_mode = "QUATERNION"
        if bone.parent:
            bone.lock_location = (True, True, True)
    return armature


def dress(armature: bpy.types.Object, body: bpy.types.Object) -> None:
    """Make the mesh `body`, whose vertex groups have the bones' names, a child of the armature that deforms with it."""
    body.parent = armature
    modifier: Any = body.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature


def _edit_bones(armature: bpy.types.Object, bones: Sequence[RestBone]) -> None:
    """Create the bones in edit mode, and restore the view layer's active object and mode."""
    layer = bpy.context.view_layer
    before = layer.objects.active
    layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    edit_bones = armature.data.edit_bones
    for rest in bones:
        bone = edit_bones.new(rest.name)
        bone.head, bone.tail = rest.head, rest.tail
        bone.align_roll(Vector(rest.bend))
        if rest.parent:
            bone.parent = edit_bones[rest.parent]
            bone.use_connect = (bone.parent.tail - bone.head).length < 1e-6
    bpy.ops.object.mode_set(mode="OBJECT")
    layer.objects.active = before


def _mannequin() -> bpy.types.Object:
    shape = mannequin.body()
    mesh = bpy.data.meshes.new(NAME)
    mesh.from_pydata(shape.vertices.tolist(), [], shape.faces)
    mesh.polygons.foreach_set("material_index", shape.materials)
    mesh.polygons.foreach_set("use_smooth", np.ones(len(shape.faces), bool))
    for name in mannequin.materials():
        mesh.materials.append(_material(name))
    body = bpy.data.objects.new(f"{NAME} Body", mesh)
    skin(body, shape.weights, mannequin.BONES)
    return body


def skin(body: bpy.types.Object, weights: Array, bones: Sequence[str]) -> None:
    """Give a mesh object a vertex group for each bone. weights: (vertices, bones)."""
    for column, name in enumerate(bones):
        group = body.vertex_groups.new(name=name)
        moved = np.flatnonzero(weights[:, column])
        for weight in np.unique(weights[moved, column]):
            group.add(moved[weights[moved, column] == weight].tolist(), float(weight), "REPLACE")


def _material(name: str) -> bpy.types.Material:
    """The mannequin's material of that name; created once per file and shared by all dancers."""
    look = mannequin.materials()[name]
    if material := bpy.data.materials.get(look["label"]):
        return material
    material = bpy.data.materials.new(look["label"])
    colour = (*look["colour"], 1.0)
    material.diffuse_color = colour
    material.roughness = look["roughness"]
    shader = compat.principled_shader(material)
    shader.inputs["Base Color"].default_value = colour
    shader.inputs["Roughness"].default_value = look["roughness"]
    return material
