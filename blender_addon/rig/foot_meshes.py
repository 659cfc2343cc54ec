"""The meshes of an armature's feet at rest: where its soles are, whatever its bones say."""

from collections.abc import Mapping
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from ..edge_backend.motion.retarget.bone_map import BoneMap
from ..edge_backend.motion.retarget.slots import SIDES
from ..edge_backend.numerics.array import Array

_NEAR = 0.6
"""Share of the leg's length around the foot's bone in which vertices are looked at."""
_FOOT = 0.8
"""Share of the shin's length: bones that begin farther from the knee move the foot."""
_FEWEST = 12
"""Vertices of which a foot's mesh consists at least."""
_MOST = 2000
"""Vertices of a mesh that are looked at, the lowest ones."""


def foot_points(armature: bpy.types.Object, bone_map: BoneMap) -> dict[str, Array]:
    """Side -> points (n, 3) of the mesh of that foot at rest, armature space; {} unless both feet have one.

    Of meshes that the armature moves and that are not hidden, the vertices that bones of the foot move more than all
    others.
    """
    found: dict[str, list[Array]] = {side: [] for side in SIDES}
    legs = {side: _Leg(armature, bone_map.bones, side) for side in SIDES}
    data: Any = armature.data
    above = {bone.name for side in SIDES for bone in data.bones[bone_map.bones[f"thigh.{side}"]].parent_recursive}
    deforming = {bone.name for bone in data.bones if bone.use_deform}
    feet = {side: legs[side].foot_bones(data, legs[_other(side)]) - above for side in SIDES}
    for ob in bpy.data.objects:
        if ob.type != "MESH" or ob.hide_viewport or (place := _place(armature, ob)) is None:
            continue
        points: Array | None = None
        for side, leg in legs.items():
            if ob.parent_type == "BONE" and ob.parent_bone not in feet[side]:
                continue
            points = _rest_points(ob, place) if points is None else points
            near = leg.lowest_near(points)
            if ob.parent_type != "BONE":
                near = _moved_by(ob, near, feet[side], deforming)
            found[side].append(points[near])
    joined = {side: np.concatenate(parts) for side, parts in found.items() if parts}
    return joined if all(len(joined.get(side, ())) >= _FEWEST for side in SIDES) else {}


class _Leg:
    """One leg at rest, armature space."""

    def __init__(self, armature: bpy.types.Object, bones: Mapping[str, str], side: str) -> None:
        data: Any = armature.data
        ends = {part: data.bones[bones[f"{part}.{side}"]] for part in ("thigh", "shin", "foot")}
        self.hip, self.knee, self.ankle = (np.array(ends[part].head_local) for part in ("thigh", "shin", "foot"))
        toes = bones.get(f"toes.{side}")
        self.tip = np.array(data.bones[toes].tail_local if toes else ends["foot"].tail_local)
        self.shin = float(np.linalg.norm(self.ankle - self.knee))
        self.length = float(np.linalg.norm(self.knee - self.hip)) + self.shin

    def foot_bones(self, data: Any, other: "_Leg") -> set[str]:
        """The bones that begin at the ankle or below, nearer to it than to the other one."""
        names = [bone.name for bone in data.bones if bone.use_deform]
        heads = np.array([data.bones[name].head_local for name in names]).reshape(-1, 3)
        off, across = (np.linalg.norm(heads - leg.ankle, axis=1) for leg in (self, other))
        low = np.linalg.norm(heads - self.knee, axis=1) > _FOOT * self.shin
        return {names[at] for at in np.flatnonzero(low & (off < _NEAR * self.length) & (off < across))}

    def lowest_near(self, points: Array) -> Any:
        """The numbers of the lowest of the points (n, 3) that are near the foot."""
        way = self.tip - self.ankle
        along = np.clip((points - self.ankle) @ way / max(float(way @ way), 1e-12), 0, 1)
        off = np.linalg.norm(points - self.ankle - along[:, None] * way, axis=1)
        near = np.flatnonzero(off < _NEAR * self.length)
        if len(near) > _MOST:
            depth = points[near] @ (self.hip - self.ankle)
            near = near[np.argpartition(depth, _MOST)[:_MOST]]
        return near.tolist()


def _other(side: str) -> str:
    return SIDES[1 - SIDES.index(side)]


def _place(armature: bpy.types.Object, ob: bpy.types.Object) -> Array | None:
    """The matrix (4, 4) from the mesh to the armature at rest; None for meshes that the armature does not move."""
    if ob.parent == armature and ob.parent_type == "BONE":
        data: Any = armature.data
        bone = data.bones.get(ob.parent_bone)
        if bone is None:
            return None
        end = bone.matrix_local @ Matrix.Translation((0, bone.length, 0))
        return np.array(end @ ob.matrix_parent_inverse @ ob.matrix_basis)
    if ob.find_armature() != armature:
        return None
    return np.linalg.inv(np.array(armature.matrix_world)) @ np.array(ob.matrix_world)


def _rest_points(ob: bpy.types.Object, place: Array) -> Array:
    """The vertices (n, 3) of a mesh at rest, with its shape keys, armature space."""
    mesh: Any = ob.data
    points = _coordinates(mesh.vertices)
    keys = mesh.shape_keys.key_blocks[1:] if mesh.shape_keys and mesh.shape_keys.use_relative else ()
    for key in keys:
        if key.value and not key.mute and not key.vertex_group:
            points = points + key.value * (_coordinates(key.data) - _coordinates(key.relative_key.data))
    return points @ place[:3, :3].T + place[:3, 3]


def _coordinates(vertices: Any) -> Array:
    found = np.empty(3 * len(vertices), np.float32)
    vertices.foreach_get("co", found)
    return found.reshape(-1, 3).astype(np.float64)


def _moved_by(ob: bpy.types.Object, vertices: list[int], bones: set[str], deforming: set[str]) -> list[int]:
    """Those of the vertices of which these bones have more than half of the weights that deforming bones have."""
    mesh: Any = ob.data
    names = [group.name for group in ob.vertex_groups]
    found = []
    for number in vertices:
        weights = [(names[part.group], part.weight) for part in mesh.vertices[number].groups]
        own = sum(weight for name, weight in weights if name in bones)
        if own > 0.5 * sum(weight for name, weight in weights if name in deforming):
            found.append(number)
    return found
