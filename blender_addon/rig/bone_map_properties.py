"""The bone map as the user edits it, kept with the armature object."""

import bpy


class EDGE_DANCE_BoneSlot(bpy.types.PropertyGroup):
    """A part of the body and the bone for it"""

    name: bpy.props.StringProperty(name="Slot", override={"LIBRARY_OVERRIDABLE"})
    bone: bpy.props.StringProperty(
        name="Bone", description="The bone for this part of the body; empty if there is none",
        override={"LIBRARY_OVERRIDABLE"},
    )  # fmt: skip


class EDGE_DANCE_BoneMap(bpy.types.PropertyGroup):
    """Which bone is what. Empty: found from the bones' names"""

    slots: bpy.props.CollectionProperty(type=EDGE_DANCE_BoneSlot, override={"LIBRARY_OVERRIDABLE", "USE_INSERTION"})
    active: bpy.props.IntProperty(name="Active Slot", override={"LIBRARY_OVERRIDABLE"})
