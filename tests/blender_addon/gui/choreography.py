"""The plan of a dance in Blender's real window: the panel's rows and buttons, phrases by their pictures, the strip.

Runs inside Blender, started by window.py; test_choreography_window.py reads the facts that it writes. Environment
variables: those of desk, and SHORT: only open and draw everything.
"""

import os
import sys
from collections.abc import Iterator
from typing import Any

import bpy
from desk import (
    PACKAGE,
    area,
    click,
    facts,
    here,
    open_alone,
    open_tab,
    play,
    running,
    set_stage,
    shot,
    to_sidebar,
    until,
    window,
    xdotool,
)

HEADER_BELOW_TOP = 165  # pixels from the sidebar's top to the panel's header, where it is the only one below the song
ROW_BELOW_TOP, ROW = 188, 20  # to the first row, and from one row to the next

rows: Any = sys.modules[f"{PACKAGE}.takes.plan_rows"]
panel: Any = sys.modules[f"{PACKAGE}.ui.choreography"].VIEW3D_PT_edge_dance_choreography


def take() -> bpy.types.Action:
    return bpy.context.view_layer.objects.active.animation_data.action


def plan() -> list[tuple[str, bool, bool]]:
    """Phrase, mirrored, changed of each slot."""
    return [(row.phrase, row.mirrored, row.changed) for row in rows.plan_rows(take())]


def strip_shot(name: str) -> Iterator[float]:
    """A picture of the timeline with the plan, in the place of the 3D View."""
    place = area()
    place.type = "DOPESHEET_EDITOR"
    yield 0.5
    region = next(region for region in place.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window(), area=place, region=region):
        bpy.ops.action.view_all()
    yield 1.0
    shot(name)
    place.type = "VIEW_3D"
    yield 0.5


def run_operator(name: str, **options: Any) -> Iterator[float]:
    """Run an operator of the extension as a button does, and wait for it."""
    with here():
        getattr(bpy.ops.edge_dance, name)("INVOKE_DEFAULT", True, **options)
    yield 0.5
    yield from until(lambda: not running())
    yield 0.8


def act() -> Iterator[float]:
    """The scenario: each yield is a wait in seconds, in which Blender runs on."""
    yield from open_tab()
    set_stage()
    settings = bpy.context.scene.edge_dance
    settings.made_of, settings.seed = "starter", 3
    with here():
        bpy.ops.edge_dance.listen("INVOKE_DEFAULT", True)
    yield from until(lambda: not running())
    yield from run_operator("generate")
    facts["planned"] = plan()
    yield from open_alone(panel, HEADER_BELOW_TOP)
    bpy.context.scene.frame_set(1)
    yield 1.0
    shot("plan")
    if os.environ.get("SHORT"):
        return
    yield from click(*to_sidebar(ROW_BELOW_TOP + ROW, 0.3))  # the second row
    facts["frame"] = bpy.context.scene.frame_current
    shot("plan_second")
    yield from run_operator("another_phrase", step=1)
    yield from run_operator("mirror_slot", step=0)
    yield from run_operator("pin_slot", step=1)
    facts["changed"] = plan()
    shot("plan_changed")
    with here():
        bpy.ops.edge_dance.choose_phrase("INVOKE_DEFAULT", step=1)
    yield 2.5
    shot("phrase_dialog")
    xdotool("key", "Escape")
    yield 1.0
    with here():
        bpy.ops.ed.undo()
    yield 1.0
    facts["undone"] = plan()
    with here():
        bpy.ops.ed.redo()
    yield 1.0
    facts["redone"] = plan()
    yield from strip_shot("plan_strip")
    old = take().name
    yield from run_operator("dance_changes")
    facts["danced"], facts["new_take"] = plan(), take().name != old
    shot("plan_danced")


play(act())
