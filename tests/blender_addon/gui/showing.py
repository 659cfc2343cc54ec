"""A first session in Blender's real window with real mouse and keys: generate, cancel, takes, play, a group, a film.

Its pictures are those of the documentation. Runs inside Blender, started by window.py; test_showing_window.py reads the
facts that it writes. Environment variables: those of desk, and SHORT: only open and draw everything.
"""

import os
import subprocess
from collections.abc import Iterator

import bpy
from desk import (
    GENERATE_BELOW_TOP,
    actions,
    area,
    click,
    facts,
    here,
    open_tab,
    over_the_view,
    play,
    press_generate,
    region,
    running,
    service,
    set_stage,
    shot,
    to_sidebar,
    until,
    window,
    xdotool,
)

LIST_BELOW_TOP = 355  # pixels from the sidebar's top to the first take, with all panels as they open first
ROW = 21  # pixels from one row of a list to the next


def bar_picture() -> bytes:
    """The screen at the progress bar, grey values."""
    x, y = to_sidebar(GENERATE_BELOW_TOP, 0.12)
    width = round(region("UI").width * 0.6)
    place = f"{width}x1+{round(x)}+{round(window().height - y) - 8}"
    command = ["import", "-window", "root", "-crop", place, "-depth", "8", "gray:-"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def filled(picture: bytes) -> int:
    """The number of the bar's pixels with the colour of the first one, from the left."""
    return next((place for place, grey in enumerate(picture) if abs(grey - picture[0]) > 6), len(picture))


def watch_bar() -> Iterator[float]:
    """Take pictures of the bar until the dance is finished."""
    bars, fractions = [], []
    yield from until(lambda: not running() or (service.job and service.job.progress))
    yield 0.7  # until it is drawn
    while running():
        job = service.job
        if job and job.progress:
            bars.append(filled(bar_picture()))
            fractions.append(job.fraction)
            if job.fraction > 0.7 and "progress" not in facts:  # panels that came with the first keys stand still
                facts["progress"] = job.fraction
                shot("progress")
        yield 0.25
    facts["bar"], facts["fractions"] = bars, fractions


def click_take(number: int) -> Iterator[float]:
    """Click a take in the list."""
    yield from click(*to_sidebar(LIST_BELOW_TOP + ROW * number, 0.4))


def act() -> Iterator[float]:
    """The scenario: each yield is a wait in seconds, in which Blender runs on."""
    yield from open_tab()
    set_stage()
    yield 1.0
    shot("ready")
    with here():
        bpy.ops.edge_dance.set_up_render("INVOKE_DEFAULT", True)
    yield 1.0
    xdotool("key", "Escape")  # the dialog
    yield 0.5
    if os.environ.get("SHORT"):
        return
    dancer = bpy.context.view_layer.objects.active

    bpy.context.scene.edge_dance.quality = "best"  # time to cancel, and to watch
    yield from press_generate()
    yield from until(lambda: service.job and service.job.progress and service.job.fraction > 0.1)
    yield from over_the_view()
    xdotool("key", "Escape")
    yield from until(lambda: not running())
    facts["after_cancel"] = actions()

    yield from press_generate()
    yield from until(running)
    yield from watch_bar()
    bpy.context.scene.edge_dance.quality = "draft"
    yield 1.0
    facts["after_generate"] = actions()
    yield from over_the_view()
    xdotool("key", "ctrl+z")
    yield 1.5
    facts["after_undo"] = actions()
    xdotool("key", "ctrl+shift+z")
    yield 1.5

    bpy.context.scene.edge_dance.seed = 7
    yield from press_generate()
    yield from until(running)
    yield from until(lambda: not running())
    yield 1.0
    dancer = bpy.context.view_layer.objects.active
    bpy.context.scene.frame_set(45)
    yield 0.5
    shot("takes")
    shown = []
    for number in (0, 1):
        yield from click_take(number)
        yield 0.5
        shown.append(dancer.animation_data.action.name)
    facts["shown"] = shown

    yield from over_the_view()
    bpy.context.scene.frame_set(1)
    xdotool("key", "space")
    frames = []
    for _ in range(8):
        yield 0.5
        frames.append(bpy.context.scene.frame_current)
    facts["playing"] = (
        bool(bpy.context.screen and bpy.context.screen.is_animation_playing) or window().screen.is_animation_playing
    )
    xdotool("key", "space")
    yield 0.5
    facts["frames"], facts["stopped"] = frames, not window().screen.is_animation_playing

    with here():
        for _ in range(2):
            bpy.ops.edge_dance.add_dancer()
        for ob in bpy.context.scene.objects:
            ob.select_set(ob.type == "ARMATURE")
        bpy.context.view_layer.objects.active = dancer
        bpy.ops.edge_dance.dance_together("INVOKE_DEFAULT", True, places="WEDGE", mirror=True)
    yield 1.0
    xdotool("key", "Return")  # the dialog's OK
    yield from until(running)
    yield from until(lambda: not running())
    facts["together"] = sum(bool(ob.animation_data) for ob in bpy.data.objects if ob.type == "ARMATURE")
    with here():
        facts["stage"] = list(bpy.ops.edge_dance.set_up_render("EXEC_DEFAULT", True, look="EEVEE"))
        bpy.context.scene.frame_set(60)
    space = area().spaces.active
    space.region_3d.view_perspective = "CAMERA"
    space.overlay.show_overlays = False
    yield 2.0
    shot("group")
    yield from over_the_view()
    for _ in range(2):
        xdotool("key", "ctrl+z")
        yield 1.5
    facts["after_undoing_both"] = sorted(ob.name for ob in bpy.data.objects if ob.type == "CAMERA"), len(actions())


play(act())
