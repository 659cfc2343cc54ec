"""Redraws what shows a job's progress."""

import bpy


def redraw_sidebars(context: bpy.types.Context) -> None:
    """Have every 3D View's sidebar drawn anew."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                for region in area.regions:
                    if region.type == "UI":
                        region.tag_redraw()
