"""The meshes of an armature's feet at rest: where its soles are, whatever its bones say."""

from collections.abc import Mapping
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from ..edge_backend.motion.feet.meshes import SECTIONS, FootMesh
from ..edge_backend.motion.retarget.bone_map import BoneMap
from ..edge_backend.motion.retarget.slots import SIDES
from ..edge_backend.numerics.array import Array

_NEAR = 0.6
"""Share of the leg's length, or of the distance of the feet in wide bodies, from the foot's bone to its mesh."""
_FOOT = 0.8
"""Share of the shin's length: bones that begin farther from the knee move the foot, and what the shin moves there is
in its place where the foot moves nothing."""
_SHIN_SECTION, _FOOT_SECTION = SECTIONS.index("shin"), SECTIONS.index("foot")
_BESIDE = 0.08
"""Share of the leg's length from thigh and shin: bones that begin farther off move with the hips."""
_SHARE = 0.05
"""A vertex of a foot has at least this share of its weights from bones of the foot."""
_FEWEST = 12
"""Vertices of which a foot's mesh consists at least, those that it moves more than all others."""
_MOST = 2000
"""Vertices of a mesh that are looked at, the lowest ones."""


def foot_meshes(armature: bpy.types.Object, bone_map: BoneMap) -> dict[str, FootMesh]:
    """Side -> the mesh of that foot at rest, armature space; {} unless both feet have one.

    Of meshes that the armature moves and that are not hidden, the vertices that bones of the foot move, also if others
    move them more. Where these move none, or few, as of shoes that hang on the shins, the lowest that shins move too.
    """
    legs = {side: _Leg(armature, bone_map.bones, side) for side in SIDES}
    data: Any = armature.data
    above = {bone.name for side in SIDES for bone in data.bones[bone_map.bones[f"thigh.{side}"]].parent_recursive}
    deforming = _deforming(data.bones)
    sections = {side: legs[side].sections(deforming, legs[_other(side)], above) for side in SIDES}
    for first in (_FOOT_SECTION, _SHIN_SECTION):
        found = _moved_meshes(armature, legs, sections, first)
        if all(side in found and len(found[side].own_points) >= _FEWEST for side in SIDES):
            return found
    return {}


def _moved_meshes(
    armature: bpy.types.Object, legs: Mapping[str, "_Leg"], sections: Mapping[str, Mapping[str, int]], first: int
) -> dict[str, FootMesh]:
    """Side -> the vertices near the foot that bones move which are of the section `first` or of one below it."""
    found: dict[str, list[FootMesh]] = {side: [] for side in SIDES}
    for ob in bpy.data.objects:
        if ob.type != "MESH" or ob.hide_viewport or (place := _place(armature, ob)) is None:
            continue
        points: Array | None = None
        for side, leg in legs.items():
            if not _moves_from(ob, sections[side], first):
                continue
            points = _rest_points(ob, place) if points is None else points
            near = leg.lowest_near(points) if first == _FOOT_SECTION else leg.end_of_shin(points, legs[_other(side)])
            shares = _carried_by(sections[side].get(ob.parent_bone, 0))
            if ob.parent_type != "BONE":
                near, shares = _moved_by(ob, near, sections[side], first)
            found[side].append(FootMesh(points[near], np.broadcast_to(shares, (len(near), len(SECTIONS))), first))
    return {side: _joined(parts) for side, parts in found.items() if parts}


