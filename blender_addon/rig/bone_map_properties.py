"""The properties of armature objects in which the user's bone map is stored."""

from typing import Any

import bpy

from .. import compat

CHOSEN = "edge_dance_bones"
"""The armature object's property with the bones that the user has chosen. Empty: bones are recognised.

A collection, not a pointer to a group that has one: Blender 5 does not save library overrides of such groups.
"""

SHOWN = "edge_dance_bone"
"""The property with the index of the highlighted item."""

_OVERRIDABLE: Any = {"LIBRARY_OVERRIDABLE"}


class EDGE_DANCE_BoneSlot(bpy.types.PropertyGroup):
    """A part of the body and the bone for it"""

    name: bpy.props.StringProperty(name="Slot", override=_OVERRIDABLE)
    bone: bpy.props.StringProperty(
        name="Bone", description="The bone for this part of the body; empty if there is none", override=_OVERRIDABLE
    )


def active_slot(armature: bpy.types.Object) -> Any | None:
    """The item that is highlighted in the list."""
    slots: Any = getattr(armature, CHOSEN)
    number = getattr(armature, SHOWN)
    return slots[number] if 0 <= number < len(slots) else None


def light_bone(armature: bpy.types.Object) -> None:
    """Select only the highlighted slot's bone and make it active, so that the viewport shows it."""
    item = active_slot(armature)
    bones: Any = armature.data.bones
    if item is None or item.bone not in bones:
        return
    for bone in armature.pose.bones:
        compat.select_bone(bone, bone.name == item.bone)
    bones.active = bones[item.bone]


def register() -> None:
    """Give every object a bone map."""
    props: Any = bpy.props
    slots = props.CollectionProperty(type=EDGE_DANCE_BoneSlot, override=_OVERRIDABLE | {"USE_INSERTION"})
    setattr(bpy.types.Object, CHOSEN, slots)
    shown = props.IntProperty(
        name="Active Slot", override=_OVERRIDABLE, update=lambda armature, _: light_bone(armature)
    )
    setattr(bpy.types.Object, SHOWN, shown)


def unregister() -> None:
    """Undo `register`."""
    delattr(bpy.types.Object, SHOWN)
    delattr(bpy.types.Object, CHOSEN)
