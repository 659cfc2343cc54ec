"""The properties of sound strips that hold a song map. They are saved, copied and undone with the strip."""

from typing import Any

import bpy

from .. import compat
from ..redraw import redraw_timelines

SONG_MAP = "edge_dance_song_map"
"""Property of strips."""


def _changed(_owner: Any, context: bpy.types.Context) -> None:
    redraw_timelines(context)


class EDGE_DANCE_Section(bpy.types.PropertyGroup):
    """A section of a song map; seconds of the map. Its name is unique, for undo and library overrides"""

    label: bpy.props.StringProperty(
        name="Label",
        description="The section's name. Sections with the same name are the same music, and have one colour",
        default="A",
        update=_changed,
    )
    start: bpy.props.FloatProperty(options={"HIDDEN"})
    end: bpy.props.FloatProperty(options={"HIDDEN"})
    energy: bpy.props.FloatProperty(options={"HIDDEN"})


class EDGE_DANCE_SongMap(bpy.types.PropertyGroup):
    """The song map of the strip, with the user's changes.

    content: the map as JSON, without its sections; empty without a map. song: hash of the analysed sound. start,
    duration: seconds of it that the map covers. correction: of the beats, with which the map was computed.
    """

    content: bpy.props.StringProperty(options={"HIDDEN"})
    song: bpy.props.StringProperty(options={"HIDDEN"})
    start: bpy.props.FloatProperty(options={"HIDDEN"})
    duration: bpy.props.FloatProperty(options={"HIDDEN"})
    correction: bpy.props.StringProperty(options={"HIDDEN"})
    sections: bpy.props.CollectionProperty(type=EDGE_DANCE_Section)
    active: bpy.props.IntProperty(name="Section", description="The active section")


def register() -> None:
    """Add the property to strips."""
    pointer: Any = bpy.props.PointerProperty
    setattr(compat.strip_type(), SONG_MAP, pointer(type=EDGE_DANCE_SongMap))


def unregister() -> None:
    """Undo `register`."""
    delattr(compat.strip_type(), SONG_MAP)
