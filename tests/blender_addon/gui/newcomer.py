"""A new user in Blender's real window: the extension is installed, and nothing else. Real mouse and keys to the dance.

Runs inside Blender, started by window.py; test_newcomer_window.py reads the facts that it writes. Environment
variables: those of desk, WORKER_PYTHON and WEIGHTS empty.
"""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
from desk import (
    PACKAGE,
    actions,
    area,
    click,
    facts,
    here,
    over_the_view,
    play,
    preferences,
    press_generate,
    region,
    running,
    service,
    shot,
    to_sidebar,
    until,
    window,
    xdotool,
)

TABS, TAB = range(340, 100, -16), 0.947  # pixels below the sidebar's top, from its last tab on; and across it
ADD_DANCER, ADD_MUSIC = 48, 74
OPEN = 72, 46  # pixels from the right and from below: the file browser's button

PartialPreview = sys.modules[f"{PACKAGE}.takes.partial_preview"].PartialPreview
shown: list[float] = []  # when a second of dance or more was on the timeline
show = PartialPreview.show_in_steps


def seen(self: Any, armature: Any, beginning: Any, scene: Any) -> Iterator[float]:
    yield from show(self, armature, beginning, scene)
    if beginning.frames >= 30:
        shown.append(time.perf_counter())


def browser() -> Any:
    """The file browser, once it is there."""
    return next((one for one in window().screen.areas if one.type == "FILE_BROWSER"), None)


def songs() -> list[str]:
    with here():
        return sys.modules[f"{PACKAGE}.music"].song_names(bpy.context)


def add_music() -> Iterator[float]:
    """By the button and the file browser; the bpy package of 4.2 makes no sound strips, and has opened one."""
    if songs():
        return
    yield from click(*to_sidebar(ADD_MUSIC))
    yield from until(browser, 30)
    yield 1.0
    path = Path(os.environ["SONG"])
    params = browser().spaces.active.params
    params.directory, params.filename = bytes(path.parent), path.name
    yield 1.0
    right, below = OPEN
    yield from click(window().width - right, below)
    yield from until(songs, 30)


def act() -> Iterator[float]:
    """The scenario: each yield is a wait in seconds, in which Blender runs on."""
    PartialPreview.show_in_steps = seen
    bpy.context.preferences.view.filebrowser_display_type = "SCREEN"
    home = sys.modules[f"{PACKAGE}.preferences"].backend_home()
    facts["before"] = {"online": bpy.app.online_access, "set_up": home.exists(), "python": preferences.backend_python}
    yield from over_the_view()
    xdotool("key", "n")
    yield from until(lambda: region("UI").width > 1)
    yield 1.0
    for below in TABS:
        yield from click(*to_sidebar(below, TAB))
        yield 0.5
        if region("UI").active_panel_category == "Dance":
            break
    yield 1.0
    facts["tab"] = region("UI").active_panel_category
    shot("newcomer")
    yield from click(*to_sidebar(ADD_DANCER))
    yield from until(lambda: any(ob.type == "ARMATURE" for ob in bpy.data.objects), 30)
    yield from add_music()
    yield 1.0
    shot("newcomer_ready")
    began = time.perf_counter()
    yield from press_generate()
    yield from until(running, 30)
    yield from until(lambda: not running(), 300)
    yield 1.0
    dancer = bpy.context.view_layer.objects.active
    command = service._worker._process.args if service._worker else []
    facts["danced"] = {
        "actions": actions(),
        "shown": dancer.animation_data.action.name,
        "problem": str(service.problem),
        "first_second_s": shown[0] - began,
        "own_python": "-I" in command,
        "set_up": home.exists(),
    }
    bpy.context.scene.frame_set(60)
    area().tag_redraw()
    yield 1.0
    shot("newcomer_danced")


play(act())