class _Leg:
    """One leg at rest, armature space."""

    def __init__(self, armature: bpy.types.Object, bones: Mapping[str, str], side: str) -> None:
        data: Any = armature.data
        ends = {part: data.bones[bones[f"{part}.{side}"]] for part in ("thigh", "shin", "foot")}
        self.hip, self.knee, self.ankle = (np.array(ends[part].head_local) for part in ("thigh", "shin", "foot"))
        toes = bones.get(f"toes.{side}")
        self.has_toes = toes is not None
        self.toe = np.array(data.bones[toes].head_local if toes else ends["foot"].tail_local)
        self.tip = np.array(data.bones[toes].tail_local if toes else ends["foot"].tail_local)
        self.shin = float(np.linalg.norm(self.ankle - self.knee))
        across = np.array(data.bones[bones[f"foot.{_other(side)}"]].head_local) - self.ankle
        self.size = max(float(np.linalg.norm(self.knee - self.hip)) + self.shin, float(np.linalg.norm(across)))

    def sections(self, deforming: tuple[list[str], Array], other: "_Leg", above: set[str]) -> dict[str, int]:
        """Deforming bone -> the number in SECTIONS of what it moves with. above: bones above the thighs.

        Bones of the foot begin at the ankle or below, nearer to it than to the other one.
        """
        names, heads = deforming
        off, across = (np.linalg.norm(heads - leg.ankle, axis=1) for leg in (self, other))
        away = np.stack([_off(self.hip, self.knee, heads), _off(self.knee, self.ankle, heads)])
        knee = _along(self.hip, self.knee, heads) > _FOOT
        ankle = (_along(self.knee, self.ankle, heads) > _FOOT) & (away[1] < away[0])
        foot = ankle & (off < _NEAR * self.size) & (off < across)
        way = self.toe - self.ankle
        ahead = self.has_toes & ((heads - self.ankle) @ way > _FOOT * way @ way)
        leg = np.where(knee, 2, 1) * (away.min(axis=0) < _BESIDE * self.size)
        found = np.where(foot, np.where(ahead, 4, _FOOT_SECTION), leg)
        return {name: 0 if name in above else int(number) for name, number in zip(names, found, strict=True)}

    def lowest_near(self, points: Array) -> Any:
        """The numbers of the lowest of the points (n, 3) that are near the foot."""
        return self._lowest(points, np.flatnonzero(_off(self.ankle, self.tip, points) < _NEAR * self.size))

    def end_of_shin(self, points: Array, other: "_Leg") -> Any:
        """The numbers of the lowest of the points (n, 3) that are as near to the foot, at the end of this shin."""
        near = _off(self.ankle, self.tip, points) < _NEAR * self.size
        low = (points - self.knee) @ (self.ankle - self.knee) > _FOOT * self.shin**2
        own = _off(self.knee, self.ankle, points) < _off(other.knee, other.ankle, points)
        return self._lowest(points, np.flatnonzero(near & low & own))

    def _lowest(self, points: Array, numbers: Array) -> Any:
        if len(numbers) > _MOST:
            depth = points[numbers] @ (self.hip - self.ankle)
            numbers = numbers[np.argpartition(depth, _MOST)[:_MOST]]
        return numbers.tolist()


def _deforming(bones: Any) -> tuple[list[str], Array]:
    """The deforming bones, and their heads (n, 3) at rest, armature space."""
    deforms, heads = np.empty(len(bones), bool), np.empty(3 * len(bones), np.float32)
    bones.foreach_get("use_deform", deforms)
    bones.foreach_get("head_local", heads)
    names = [name for name, deform in zip(bones.keys(), deforms, strict=True) if deform]
    return names, heads.reshape(-1, 3)[deforms].astype(np.float64)


def _along(start: Array, end: Array, points: Array) -> Array:
    """The place (n,) on the way from start to end (3,), 0 to 1, that is nearest to each of the points (n, 3)."""
    way = end - start
    along: Array = np.clip((points - start) @ way / max(float(way @ way), 1e-12), 0, 1)
    return along


def _off(start: Array, end: Array, points: Array) -> Array:
    """The distance (n,) of points (n, 3) from the way from start to end (3,)."""
    nearest = start + _along(start, end, points)[:, None] * (end - start)
    return np.asarray(np.linalg.norm(points - nearest, axis=1))


def _joined(parts: list[FootMesh]) -> FootMesh:
    points, shares = (
        np.concatenate(arrays) for arrays in zip(*((one.points, one.shares) for one in parts), strict=True)
    )
    return FootMesh(points, shares, parts[0].first)


def _carried_by(section: int) -> Array:
    """The shares (5,) of what moves with one section alone."""
    shares: Array = np.eye(len(SECTIONS))[section]
    return shares


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


def _moves_from(ob: bpy.types.Object, sections: Mapping[str, int], first: int) -> bool:
    """Whether a bone of the section `first`, or of one below it, moves the mesh or a part of it."""
    names = [ob.parent_bone] if ob.parent_type == "BONE" else [group.name for group in ob.vertex_groups]
    return any(sections.get(name, 0) >= first for name in names)


def _moved_by(
    ob: bpy.types.Object, vertices: list[int], sections: Mapping[str, int], first: int
) -> tuple[list[int], Array]:
    """Those of the vertices that bones from the section `first` on move, and the shares (n, 5) of SECTIONS."""
    mesh: Any = ob.data
    numbers = [sections.get(group.name, -1) for group in ob.vertex_groups]
    found, shares = [], []
    for number in vertices:
        share = [0.0] * len(SECTIONS)
        for part in mesh.vertices[number].groups:
            if numbers[part.group] >= 0:
                share[numbers[part.group]] += part.weight
        whole = sum(share)
        if sum(share[first:]) > _SHARE * whole:
            found.append(number)
            shares.append([one / whole for one in share])
    return found, np.array(shares).reshape(-1, len(SECTIONS))
