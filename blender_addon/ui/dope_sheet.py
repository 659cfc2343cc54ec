"""Constraints drawn behind the keys in the dope sheet and the timeline: bars for ranges, lines for poses."""

from typing import Any

import bpy

from ..rig.target import active_armature
from ..takes.take_list import KEEP

_COLOUR = (0.15, 0.85, 0.65)  # a colour that Blender does not use there
_BAR, _LINE = 0.18, 0.9  # opacity of a range and of a pose at weight 1
_handle: Any = None


def show_constraints() -> None:
    """Add the draw handler."""
    global _handle  # noqa: PLW0603
    space: Any = bpy.types.SpaceDopeSheetEditor
    _handle = space.draw_handler_add(_draw, (), "WINDOW", "POST_PIXEL")


def hide_constraints() -> None:
    """Remove the draw handler."""
    global _handle  # noqa: PLW0603
    if _handle is not None:
        space: Any = bpy.types.SpaceDopeSheetEditor
        space.draw_handler_remove(_handle, "WINDOW")
        _handle = None


def constraint_spans(armature: bpy.types.Object, first: float, last: float) -> list[tuple[float, float, float]]:
    """(start, end, opacity) of each row that is not muted; of a pose, start = end; open ends are first and last."""
    found = []
    for item in getattr(armature, KEEP):
        if item.mute:
            continue
        if item.kind == "POSE":
            found.append((float(item.start), float(item.start), _LINE * item.weight))
        else:
            start = first if item.open_start else float(item.start)
            end = last if item.open_end else float(item.end)
            found.append((start, end, _BAR * item.weight))
    return found


def _draw() -> None:
    context = bpy.context
    armature = active_armature(context)
    region: Any = context.region
    if armature is None or region is None:
        return
    view = region.view2d
    first, last = (view.region_to_view(x, 0)[0] for x in (0, region.width))
    for start, end, opacity in constraint_spans(armature, first, last):
        left, right = (view.view_to_region(frame, 0, clip=False)[0] for frame in (start, end))
        _rectangle(left - 1, max(right, left) + 1, region.height, (*_COLOUR, opacity))


def _rectangle(left: float, right: float, height: float, colour: tuple[float, float, float, float]) -> None:
    import gpu  # noqa: PLC0415 (there is no GPU in background mode)
    from gpu_extras.batch import batch_for_shader  # noqa: PLC0415

    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    corners = ((left, 0), (right, 0), (right, height), (left, height))
    batch = batch_for_shader(shader, "TRI_FAN", {"pos": corners})
    gpu.state.blend_set("ALPHA")
    shader.uniform_float("color", colour)
    batch.draw(shader)
    gpu.state.blend_set("NONE")
