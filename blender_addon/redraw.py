"""Redraws of the sidebar, for progress."""

import bpy


def redraw_sidebars(context: bpy.types.Context) -> None:
    """Tag the sidebar of every 3D View for redraw."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                for region in area.regions:
                    if region.type == "UI":
                        region.tag_redraw()
