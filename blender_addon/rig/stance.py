"""The stance: a pose of the user's choice that replaces the armature's rest pose in all measurements.

It is for armatures whose rest pose is no standing body, as in BVH files where all bones lie along one axis. It is
stored on the object; the armature itself is not changed.
"""

from typing import Any

import bpy
import numpy as np

from ..edge_backend.numerics.array import Array

PROPERTY = "edge_dance_rest_pose"
"""Custom property of the armature object: bone name -> its matrix in armature space, 16 numbers row by row."""


def keep_stance(context: bpy.types.Context, armature: bpy.types.Object) -> None:
    """Store the armature's pose at the current frame as its stance."""
    posed: Any = armature.evaluated_get(context.evaluated_depsgraph_get())
    armature[PROPERTY] = {
        bone.name: [float(value) for row in bone.matrix for value in row] for bone in posed.pose.bones
    }


def drop_stance(armature: bpy.types.Object) -> None:
    """Remove the stance, so that the armature's own rest pose is used."""
    if has_stance(armature):
        del armature[PROPERTY]


def has_stance(armature: bpy.types.Object) -> bool:
    """Whether the armature has a stance."""
    return PROPERTY in armature.keys()  # noqa: SIM118 (no dict)


def stance_matrices(armature: bpy.types.Object) -> dict[str, Array]:
    """Bone name -> its matrix (4, 4) in the stance, armature space; empty without a stance."""
    if not has_stance(armature):
        return {}
    stored: Any = armature[PROPERTY]
    return {name: np.array(values, dtype=np.float64).reshape(4, 4) for name, values in stored.items()}
