"""Actions that repeat."""

from typing import Any

import bpy

from .. import compat


def make_cyclic(action: bpy.types.Action, travels: bool) -> None:
    """Mark the action as cyclic, with a Cycles modifier on each F-curve that has more than one key.

    travels: whether locations continue from the end of the previous repetition (Repeat with Offset). F-curves that
    repeat already stay as they are.
    """
    action.use_cyclic = True
    for curve in compat.fcurves_of(action):
        if len(curve.keyframe_points) < 2 or _cycles_of(curve):
            continue
        modifier = curve.modifiers.new("CYCLES")
        goes_on = travels and curve.data_path.endswith("location")
        modifier.mode_before = modifier.mode_after = "REPEAT_OFFSET" if goes_on else "REPEAT"


def repetition_of(action: bpy.types.Action) -> bool | None:
    """Whether locations go on from repetition to repetition of a cyclic action; None for other actions."""
    if not action.use_cyclic:
        return None
    return any(
        cycles.mode_after == "REPEAT_OFFSET" for curve in compat.fcurves_of(action) for cycles in _cycles_of(curve)
    )


def copy_cycles(source: bpy.types.FCurve, target: bpy.types.FCurve) -> None:
    """Give an F-curve the Cycles modifiers of another."""
    for old in _cycles_of(source):
        new: Any = target.modifiers.new("CYCLES")
        new.mode_before, new.mode_after = old.mode_before, old.mode_after


def _cycles_of(curve: bpy.types.FCurve) -> list[Any]:
    return [modifier for modifier in curve.modifiers if modifier.type == "CYCLES"]
