"""Listening to a song in Blender's real window: its sections in the panel, the timeline, the dope sheet, the sequencer.

Runs inside Blender, started by window.py; test_song_map_window.py reads the facts that it writes. Environment
variables: those of desk, and SHORT: only open and draw everything.
"""

import os
import sys
from collections.abc import Iterator
from typing import Any

import bpy
from desk import PACKAGE, area, facts, here, open_alone, open_tab, play, running, set_stage, shot, until, window

HEADER_BELOW_TOP = 165  # pixels from the sidebar's top to the panel's header, where it is the only one below the song


def shot_as(kind: str, view_all: Any) -> Iterator[float]:
    """A picture of the map in another editor, in the place of the 3D View."""
    place = area()
    place.type = kind
    yield 0.5
    region = next(region for region in place.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window(), area=place, region=region):
        view_all()
    yield 1.0
    shot(f"song_map_{kind.lower()}")
    place.type = "VIEW_3D"
    yield 0.5


def labels() -> list[str]:
    maps = sys.modules[f"{PACKAGE}.song_map.strip_map"]
    placed = maps.placed_map(bpy.context)
    return [section.label for section in placed.song_map.sections] if placed else []


def act() -> Iterator[float]:
    """The scenario: each yield is a wait in seconds, in which Blender runs on."""
    yield from open_tab()
    set_stage()
    bpy.context.scene.frame_end = 600
    yield from open_alone(sys.modules[f"{PACKAGE}.ui.song_map"].VIEW3D_PT_edge_dance_song_map, HEADER_BELOW_TOP)
    with here():
        bpy.ops.edge_dance.listen("INVOKE_DEFAULT", True)
    yield from until(lambda: not running())
    yield 1.0
    facts["heard"] = labels()
    shot("song_map_heard")
    if os.environ.get("SHORT"):
        return
    with here():
        bpy.context.scene.frame_set(200)
        bpy.ops.edge_dance.split_section("INVOKE_DEFAULT", True)
        strip = sys.modules[f"{PACKAGE}.music"].find_strip(bpy.context)[0]
        item = sys.modules[f"{PACKAGE}.song_map.strip_map"].stored(strip)
        item.sections[item.active].label = "Chorus"
        bpy.ops.ed.undo_push(message="Label")
    yield 1.0
    facts["split"] = labels()
    shot("song_map_split")
    with here():
        bpy.ops.ed.undo()
    yield 0.5
    facts["label_undone"] = labels()
    with here():
        bpy.ops.ed.undo()
    yield 0.5
    facts["split_undone"] = labels()
    with here():
        bpy.ops.ed.redo()
        bpy.ops.ed.redo()
    yield 0.5
    facts["redone"] = labels()
    yield from shot_as("DOPESHEET_EDITOR", bpy.ops.action.view_all)
    yield from shot_as("SEQUENCE_EDITOR", bpy.ops.sequencer.view_all)
    bpy.context.scene.edge_dance.show_song_map = False
    yield 0.5
    shot("song_map_hidden")


play(act())
