"""The channels that are constant in a dance: those of the body's ancestor bones, and some of its own bones."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Quaternion, Vector

from .. import compat
from ..edge_backend.motion.retarget.bone_map import BoneMap
from ..edge_backend.numerics.array import Array
from .paths import bone_path, rotation_property

TAKE = "edge_dance"
"""The custom property that marks actions as takes, and the prefix of those of all actions that this extension made."""

_MOVED = 1e-4

_REST = {
    "location": np.zeros(3), "scale": np.ones(3), "rotation_quaternion": np.array((1.0, 0.0, 0.0, 0.0)),
    "rotation_axis_angle": np.array((0.0, 0.0, 1.0, 0.0)), "rotation_euler": np.zeros(3),
}  # fmt: skip
"""The channels' values at rest."""


@dataclass(frozen=True, slots=True)
class StandingBone:
    """A bone's present location, rotation and scale channels.

    rotation: the name of its rotation's property. values: property -> value. keyed: the properties that a take has to
    key: those that are not locked; locked ones and scale only if they are not at rest or any action keys them.
    """

    rotation: str
    values: dict[str, Array]
    keyed: frozenset[str]


def carriers(armature: bpy.types.Object, bone_map: BoneMap) -> list[bpy.types.PoseBone]:
    """The bones of the bone map and all their ancestors."""
    bones = armature.pose.bones
    found: dict[str, bpy.types.PoseBone] = {}
    waiting = [bones[name] for name in (*bone_map.bones.values(), *bone_map.rest) if name in bones]
    while waiting:
        bone = waiting.pop()
        if bone.name not in found:
            found[bone.name] = bone
            waiting += [bone.parent] if bone.parent else []
            waiting += [bones[bone_map.parents[bone.name]]] if bone.name in bone_map.parents else []
    return list(found.values())


def standing_bones(armature: bpy.types.Object, bone_map: BoneMap) -> dict[str, StandingBone]:
    """The bones of the bone map and all their ancestors, by name, with their present channels.

    Channels that the user's own animation changes are taken to be at rest, and a root bone that carries the current
    take to be where it was at the take's start.
    """
    bones = carriers(armature, bone_map)
    root, start = carried_from(armature) or ("", Vector())
    moving, elsewhere = moving_channels(armature, bones), _keyed_paths()
    found = {}
    for bone in bones:
        turn = rotation_property(bone.rotation_mode)
        locks: dict[str, Any] = {"location": bone.lock_location, turn: bone.lock_rotation, "scale": (True,)}
        values = {name: _REST[name] if (bone.name, name) in moving else np.array(getattr(bone, name)) for name in locks}
        if root == bone.name:
            values["location"] = np.array(start)
        if bone.bone.use_connect:
            del locks["location"]
        keyed = {
            name
            for name, lock in locks.items()
            if not all(lock)
            or f"{bone_path(bone.name)}.{name}" in elsewhere
            or not np.abs(values[name] - _REST[name]).max() <= _MOVED
        }
        found[bone.name] = StandingBone(turn, values, frozenset(keyed))
    return found


def carried_from(armature: bpy.types.Object) -> tuple[str, Vector] | None:
    """The bone that carries the current take over the floor, "" for the object, and its location at the take's start.

    None if the hips carry it, and without a take.
    """
    action: Any = armature.animation_data.action if armature.animation_data else None
    stored = action[TAKE].get("root_motion") if action and TAKE in action.keys() else None  # noqa: SIM118 (no dict)
    return (stored["bone"], Vector(stored["start"])) if stored else None


def standing_poses(armature: bpy.types.Object, moving: set[tuple[str, str]]) -> dict[str, Array]:
    """Bone -> its `standing_pose` (4, 4), for all bones of the armature."""
    bones: Any = armature.pose.bones
    poses = dict(zip(bones.keys(), matrices(bones, "matrix_basis"), strict=True))
    root, _ = carried_from(armature) or ("", None)
    for name in {bone for bone, _ in moving} | ({root} & poses.keys()):  # others stand as they are
        poses[name] = np.array(standing_pose(bones[name], moving))
    return poses


