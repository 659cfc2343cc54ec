"""What this extension adds to File > Export."""

from typing import Any

import bpy

from ..ops.export_character import FORMATS, EDGE_DANCE_OT_export_character
from ..ops.export_motion import EDGE_DANCE_OT_export_motion
from .text_layout import draw_reasons


def register() -> None:
    """List it there."""
    menu: Any = bpy.types.TOPBAR_MT_file_export
    menu.append(_draw)


def unregister() -> None:
    """Undo `register`."""
    menu: Any = bpy.types.TOPBAR_MT_file_export
    menu.remove(_draw)


def _draw(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    layout: Any = menu.layout
    layout.operator(EDGE_DANCE_OT_export_motion.bl_idname, text="EDGE Dance Motion (.npz)")
    draw_reasons(layout, context, EDGE_DANCE_OT_export_motion)
    for name, label, _ in FORMATS:
        entry = layout.operator(EDGE_DANCE_OT_export_character.bl_idname, text=f"EDGE Dance Character {label}")
        entry.format = name
    draw_reasons(layout, context, EDGE_DANCE_OT_export_character)
