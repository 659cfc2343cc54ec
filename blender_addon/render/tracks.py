"""The characters to film, and their positions at every frame."""

import math
from collections.abc import Generator, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

import bpy
import numpy as np

from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.steps import at_once
from ..edge_backend.numerics.array import Array
from ..rig.looking import Showing, seen_in_steps
from ..rig.retarget import bone_map_of, measure
from ..rig.target import active_armature
from ..selection import selected_objects
from ..takes.take_list import current_take


class Track(NamedTuple):
    """Positions of a character, world, metres.

    points: both ends of every deforming bone (T, N, 3). hips: the centre between its thighs (T, 3).
    """

    points: Array
    hips: Array


def selected_characters(context: bpy.types.Context) -> list[bpy.types.Object]:
    """The selected armatures, or those of selected meshes; the active one is the first."""
    active = active_armature(context)
    selected = [ob.find_armature() if ob.type == "MESH" else ob for ob in selected_objects(context)]
    found = dict.fromkeys(ob for ob in selected if ob and ob.type == "ARMATURE")
    return sorted(found, key=lambda ob: ob != active)


def dancers_to_film(context: bpy.types.Context) -> list[bpy.types.Object]:
    """The selected characters, else the active one, else all that show a take.

    Raises EdgeError dancer_none.
    """
    active = active_armature(context)
    found = selected_characters(context) or ([active] if active else [])
    if not found:
        found = [ob for ob in context.scene.objects if ob.type == "ARMATURE" and current_take(ob)]
    if not found:
        raise EdgeError("dancer_none", "There is no dancer to film.", "Select one, or add one with Add Dancer.")
    return found


def tracks_of(armatures: Sequence[bpy.types.Object], scene: bpy.types.Scene, frames: Sequence[float]) -> list[Track]:
    """The tracks of `tracks_in_steps`, in one step."""
    return at_once(tracks_in_steps(armatures, scene, frames, step_s=math.inf))


def tracks_in_steps(
    armatures: Sequence[bpy.types.Object],
    scene: bpy.types.Scene,
    frames: Sequence[float],
    *,
    showing: Showing = nullcontext,
    step_s: float | None = None,
) -> Generator[float, None, list[Track]]:
    """The tracks of these characters at these frames of the scene, in small steps that yield the fraction done.

    showing, step_s, how everything is between two steps, and what is raised: as `seen_in_steps` has it.
    """
    bones = [(_moving_bones(armature), _thighs(armature)) for armature in armatures]
    ends: list[list[Array]] = [[] for _ in armatures]
    hips: list[list[Array]] = [[] for _ in armatures]

    def see(posed: Sequence[Any]) -> None:
        for number, (moving, thighs) in enumerate(bones):
            pose, world = posed[number].pose.bones, np.array(posed[number].matrix_world)
            points = np.array([end for name in moving for end in (pose[name].head, pose[name].tail)])
            ends[number].append(points @ world[:3, :3].T + world[:3, 3])
            middle = np.mean([pose[name].head for name in thighs], axis=0) if thighs else points.mean(axis=0)
            hips[number].append(world[:3, :3] @ middle + world[:3, 3])

    yield from seen_in_steps(armatures, scene, frames, see, showing=showing, step_s=step_s)
    return [Track(np.stack(points), np.stack(middles)) for points, middles in zip(ends, hips, strict=True)]


def floor_under(armature: bpy.types.Object) -> float:
    """Height of the floor on which the character dances, world, metres; that of its origin if it cannot dance."""
    origin: Any = armature.matrix_world
    try:
        measured = measure(armature)[1]
    except EdgeError:
        return float(origin.translation.z)
    floor = measured.to_armature(np.zeros(3)) + measured.floor_offset
    return float((np.array(origin)[:3, :3] @ floor)[2] + origin.translation.z)


def height_of(armature: bpy.types.Object) -> float:
    """Size of the rest pose along its longest axis, world, metres."""
    data: Any = armature.data
    bones = [data.bones[name] for name in _moving_bones(armature)]
    ends = np.array([end for bone in bones for end in (bone.head_local, bone.tail_local)])
    return float(np.ptp(ends @ np.array(armature.matrix_world)[:3, :3].T, axis=0).max())


def _moving_bones(armature: bpy.types.Object) -> list[str]:
    """The deforming bones, or all bones if there are none."""
    data: Any = armature.data
    return [bone.name for bone in data.bones if bone.use_deform] or [bone.name for bone in data.bones]


def _thighs(armature: bpy.types.Object) -> list[str]:
    """The bones that show the thighs; none if the bone map lacks one of them."""
    known = bone_map_of(armature)
    names = [known.read.get(slot) or known.bones.get(slot) for slot in ("thigh.L", "thigh.R")]
    return [name for name in names if name] if all(names) else []