def standing_pose(bone: bpy.types.PoseBone, moving: set[tuple[str, str]]) -> Matrix:
    """The bone's present pose relative to rest, with the channels in `moving` at rest (see `moving_channels`).

    A root bone that carries the current take is where it was at the take's start.
    """
    location, rotation, scale = bone.matrix_basis.decompose()
    armature: Any = bone.id_data
    carried = carried_from(armature)
    if carried and carried[0] == bone.name:
        location = carried[1]
    if (bone.name, "location") in moving:
        location = Vector()
    if (bone.name, rotation_property(bone.rotation_mode)) in moving:
        rotation = Quaternion()
    if (bone.name, "scale") in moving:
        scale = Vector((1, 1, 1))
    return Matrix.LocRotScale(location, rotation, scale)


def matrices(bones: Any, name: str) -> Array:
    """A property of all bones (bones, 4, 4), in their order. bones: a collection of Blender's."""
    columns = np.empty(16 * len(bones), np.float32)
    bones.foreach_get(name, columns)
    return np.swapaxes(columns.reshape(-1, 4, 4), 1, 2).astype(np.float64, order="C")


def in_pose(bone: bpy.types.PoseBone, matrix: Matrix, invert: bool = False) -> Matrix:
    """Convert a matrix from the bone's channels to armature space with its parent's present pose, or back."""
    above: Any = {}
    if bone.parent:
        above = {"parent_matrix": bone.parent.matrix, "parent_matrix_local": bone.parent.bone.matrix_local}
    return bone.bone.convert_local_to_pose(matrix, bone.bone.matrix_local, **above, invert=invert)


def moving_channels(armature: bpy.types.Object, bones: list[bpy.types.PoseBone]) -> set[tuple[str, str]]:
    """(bone, property) of channels that the user's own animation (strips, or an action that is no take) changes."""
    paths = {
        f"{bone_path(bone.name)}.{channel}": (bone.name, channel)
        for bone in bones
        for channel in ("location", rotation_property(bone.rotation_mode), "scale")
    }
    return {
        paths[curve.data_path]
        for curves in _animations(armature)
        for curve in curves
        if curve.data_path in paths and changes(curve)
    }


def changes(curve: bpy.types.FCurve | None) -> bool:
    """Whether the F-curve exists and is not constant."""
    if curve is None:
        return False
    points: Any = curve.keyframe_points
    values = np.empty(2 * len(points), np.float32)
    points.foreach_get("co", values)
    return len(curve.modifiers) > 0 or (len(points) > 1 and float(np.ptp(values[1::2])) > _MOVED)


def playing_strips(data: Any) -> Iterator[Any]:
    """The NLA strips of animation data that are not muted, those in meta strips too."""
    for track in data.nla_tracks:
        if not track.mute:
            yield from _unmuted(track.strips)


def _unmuted(strips: Any) -> Iterator[Any]:
    for strip in strips:
        if not strip.mute:
            yield strip
            yield from _unmuted(getattr(strip, "strips", ()))


def _animations(armature: bpy.types.Object) -> Iterator[Any]:
    data: Any = armature.animation_data
    if data is None:
        return
    if data.action and not is_ours(data.action):
        yield compat.fcurves_of(data.action, armature)
    for strip in playing_strips(data):
        if strip.action and not is_ours(strip.action):
            yield compat.strip_fcurves(strip)


def is_ours(action: bpy.types.Action) -> bool:
    """Whether this extension made the action: a take, or one that becomes a take."""
    return any(key.startswith(TAKE) for key in action.keys())  # noqa: SIM118 (no dict)


def _keyed_paths() -> set[str]:
    return {curve.data_path for action in bpy.data.actions for curve in compat.fcurves_of(action)}
