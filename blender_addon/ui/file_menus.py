"""What this extension adds to File > Import, File > Export and the Asset Browser's context menu."""

from typing import Any

import bpy

from ..ops.export_character import EDGE_DANCE_OT_export_character
from ..ops.export_motion import WRITERS, EDGE_DANCE_OT_export_motion
from ..ops.import_motion import EDGE_DANCE_OT_import_motion
from ..ops.phrase_assets import EDGE_DANCE_OT_use_phrase_asset, phrase_of_asset
from ..takes.character_files import FORMATS
from .text_layout import draw_reasons


def register() -> None:
    """List it there."""
    for menu, draw in _menus():
        menu.append(draw)


def unregister() -> None:
    """Undo `register`."""
    for menu, draw in _menus():
        menu.remove(draw)


def _menus() -> list[tuple[Any, Any]]:
    return [
        (bpy.types.TOPBAR_MT_file_import, _draw_import),
        (bpy.types.TOPBAR_MT_file_export, _draw_export),
        (bpy.types.ASSETBROWSER_MT_context_menu, _draw_asset),
    ]


def _draw_asset(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    layout: Any = menu.layout
    phrase = phrase_of_asset(context)
    if phrase:
        layout.operator(EDGE_DANCE_OT_use_phrase_asset.bl_idname, icon="ARMATURE_DATA").phrase = phrase
        draw_reasons(layout, context, EDGE_DANCE_OT_use_phrase_asset)


def _draw_import(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    layout: Any = menu.layout
    layout.operator(EDGE_DANCE_OT_import_motion.bl_idname, text="Motion for EDGE Dance (.npz/.bvh/.pkl/.pt/.npy)")
    draw_reasons(layout, context, EDGE_DANCE_OT_import_motion)


def _draw_export(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    layout: Any = menu.layout
    for name, (label, ending, _) in WRITERS.items():
        entry = layout.operator(EDGE_DANCE_OT_export_motion.bl_idname, text=f"{label} ({ending})")
        entry.format = name
    draw_reasons(layout, context, EDGE_DANCE_OT_export_motion)
    for name, label, _ in FORMATS:
        entry = layout.operator(EDGE_DANCE_OT_export_character.bl_idname, text=f"EDGE Dance Character {label}")
        entry.format = name
    draw_reasons(layout, context, EDGE_DANCE_OT_export_character)
