"""Data paths and property names of bones' channels."""

import re

import bpy


def bone_path(bone: str) -> str:
    """The bone's path from its object."""
    return f'pose.bones["{bpy.utils.escape_identifier(bone)}"]'


def bone_of(path: str) -> str:
    """The bone in an F-curve's data path, "" if there is none."""
    found = re.match(r'pose\.bones\["((?:[^"\\]|\\.)*)"\]', path)
    return bpy.utils.unescape_identifier(found[1]) if found else ""


def rotation_property(mode: str) -> str:
    """The rotation property that is in use in this rotation mode."""
    return {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}.get(mode, "rotation_euler")
