"""The bone map as the user edits it, kept with the armature object."""

from typing import Any

import bpy

from .. import compat

CHOSEN = "edge_dance_bones"
"""The armature object's property with the bones that the user has chosen. Empty: they are found from their names.

A collection, not a pointer to a group that has one: Blender 5 forgets what a library override says of such groups.
"""

SHOWN = "edge_dance_bone"
"""The number of the one that is highlighted in the list."""

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
    """Select the highlighted slot's bone alone and make it the active one, so that the viewport shows which it is."""
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
