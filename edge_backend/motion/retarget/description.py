"""Describes a character's skeleton in a file, and recognises the bones of such a description.

The file is JSON: {"armatures": [{"object", "matrix_world": 4 rows of 4, "bones": [{"name", "parent": null for roots,
"head", "tail": in any unit, armature space, "constraints": types, may be left out}]}]}. It holds names and rest
positions alone; other keys mean nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import EdgeError
from .bone_map import BoneMap, BoneName, Matrix, find_bone_map
from .families import families
from .slots import REQUIRED

_LARGEST_FILE = 64 * 2**20
_LARGEST_SKEW = 0.01
UNEVEN = "The object is scaled differently along its axes: give it the same scale along x, y and z."


@dataclass(frozen=True)
class DescribedArmature:
    """An armature as a file describes it."""

    name: str
    bones: tuple[BoneName, ...]
    world: Matrix


def read_description(path: Path) -> list[DescribedArmature]:
    """The armatures of a description. Raises EdgeError rig_unreadable where the file is none."""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ValueError("it is too large")
        data = json.loads(path.read_text(encoding="utf-8"))
        return [_armature(item) for item in data["armatures"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EdgeError(
            "rig_unreadable",
            f"{path.name} does not describe a rig.",
            "Copy Rig Description in the Dance tab makes such a file.",
            str(error),
        ) from error


def _armature(item: Mapping[str, Any]) -> DescribedArmature:
    world = np.array(item.get("matrix_world", np.eye(4)), dtype=np.float64).reshape(4, 4)
    if not np.isfinite(world).all():
        raise ValueError("matrix_world is not finite")
    bones = []
    for bone in item["bones"]:
        head, tail = (tuple(float(value) for value in bone[end]) for end in ("head", "tail"))
        if len(head) != 3 or len(tail) != 3 or not np.isfinite([*head, *tail]).all():
            raise ValueError(f"the bone {bone['name']} lies nowhere")
        parent = None if bone["parent"] is None else str(bone["parent"])
        bones.append(
            BoneName(str(bone["name"]), parent, head, tail, any(map(places_bone, bone.get("constraints", ()))))
        )
    return DescribedArmature(str(item["object"]), tuple(bones), tuple(map(tuple, world.tolist())))


def places_bone(constraint: str) -> bool:
    """Whether a constraint of this type moves its bone by itself; limits do not, and IK is handled by families."""
    return not constraint.startswith(("LIMIT_", "IK"))


def described(armature: DescribedArmature) -> dict[str, Any]:
    """The armature as an item of the file's `armatures`."""
    return {
        "object": armature.name,
        "matrix_world": [list(row) for row in armature.world],
        "bones": [{"name": b.name, "parent": b.parent, "head": b.head, "tail": b.tail} for b in armature.bones],
    }


def uneven(world: Matrix) -> bool:
    """Whether an object is scaled differently along its axes, which would shear a dance."""
    scale = np.linalg.norm(np.array(world)[:3, :3], axis=0)
    return bool(scale.min() < (1 - _LARGEST_SKEW) * scale.max())


def found_in(armatures: list[DescribedArmature]) -> dict[str, Any]:
    """The result of the recognition as JSON types: armature, family, slots, fingers, doubts and problems.

    Of several armatures, a control rig is preferred to the skeleton that it was made from, then the most complete one.
    """
    if not armatures:
        return _as_json(None, None)
    maps = [(armature, find_bone_map(armature.bones, None, armature.world)) for armature in armatures]
    return _as_json(*max(maps, key=lambda found: _fitness(found[1])))


def _fitness(bone_map: BoneMap) -> tuple[bool, bool, int]:
    controls = {family.name for family in families() if family.more.get("controls")}
    slots = sum(slot in bone_map.bones for slot in REQUIRED)
    return not bone_map.problems, bone_map.family in controls, slots


def _as_json(armature: DescribedArmature | None, bone_map: BoneMap | None) -> dict[str, Any]:
    if armature is None or bone_map is None:
        none: dict[str, Any] = {"armature": None, "family": "", "slots": {}, "fingers": {}, "doubts": {}}
        return none | {"problems": ["There is no armature in it."]}
    problems = [note.text for note in bone_map.problems] + ([UNEVEN] if uneven(armature.world) else [])
    return {
        "armature": armature.name,
        "family": bone_map.family,
        "slots": dict(bone_map.bones),
        "fingers": {digit: list(chain) for digit, chain in bone_map.fingers.items()},
        "doubts": dict(bone_map.doubts),
        "problems": problems,
    }
