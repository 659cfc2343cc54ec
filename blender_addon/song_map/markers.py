"""Timeline markers at the starts of sections."""

from typing import Any

import bpy

from .strip_map import PlacedMap

SECTION_MARKER = "edge_dance_section"
"""Property of timeline markers, true for the markers of sections that this extension made."""


def register() -> None:
    """Add the property to timeline markers."""
    prop: Any = bpy.props.BoolProperty
    setattr(bpy.types.TimelineMarker, SECTION_MARKER, prop(options={"HIDDEN"}))


def unregister() -> None:
    """Undo `register`."""
    delattr(bpy.types.TimelineMarker, SECTION_MARKER)


def mark_sections(scene: bpy.types.Scene, placed: PlacedMap) -> None:
    """Add a marker where each section begins, and remove earlier ones; other markers are not changed."""
    markers = scene.timeline_markers
    for marker in [marker for marker in markers if getattr(marker, SECTION_MARKER)]:
        markers.remove(marker)
    for section in placed.song_map.sections:
        marker = markers.new(section.label, frame=round(placed.frame(section.start)))
        setattr(marker, SECTION_MARKER, True)
