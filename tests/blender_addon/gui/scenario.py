"""Generating dances in Blender's real window with real mouse and keys (xdotool).

Runs inside Blender, started by window.py; test_window.py reads the facts that it writes. Environment variables: those
of desk.
"""

import os
import sys
from collections.abc import Iterator

import addon_utils
import bpy
from desk import (
    GENERATE_BELOW_TOP,
    PACKAGE,
    actions,
    click,
    facts,
    here,
    open_tab,
    over_the_view,
    play,
    preferences,
    press_generate,
    running,
    service,
    set_stage,
    shot,
    to_sidebar,
    until,
    xdotool,
)
from stages import STAGES, forget, hold


def act() -> Iterator[float]:
    """The scenario: each yield is a wait in seconds, in which Blender runs on."""
    yield from open_tab()
    shot("1_empty_scene")

    set_stage()
    dancer = bpy.context.view_layer.objects.active.name
    yield 1.5
    shot("2_ready")

    hold("sampling")  # however fast the worker is, there is time to see the bar and press Escape
    yield from press_generate()
    yield from until(STAGES["sampling"])
    facts["running"] = running()
    shot("3_running")
    yield from over_the_view()
    xdotool("key", "Escape")
    yield 0.5
    hold("")
    yield from until(lambda: not running())
    forget()
    yield 0.5
    facts["after_escape"] = {"actions": actions(), "problem": str(service.problem), "busy": service.busy}
    shot("4_cancelled")

    yield from press_generate()
    yield from until(lambda: not running())
    yield 1.0
    facts["after_generate"] = {"actions": actions(), "problem": str(service.problem)}
    bpy.context.scene.frame_set(60)
    yield 0.5
    shot("5_danced")

    hold("sampling")
    yield from over_the_view()
    xdotool("key", "shift+r")
    yield from until(STAGES["sampling"])
    facts["repeating"] = running()
    xdotool("key", "Escape")
    yield 0.5
    hold("")
    yield from until(lambda: not running())
    forget()
    facts["after_repeating"] = {"actions": actions(), "problem": str(service.problem)}

    yield from over_the_view()
    xdotool("key", "ctrl+z")
    yield 1.5
    hips = bpy.data.objects[dancer].pose.bones["pelvis"]
    facts["after_undo"] = {"actions": actions(), "hips": list(hips.location)}
    yield 2.0
    shot("6_undone")
    xdotool("key", "ctrl+shift+z")
    yield 1.5
    facts["after_redo"] = {"actions": actions()}

    hold("sampling")
    yield from press_generate()
    yield from until(STAGES["sampling"])
    yield from click(*to_sidebar(GENERATE_BELOW_TOP, 0.83))
    yield 0.5
    hold("")
    yield from until(lambda: not running())
    forget()
    facts["after_cancel_button"] = {"actions": actions(), "busy": service.busy}

    preferences.backend_python = "/nowhere/python"
    with here():  # the button is grey
        bpy.ops.edge_dance.generate("INVOKE_DEFAULT")
    yield from until(lambda: not running())
    yield 3.0
    facts["after_error"] = {"actions": actions(), "problem": str(service.problem)}
    shot("7_error")

    with here():
        bpy.ops.object.mode_set(mode="POSE")
    yield 1.0
    shot("8_pose_mode")

    preferences.backend_python = os.environ["WORKER_PYTHON"]
    service.stop()  # a new worker takes its time
    with here():
        bpy.ops.edge_dance.generate("INVOKE_DEFAULT")
    yield from until(lambda: service.job)  # its worker starts
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    yield 0.2
    facts["goes_on"] = service.busy
    yield from until(lambda: not service.busy)
    kept = sys.modules[f"{PACKAGE}.preferences"].pending_results()
    facts["after_loading_a_file"] = {"kept": len(kept.all()), "problem": str(service.problem)}
    shot("9_kept")

    bpy.ops.wm.open_mainfile(filepath=os.environ["STRIP_FILE"], load_ui=False)
    yield 1.0
    set_stage()
    service.stop()
    with here():
        bpy.ops.edge_dance.generate("INVOKE_DEFAULT")
    yield from until(lambda: service.job)  # its worker starts
    folder = service.job.folder
    addon_utils.disable(PACKAGE)
    yield 1.0
    facts["after_disabling"] = {"busy": service.busy, "folder": folder.exists()}


play(act())
