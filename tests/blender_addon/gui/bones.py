"""The Bone Map in Blender's real window: doubtful bones, rows of the list, the buttons beside it.

Runs inside Blender, started by window.py; test_bones_window.py reads the facts that it writes. Environment variables:
those of desk, and SHORT: only open and draw everything.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import bpy
from desk import PACKAGE, click, facts, here, open_tab, play, shot, to_sidebar

sys.path[:0] = [str(Path(__file__).parents[1] / "rig")]
from characters import mixamo, put_character  # noqa: E402

# Pixels from the sidebar's top, with all panels as they open first.
BONE_MAP_BELOW_TOP, FIND_BELOW_TOP, ROW_BELOW_TOP, ACCEPT_BELOW_TOP = 222, 304, 336, 352
ROW, BUTTON = 21, 20  # from one row of the list to the next, and from one button beside it


def put_doubtful_character() -> bpy.types.Object:
    """A character whose forearms' names say upper arm."""
    with here():
        bpy.ops.object.select_all(action="SELECT")
        bpy.ops.object.delete()
        character = put_character(mixamo())
        for side in ("Left", "Right"):
            character.data.bones[f"mixamorig:{side}ForeArm"].name = f"mixamorig:{side}UpperArm2"
        character.select_set(True)
        bpy.ops.view3d.view_axis(type="FRONT")
        bpy.ops.view3d.view_selected()
        bpy.ops.ed.undo_push(message="Stage set")
    return character


def doubts(character: bpy.types.Object) -> list[str]:
    """The slots that are doubtful."""
    return sorted(sys.modules[f"{PACKAGE}.rig.retarget"].bone_map_of(character).doubts)


def chosen(character: bpy.types.Object) -> dict[str, str]:
    """What the list has."""
    return {item.name: item.bone for item in character.edge_dance_bones}


def act() -> Iterator[float]:
    """The scenario: each yield is a wait in seconds, in which Blender runs on."""
    character = put_doubtful_character()
    yield from open_tab()
    yield 1.0
    shot("bones")
    if os.environ.get("SHORT"):
        return
    facts["doubts"] = [doubts(character)]
    for _ in range(2):  # the next sentence moves up to the place of the first
        yield from click(*to_sidebar(ACCEPT_BELOW_TOP))
        yield 0.8
        facts["doubts"].append(doubts(character))
    facts["chosen"] = chosen(character)
    shot("accepted")
    yield 1.5  # panels slide to their places
    yield from click(*to_sidebar(BONE_MAP_BELOW_TOP))  # nothing is doubtful: it is closed now
    yield 2.0
    yield from click(*to_sidebar(ROW_BELOW_TOP + ROW, 0.2))
    facts["lit"] = character.data.bones.active.name
    yield from click(*to_sidebar(FIND_BELOW_TOP))
    yield 2.0
    facts["listed"] = chosen(character)
    shot("listed")
    yield from click(*to_sidebar(ROW_BELOW_TOP + ROW * 2, 0.2))
    facts["lit_then"] = character.data.bones.active.name
    yield from click(*to_sidebar(ROW_BELOW_TOP + BUTTON * 3, 0.83))  # the lowest button
    yield 1.0
    facts["swapped"] = chosen(character)
    shot("swapped")


play(act())
