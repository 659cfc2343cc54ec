"""Dances of MMD's characters, as MMD Tools imports them, as VMD files of MikuMikuDance."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from .. import compat
from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.vmd import FPS, BoneTrack, save_vmd
from ..lookups import scene_rate
from ..rig.paths import bone_of
from ..rig.retarget import bone_map_of

_SIDED = re.compile(r"(.+)[._]([LR])")
_SIDES = {"L": "左", "R": "右"}


def write_vmd(armature: bpy.types.Object, path: Path) -> None:
    """Write the bones' motion over the scene's frames: what the character shows, with the IK of its legs switched off.

    Bones that follow others (twist, D and cancel bones) are left to MMD. The object's own place and turn are not in the
    file. Raises EdgeError vmd_other_rig where the armature is not named as MMD's models are, rig_unfit; OSError.
    """
    scene: Any = bpy.context.scene
    if bone_map_of(armature).family != "mmd":
        raise EdgeError(
            "vmd_other_rig",
            f"The bones of {armature.name} are not named as MMD's, so that a VMD file moves none of them.",
            "Choose a character that MMD Tools imported, or another format.",
        )
    solved = {name: target for target, chain in _ik_chains(armature) for name in chain}
    moved = _moved(armature) | solved.keys()
    names = [bone.name for bone in armature.pose.bones if bone.name in moved]
    matrices = _sampled(armature, scene, names, solved.keys())
    tracks = [
        BoneTrack(mmd_name(armature.pose.bones[name]), *_in_model_axes(armature.data.bones[name], bone))
        for name, bone in zip(names, matrices, strict=True)
    ]
    targets = [mmd_name(armature.pose.bones[name]) for name in dict.fromkeys(solved.values())]
    save_vmd(path, mmd_model_name(armature), tracks, targets)


def mmd_name(bone: bpy.types.PoseBone) -> str:
    """The bone's Japanese name: as MMD Tools stores it, else by its name, with 左 and 右 for L and R."""
    stored = compat.foreign_property(bone, "mmd_bone")
    name = _text(stored, "name_j")
    if not name and (sided := _SIDED.fullmatch(bone.name)) and not bone.name.isascii():
        name = _SIDES[sided[2]] + sided[1]
    return name or bone.name


def mmd_model_name(armature: bpy.types.Object) -> str:
    """The model's name, which MMD Tools stores on the armature's parent, else the armature's."""
    root = armature.parent
    return (_text(compat.foreign_property(root, "mmd_root"), "name") if root else "") or armature.name


def _text(stored: Any, name: str) -> str:
    """A text in a property group of another add-on, or in custom properties where that add-on is not enabled."""
    value = stored.get(name) if hasattr(stored, "to_dict") else getattr(stored, name, "")
    return str(value or "")


def _ik_chains(armature: bpy.types.Object) -> Iterator[tuple[str, list[str]]]:
    """The target of each IK constraint, and the bones that it turns."""
    for bone in armature.pose.bones:
        for constraint in bone.constraints:
            if constraint.type == "IK" and constraint.subtarget in armature.pose.bones:
                chain = [bone, *bone.parent_recursive]
                yield constraint.subtarget, [one.name for one in chain[: constraint.chain_count or None]]


def _moved(armature: bpy.types.Object) -> set[str]:
    """Bones that the action keys, or that are posed."""
    data: Any = armature.animation_data
    action = data.action if data else None
    keyed = {bone_of(curve.data_path) for curve in compat.fcurves_of(action, armature)} if action else set()
    rest = np.eye(4)
    posed = {bone.name for bone in armature.pose.bones if np.abs(np.array(bone.matrix_basis) - rest).max() > 1e-6}
    return (keyed | posed) & set(armature.pose.bones.keys())


def _sampled(armature: bpy.types.Object, scene: bpy.types.Scene, names: list[str], solved: Any) -> np.ndarray:
    """Matrices (bones, T, 4, 4) of the bones against their rest pose, in their own axes; solved: with their IK."""
    step = scene_rate(scene) / FPS
    count = int((scene.frame_end - scene.frame_start) / step + 1e-3) + 1
    found = np.empty((len(names), count, 4, 4))
    for number, frame in enumerate(scene.frame_start + step * np.arange(count)):
        scene.frame_set(int(frame // 1), subframe=float(frame % 1))
        posed: Any = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        for place, name in enumerate(names):
            bone = posed.pose.bones[name]
            local = bone.matrix_basis
            if name in solved:
                local = posed.convert_space(pose_bone=bone, matrix=bone.matrix, from_space="POSE", to_space="LOCAL")
            found[place, number] = local
    return found


def _in_model_axes(bone: bpy.types.Bone, matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (T, 3, 3) and places (T, 3) in the armature's axes, from matrices (T, 4, 4) in the bone's."""
    rest = np.array(bone.matrix_local.to_3x3())
    scale = np.linalg.norm(matrices[:, :3, :3], axis=1, keepdims=True)
    return rest @ (matrices[:, :3, :3] / scale) @ rest.T, matrices[:, :3, 3] @ rest.T
