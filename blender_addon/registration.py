"""Everything that Blender has to know of, in the order in which it must learn it."""

from typing import Any, Final

import bpy

from . import preferences, properties
from .backend.service import service
from .ops import dancer, generate, music
from .ui import panels

CLASSES: Final[tuple[type, ...]] = (
    preferences.EDGE_DANCE_Preferences,
    properties.EDGE_DANCE_Settings,
    dancer.EDGE_DANCE_OT_add_dancer,
    music.EDGE_DANCE_OT_add_music,
    music.EDGE_DANCE_OT_mark_beats,
    generate.EDGE_DANCE_OT_generate,
    generate.EDGE_DANCE_OT_cancel,
    generate.EDGE_DANCE_OT_copy_problem,
    generate.EDGE_DANCE_OT_new_seed,
    panels.VIEW3D_PT_edge_dance,
    panels.VIEW3D_PT_edge_dance_style,
    panels.VIEW3D_PT_edge_dance_quality,
    panels.VIEW3D_PT_edge_dance_beats,
)

SETTINGS = "edge_dance"
"""The scene's property with the settings: `scene.edge_dance`."""


def register() -> None:
    """Register the classes and give every scene its settings."""
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    pointer: Any = bpy.props.PointerProperty
    setattr(bpy.types.Scene, SETTINGS, pointer(type=properties.EDGE_DANCE_Settings))


def unregister() -> None:
    """Undo `register`, and end the worker."""
    service.stop()
    delattr(bpy.types.Scene, SETTINGS)
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
