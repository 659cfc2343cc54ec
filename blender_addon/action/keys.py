"""Writing keys: one array per F-curve, never one call per key."""

from typing import Any

import bpy
import numpy as np
from mathutils import Euler, Quaternion

from .. import compat
from ..edge_backend.motion.rotations import Array
from ..rig.channels import BoneChannels

_INTERPOLATION: Any = bpy.types.Keyframe.bl_rna.properties["interpolation"]
LINEAR: int = _INTERPOLATION.enum_items["LINEAR"].value


def key_bone(curves: Any, bone: bpy.types.PoseBone, frames: Array, channels: BoneChannels) -> None:
    """Key a bone at `frames` (T,), in its own rotation mode, in a group of its name.

    curves: what compat.new_action gave.
    """
    path = f'pose.bones["{bpy.utils.escape_identifier(bone.name)}"]'
    if channels.location is not None:
        _key(curves, f"{path}.location", bone.name, frames, channels.location)
    kind, values = _rotation(bone.rotation_mode, channels.quaternions)
    _key(curves, f"{path}.{kind}", bone.name, frames, values)


def key_switch(curves: Any, path: str, group: str, frame: float, value: float) -> None:
    """Key a property once; it holds from there on, and before."""
    fcurve = compat.new_fcurve(curves, path, 0, group)
    fcurve.keyframe_points.insert(frame, value).interpolation = "CONSTANT"


def _key(curves: Any, path: str, group: str, frames: Array, values: Array) -> None:
    """values: (T, n), one F-curve per column; keys are linear, as sampled motion has to be."""
    linear = np.full(len(frames), LINEAR, np.int32)
    for index, column in enumerate(values.T):
        fcurve = compat.new_fcurve(curves, path, index, group)
        fcurve.keyframe_points.add(len(frames))
        fcurve.keyframe_points.foreach_set("co", np.stack([frames, column], axis=-1).astype(np.float32).ravel())
        fcurve.keyframe_points.foreach_set("interpolation", linear)
        fcurve.update()  # places the handles; without it they are left at random


def _rotation(mode: str, quaternions: Array) -> tuple[str, Array]:
    """The property that this rotation mode reads, and its values (T, 4 or 3) without jumps."""
    if mode == "QUATERNION":
        return "rotation_quaternion", quaternions
    if mode == "AXIS_ANGLE":
        half = np.linalg.norm(quaternions[:, 1:], axis=1, keepdims=True)
        axes = np.where(half > 1e-9, quaternions[:, 1:] / np.maximum(half, 1e-9), (0.0, 1.0, 0.0))
        return "rotation_axis_angle", np.hstack([2 * np.arctan2(half, quaternions[:, :1]), axes])
    eulers: list[Euler] = []
    for quaternion in quaternions.tolist():
        eulers.append(Quaternion(quaternion).to_euler(mode, *eulers[-1:]))
    return "rotation_euler", np.array(eulers)
