"""Another rest pose than the armature's own: the pose in which a character stands as a body does.

An imported BVH may have a rest pose in which all limbs lie along one axis. The armature is left as it is; the pose is
kept with the object and is used wherever a rest pose is measured.
"""

from typing import Any

import bpy
import numpy as np

from ..edge_backend.numerics.array import Array

PROPERTY = "edge_dance_rest_pose"
"""The armature object's custom property: bone name -> the 16 numbers of its matrix, armature space, row by row."""


def keep_stance(context: bpy.types.Context, armature: bpy.types.Object) -> None:
    """Take the pose in which the armature stands in this frame as its rest pose."""
    posed: Any = armature.evaluated_get(context.evaluated_depsgraph_get())
    armature[PROPERTY] = {
        bone.name: [float(value) for row in bone.matrix for value in row] for bone in posed.pose.bones
    }


def drop_stance(armature: bpy.types.Object) -> None:
    """Use the armature's own rest pose again."""
    if has_stance(armature):
        del armature[PROPERTY]


def has_stance(armature: bpy.types.Object) -> bool:
    """Whether another rest pose is in use."""
    return PROPERTY in armature.keys()  # noqa: SIM118 (no dict)


def stance_matrices(armature: bpy.types.Object) -> dict[str, Array]:
    """Bone name -> (4, 4) where it stands, armature space; empty where the armature's own rest pose is used."""
    if not has_stance(armature):
        return {}
    kept: Any = armature[PROPERTY]
    return {name: np.array(values, dtype=np.float64).reshape(4, 4) for name, values in kept.items()}
