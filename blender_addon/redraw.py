"""Tags regions for redraw: sidebars, viewports and timelines."""

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


def redraw_timelines(context: bpy.types.Context) -> None:
    """Tag every dope sheet, timeline and sequencer for redraw."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in {"DOPESHEET_EDITOR", "SEQUENCE_EDITOR"}:
                area.tag_redraw()
