"""The SMPL body in a scene: an armature with a dancer's bones in the body's proportions, and the skinned mesh."""

import bpy
from mathutils import Vector

from ..edge_backend.body.skinned import SkinnedBody
from .dancer import add_armature, dress, skin
from .skeleton import BONE_NAMES, rest_bones

NAME = "SMPL Body"


def add_body(collection: bpy.types.Collection, body: SkinnedBody, location: Vector) -> bpy.types.Object:
    """Add the body to the collection, at `location`, in T-pose, facing -y. Returns its armature object."""
    name = f"{NAME} {body.gender}".strip()
    armature = add_armature(collection, name, rest_bones(body.joints), location)
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(body.vertices.tolist(), [], body.faces.tolist())
    mesh.polygons.foreach_set("use_smooth", [True] * len(mesh.polygons))
    mesh.validate()
    skinned = bpy.data.objects.new(f"{name} Mesh", mesh)
    skin(skinned, body.weights, BONE_NAMES)
    collection.objects.link(skinned)
    dress(armature, skinned)
    return armature
