"""Actions that repeat."""

from typing import Any

import bpy

from .. import compat


def make_cyclic(action: bpy.types.Action, travels: bool) -> None:
    """Mark the action as cyclic, with a Cycles modifier on each F-curve that has more than one key.

    travels: whether locations continue from the end of the previous repetition (Repeat with Offset).
    """
    action.use_cyclic = True
    for curve in compat.fcurves_of(action):
        if len(curve.keyframe_points) < 2:
            continue
        modifier = curve.modifiers.new("CYCLES")
        goes_on = travels and curve.data_path.endswith("location")
        modifier.mode_before = modifier.mode_after = "REPEAT_OFFSET" if goes_on else "REPEAT"


def copy_cycles(source: bpy.types.FCurve, target: bpy.types.FCurve) -> None:
    """Give an F-curve the Cycles modifiers of another."""
    for modifier in source.modifiers:
        if modifier.type == "CYCLES":
            old: Any = modifier
            new: Any = target.modifiers.new("CYCLES")
            new.mode_before, new.mode_after = old.mode_before, old.mode_after
