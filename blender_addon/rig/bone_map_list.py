"""Edits of the bone map's list: fill it, take bones from the selection, mirror one side."""

from typing import Any

import bpy
import numpy as np

from ..edge_backend.motion.retarget.slots import SIDES, mirrored, slot_names
from ..edge_backend.numerics.array import Array
from .bone_map_properties import CHOSEN
from .retarget import bone_map_of, found_bone_map

_NEAR = 0.05
"""Largest distance, as a share of the armature's height, of the opposite bone from the mirrored position."""


def listed(armature: bpy.types.Object) -> list[Any]:
    """The items of the armature's bone map, one for each slot; missing ones are added with the recognised bones."""
    slots: Any = getattr(armature, CHOSEN)
    missing = [slot for slot in slot_names() if slot not in slots]
    found = bone_map_of(armature).bones if missing else {}
    for slot in missing:
        _choose(armature, slot, found.get(slot, ""))
    return [slots[slot] for slot in slot_names()]


def accept(armature: bpy.types.Object, slot: str) -> str:
    """Choose the recognised bone for one slot only. Returns its name, "" if none is recognised."""
    bone = bone_map_of(armature).bones.get(slot, "")
    if bone:
        _choose(armature, slot, bone)
    return bone


def _choose(armature: bpy.types.Object, slot: str, bone: str) -> None:
    slots: Any = getattr(armature, CHOSEN)
    item = slots.get(slot) or slots.add()
    item.name, item.bone = slot, bone


def fill(armature: bpy.types.Object) -> int:
    """Set all items to the recognised bones, replacing the user's choices. Returns the number of bones.

    Items are changed, not replaced: Blender saves changes to a library's items, but not new ones in their place.
    """
    found = found_bone_map(armature)
    for item in listed(armature):
        item.bone = found.bones.get(item.name, "")
    return len(found.bones)


def selected_bone(context: bpy.types.Context) -> str:
    """The name of the bone that is selected in Pose or Edit Mode; "" for none."""
    if context.active_pose_bone is not None:
        return context.active_pose_bone.name
    return context.active_bone.name if context.active_bone is not None else ""


def mirror(armature: bpy.types.Object, side: str) -> int:
    """Set the slots of the other side to the bones opposite to those of `side`, L or R. Returns their number."""
    items = {item.name: item for item in listed(armature)}
    count = 0
    for slot, item in items.items():
        if slot.endswith(f".{side}") and item.bone and (other := opposite(armature, item.bone)):
            items[mirrored(slot)].bone = other
            count += 1
    return count


def swap_sides(armature: bpy.types.Object) -> None:
    """Swap the bones of left and right slots."""
    items = {item.name: item for item in listed(armature)}
    for slot, item in items.items():
        if slot.endswith(f".{SIDES[0]}"):
            other = items[mirrored(slot)]
            item.bone, other.bone = other.bone, item.bone


def opposite(armature: bpy.types.Object, name: str) -> str:
    """The name of the bone on the other side of the body, by name or by position; "" if there is none."""
    bones: Any = armature.data.bones
    flipped = bpy.utils.flip_name(name)
    if flipped != name and flipped in bones:
        return flipped
    if name not in bones:
        return ""
    heads = np.array([bone.head_local for bone in bones])
    place = heads[bones.find(name)]
    middle, across = _mirror_plane(armature, heads)
    there = place - 2 * ((place - middle) @ across) * across
    far = np.linalg.norm(heads - there, axis=1)
    nearest = int(np.argmin(far))
    near = bool(far[nearest] < _NEAR * np.ptp(heads, axis=0).max())
    return bones[nearest].name if near and bones[nearest].name != name else ""


def _mirror_plane(armature: bpy.types.Object, heads: Array) -> tuple[Array, Array]:
    """A point (3,) on the plane between left and right, and its unit normal (3,), armature space."""
    bones: Any = armature.data.bones
    thighs = [found_bone_map(armature).bones.get(f"thigh.{side}", "") for side in SIDES]
    if all(name in bones for name in thighs):
        left, right = (np.array(bones[name].head_local) for name in thighs)
        return (left + right) / 2, (left - right) / max(float(np.linalg.norm(left - right)), 1e-12)
    return heads.mean(axis=0) * (0, 1, 1), np.array([1.0, 0.0, 0.0])
