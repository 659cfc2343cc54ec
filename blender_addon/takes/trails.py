"""Trails: the paths of hips and feet in a take, and ghosts of its constrained poses, read for drawing."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

import bpy
import numpy as np

from ..edge_backend.motion.retarget.slots import HIPS, TRAVEL
from ..edge_backend.motion.skeleton import SMPL, Joint
from ..edge_backend.numerics.array import Array
from ..keyframes.take_details import span
from ..rig.dancer import is_dancer
from ..rig.looking import seen_in_steps
from ..rig.retarget import bone_map_of
from ..rig.skeleton import BONE_NAMES
from .take_list import KEEP

PATHS = (HIPS, "foot.L", "foot.R")


@dataclass(frozen=True, eq=False)
class Trails:
    """The trails of a character, metres, world.

    character, action: their session_uids. frames: (T,) of the scene. paths: (3, T, 3), in the order of PATHS. ghosts:
    (lines, 2, 3), line segments of the constrained poses.
    """

    character: int
    action: int
    frames: Array
    paths: Array
    ghosts: Array


class Display:
    """The trails that the viewport shows, None for none."""

    trails: Trails | None = None


display = Display()
"""The display of this Blender process."""


def read_trails_in_steps(
    armature: bpy.types.Object, scene: bpy.types.Scene, action: bpy.types.Action
) -> Generator[float, None, Trails]:
    """Read the trails at every frame of the armature's action, in small steps that yield the fraction done.

    Raises EdgeError dancer_gone, reading_ended.
    """
    first, last = span(action)
    frames = np.arange(round(first), round(last) + 1)
    poses = sorted({item.start for item in getattr(armature, KEEP) if item.kind == "POSE" and not item.mute})
    slots, lines = _slots(armature), _lines(armature)
    uids = armature.session_uid, action.session_uid
    paths: list[list[Array]] = []
    ghosts: list[list[tuple[Array, ...]]] = []

    def see(armatures: Sequence[bpy.types.Object]) -> None:
        bones, world = armatures[0].pose.bones, armatures[0].matrix_world
        if len(paths) < len(frames):
            paths.append([np.array(world @ bones[name].head) for name in slots])
        else:
            ghosts.append(
                [(np.array(world @ bones[one].head), np.array(world @ bones[end].head)) for one, end in lines]
            )

    yield from seen_in_steps([armature], scene, [*frames.tolist(), *poses], see)
    segments = np.array(ghosts, np.float32).reshape(-1, 2, 3)
    return Trails(*uids, frames, np.array(paths, np.float32).swapaxes(0, 1), segments)


def _slots(armature: bpy.types.Object) -> list[str]:
    """The bones of PATHS."""
    if is_dancer(armature):
        return [BONE_NAMES[joint] for joint in (Joint.PELVIS, Joint.LEFT_ANKLE, Joint.RIGHT_ANKLE)]
    return [_seen_bones(armature)[slot] for slot in PATHS]


def _lines(armature: bpy.types.Object) -> list[tuple[str, str]]:
    """Pairs of bones whose heads a ghost's lines connect: each mapped bone and its nearest mapped ancestor."""
    if is_dancer(armature):
        return [
            (BONE_NAMES[parent], name) for name, parent in zip(BONE_NAMES, SMPL.parents, strict=True) if parent >= 0
        ]
    names = set(_seen_bones(armature).values())
    above = bone_map_of(armature).parents
    lines = []
    for name in names:
        parent = armature.data.bones[name].parent
        while parent and parent.name not in names:
            over = above.get(parent.name)
            parent = armature.data.bones[over] if over else parent.parent
        if parent:
            lines.append((parent.name, name))
    return sorted(lines)


def _seen_bones(armature: bpy.types.Object) -> Mapping[str, str]:
    """Slot -> the bone whose position is drawn; on control rigs, the one that follows the controls."""
    bone_map = bone_map_of(armature)
    return {slot: bone_map.read.get(slot, bone) for slot, bone in bone_map.bones.items() if slot != TRAVEL}
