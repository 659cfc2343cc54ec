"""The selected objects and the mode, as the view layer has them: a context without a screen, as in a timer, has no list
of what is selected."""

from typing import Any

import bpy


def selected_objects(context: bpy.types.Context) -> list[bpy.types.Object]:
    """The selected objects of the context's view layer."""
    layer: Any = context.view_layer
    return list(layer.objects.selected)


def select_only(context: bpy.types.Context, ob: bpy.types.Object) -> None:
    """Make the object the active one, and the only one that is selected."""
    for other in selected_objects(context):
        other.select_set(False)
    ob.select_set(True)
    context.view_layer.objects.active = ob


def to_object_mode(context: bpy.types.Context) -> None:
    """Leave any other mode. Blender's operator refuses that to an object in Pose Mode that is disabled in viewports."""
    ob = context.view_layer.objects.active
    if ob is None or ob.mode == "OBJECT":
        return
    hidden, ob.hide_viewport = ob.hide_viewport, False
    try:
        bpy.ops.object.mode_set(mode="OBJECT")
    finally:
        ob.hide_viewport = hidden
