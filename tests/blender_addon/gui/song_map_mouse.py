"""A song map changed by the mouse in Blender's real window: sections, bars and taps; undo by keys; saved and reopened.

Runs inside Blender, started by window.py; test_song_map_window.py reads the facts that it writes. Environment
variables: those of desk.
"""

import itertools
import sys
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import bpy
from desk import (
    OUT,
    PACKAGE,
    click,
    facts,
    open_alone,
    open_tab,
    over_the_view,
    play,
    running,
    set_stage,
    shot,
    to_sidebar,
    until,
    window,
    xdotool,
)

HEADER, LISTEN, FIRST_ROW, ROW = 165, 196, 253, 21  # pixels below the sidebar's top, with no other panel below the song
SPLIT, MOVE, TAP = 357, 377, 404
LEFT, RIGHT = 0.3, 0.7  # of the sidebar's width
NAME, START = 0.25, 0.6  # of a section in the list


def strips() -> Any:
    return sys.modules[f"{PACKAGE}.song_map.strip_map"]


def press(below_top: float, across: float = 0.45) -> Iterator[float]:
    yield from click(*to_sidebar(below_top, across))
    yield 0.8


def rename(row: int, name: str) -> Iterator[float]:
    """Double-click a section's name in the list, and type another one."""
    x, y = to_sidebar(FIRST_ROW + ROW * row, NAME)
    xdotool("mousemove", round(x), round(window().height - y))
    yield 0.4
    xdotool("click", "--repeat", 2, "--delay", 80, 1)
    yield 0.6
    xdotool("key", "ctrl+a")
    xdotool("type", name)
    xdotool("key", "Return")
    yield 0.8


def keys(name: str) -> Iterator[float]:
    """Press a key with the mouse over the view."""
    yield from over_the_view()
    xdotool("key", name)
    yield 1.2


def sections() -> list[tuple[float, str]]:
    """(second at which it begins, label) of each section."""
    placed = strips().placed_map(bpy.context)
    return [(round(section.start, 2), section.label) for section in placed.song_map.sections] if placed else []


def number_at(second: float) -> int:
    """The number in the bar of the beat nearest to that second."""
    beats = strips().placed_map(bpy.context).song_map.beats
    return int(min(beats, key=lambda beat: abs(beat[0] - second))[1])


def go_to(second: float) -> None:
    bpy.context.scene.frame_set(round(strips().placed_map(bpy.context).frame(second)))


def tap(times: int) -> Iterator[float]:
    """Press Tap Tempo while the song plays; a slow machine takes longer between two of them."""
    x, y = to_sidebar(TAP, LEFT)
    xdotool("mousemove", round(x), round(window().height - y))
    yield 0.4
    moments = []
    for _ in range(times):
        moments.append(time.monotonic())
        xdotool("click", 1)
        yield 0.5
    facts["apart"] = median([after - before for before, after in itertools.pairwise(moments)])


def act() -> Iterator[float]:
    """The scenario: each yield is a wait in seconds, in which Blender runs on."""
    yield from open_tab()
    set_stage()
    bpy.context.scene.frame_end = 600
    yield from open_alone(sys.modules[f"{PACKAGE}.ui.song_map"].VIEW3D_PT_edge_dance_song_map, HEADER)
    yield from press(LISTEN)
    yield from until(lambda: not running() and bool(sections()))
    yield 1.0
    facts["heard"] = sections()

    go_to(6.5)
    yield from press(SPLIT, LEFT)
    facts["split"] = sections()
    yield from rename(len(sections()) - 1, "Chorus")
    yield from rename(0, "Verse")
    facts["named"] = sections()
    shot("mouse_named")
    yield from press(FIRST_ROW + ROW * (len(sections()) - 1), START)  # the last section is the active one again
    go_to(sections()[-1][0] + 1.5)  # of the bar's 2 s: nearer to the next one, wherever bars begin
    yield from press(MOVE)
    facts["moved"] = sections()
    yield from rename(0, "Chorus")
    facts["alike"] = sections()
    shot("mouse_alike")

    for key, fact in (("ctrl+z", "undone"), ("ctrl+shift+z", "redone")):
        yield from keys(key)
        facts[fact] = sections()

    go_to(5.0)
    facts["number_before"] = number_at(5.0)
    yield from press(TAP, RIGHT)
    facts["number_after"] = number_at(5.0)
    yield from press(FIRST_ROW, START)
    yield from press(SPLIT, RIGHT)
    facts["merged"] = sections()

    go_to(2.0)
    yield from keys("space")
    yield from tap(6)
    yield from keys("space")
    facts["tapped"] = strips().placed_map(bpy.context).song_map.tempo
    shot("mouse_tapped")

    kept = sections()
    path = OUT / "kept.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False)
    yield 2.0
    facts["kept"] = sections() == kept
    shot("mouse_reopened")


play(act())
