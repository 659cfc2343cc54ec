"""How Blender names the channels of bones."""

import re

import bpy


def bone_path(bone: str) -> str:
    """The bone's path from its object."""
    return f'pose.bones["{bpy.utils.escape_identifier(bone)}"]'


def bone_of(path: str) -> str:
    """The bone that an F-curve's path speaks of, "" if it speaks of something else."""
    found = re.match(r'pose\.bones\["((?:[^"\\]|\\.)*)"\]', path)
    return bpy.utils.unescape_identifier(found[1]) if found else ""


def rotation_property(mode: str) -> str:
    """The property that a bone of this rotation mode reads."""
    return {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}.get(mode, "rotation_euler")
