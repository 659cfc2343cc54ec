"""Redraws of the sidebar, for progress, and of the viewport."""

import bpy


def redraw_sidebars(context: bpy.types.Context) -> None:
    """Tag the sidebar of every 3D View for redraw."""
    _redraw(context, "UI")


def redraw_views(context: bpy.types.Context) -> None:
    """Tag every 3D View with its sidebar for redraw."""
    _redraw(context, "WINDOW", "UI")


def _redraw(context: bpy.types.Context, *kinds: str) -> None:
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                for region in area.regions:
                    if region.type in kinds:
                        region.tag_redraw()
