"""What a person does with the extension, done in Blender's real window with real mouse and keys (xdotool).

Runs inside Blender, started by window.py; test_window.py reads the facts that it writes. Variables: ADDON_ZIP, SONG,
STRIP_FILE, OUT, WORKER_PYTHON, WEIGHTS.
"""

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import addon_utils
import bpy

PACKAGE = "bl_ext.user_default.edge_dance"
OUT = Path(os.environ["OUT"])
BUTTON_BELOW_TOP = (
    105  # pixels from the sidebar's top to the middle of Generate: header, dancer, music, half the button
)

facts: dict[str, Any] = {"version": bpy.app.version_string, "background": bpy.app.background}

bpy.ops.extensions.package_install_files(filepath=os.environ["ADDON_ZIP"], repo="user_default", enable_on_install=True)
preferences = bpy.context.preferences.addons[PACKAGE].preferences
preferences.backend_python = os.environ["WORKER_PYTHON"]
preferences.weights_folder = os.environ["WEIGHTS"]
preferences.threads = 1

if bpy.app.version < (4, 4, 0):  # its package cannot make sound strips, but reads them
    bpy.ops.wm.open_mainfile(filepath=os.environ["STRIP_FILE"], load_ui=False)


def window() -> Any:
    return bpy.context.window_manager.windows[0]


def area() -> Any:
    return next(area for area in window().screen.areas if area.type == "VIEW_3D")


def region(kind: str) -> Any:
    return next(region for region in area().regions if region.type == kind)


def here() -> Any:
    return bpy.context.temp_override(window=window(), area=area(), region=region("WINDOW"))


def shot(name: str) -> None:
    subprocess.run(["import", "-window", "root", str(OUT / f"{name}.png")], check=True)


def xdotool(*words: object) -> None:
    subprocess.run(["xdotool", *map(str, words)], check=True)


def click(x: float, y: float) -> Iterator[float]:
    """x, y: Blender's window coordinates, from below."""
    xdotool("mousemove", round(x), round(window().height - y))
    yield 0.4
    xdotool("click", 1)
    yield 0.4


def press_generate() -> Iterator[float]:
    sidebar = region("UI")
    yield from click(sidebar.x + sidebar.width * 0.45, sidebar.y + sidebar.height - BUTTON_BELOW_TOP)


def mouse_over_the_view() -> Iterator[float]:
    view = region("WINDOW")
    xdotool("mousemove", view.x + view.width // 3, window().height - view.y - view.height // 2)
    yield 0.4


def running() -> bool:
    return bool(window().modal_operators)


def until(done: Any, seconds: float = 120) -> Iterator[float]:
    waited = 0.0
    while not done():
        assert waited < seconds, "it took too long"
        waited += 0.2
        yield 0.2


def actions() -> list[str]:
    return sorted(action.name for action in bpy.data.actions)


def set_stage() -> None:
    """A song and a dancer, seen from the front, in a scene of 30 frames a second."""
    with here():
        bpy.ops.object.select_all(action="SELECT")
        bpy.ops.object.delete()
        bpy.context.scene.render.fps = 30
        bpy.context.scene.edge_dance.quality = "draft"
        if bpy.app.version >= (4, 4, 0):
            bpy.ops.edge_dance.add_music(filepath=os.environ["SONG"])
        bpy.ops.edge_dance.add_dancer()
        bpy.ops.view3d.view_axis(type="FRONT")
        bpy.ops.view3d.view_selected()
        bpy.ops.ed.undo_push(message="Stage set")


def act() -> Iterator[float]:
    """Each yield is a wait in seconds, in which Blender goes on."""
    service = sys.modules[f"{PACKAGE}.backend.service"].service
    area().spaces.active.show_region_ui = True
    yield 0.5
    region("UI").active_panel_category = "Dance"
    area().tag_redraw()
    yield 1.0
    shot("1_empty_scene")

    set_stage()
    dancer = bpy.context.view_layer.objects.active.name
    yield 1.5
    shot("2_ready")

    yield from press_generate()
    yield from until(lambda: service.job and service.job.progress)
    facts["running"] = running()
    shot("3_running")
    yield from mouse_over_the_view()
    xdotool("key", "Escape")
    yield from until(lambda: not running())
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

    yield from mouse_over_the_view()
    xdotool("key", "ctrl+z")
    yield 1.5
    hips = bpy.data.objects[dancer].pose.bones["pelvis"]
    facts["after_undo"] = {"actions": actions(), "hips": list(hips.location)}
    yield 2.0
    shot("6_undone")
    xdotool("key", "ctrl+shift+z")
    yield 1.5
    facts["after_redo"] = {"actions": actions()}

    service.stop()  # a new worker takes its time, enough to press Cancel
    yield from press_generate()
    yield from until(lambda: service.job)
    sidebar = region("UI")
    xdotool(
        "mousemove", round(sidebar.x + sidebar.width * 0.83), round(window().height - sidebar.y - sidebar.height + 105)
    )
    yield 0.4
    xdotool("click", 1)
    yield from until(lambda: not running())
    facts["after_cancel_button"] = {"actions": actions(), "busy": service.busy}

    preferences.backend_python = "/nowhere/python"
    yield from press_generate()
    yield from until(lambda: not running())
    yield 3.0
    facts["after_error"] = {"actions": actions(), "problem": str(service.problem)}
    shot("7_error")

    with here():
        bpy.ops.object.mode_set(mode="POSE")
    yield 1.0
    shot("8_pose_mode")

    preferences.backend_python = os.environ["WORKER_PYTHON"]
    with here():
        bpy.ops.edge_dance.generate("INVOKE_DEFAULT")
    yield from until(lambda: service.job and service.job.progress)
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    yield 1.0
    facts["after_loading_a_file"] = {"busy": service.busy, "problem": str(service.problem)}

    bpy.ops.wm.open_mainfile(filepath=os.environ["STRIP_FILE"], load_ui=False)
    yield 1.0
    set_stage()
    service.stop()
    with here():
        bpy.ops.edge_dance.generate("INVOKE_DEFAULT")
    yield from until(lambda: service.job and service.job.progress)
    folder = service.job.folder
    addon_utils.disable(PACKAGE)
    yield 1.0
    facts["after_disabling"] = {"busy": service.busy, "folder": folder.exists()}
    facts["finished"] = True


def leave(code: int) -> None:
    (OUT / "facts.json").write_text(json.dumps(facts, indent=1))
    sys.modules[f"{PACKAGE}.backend.service"].service.stop()
    sys.stdout.flush()
    os._exit(code)


steps = act()


def tick() -> float | None:
    try:
        return next(steps)
    except StopIteration:
        leave(0)
    except BaseException:
        traceback.print_exc()
        shot("failed")
        leave(1)
    return None


bpy.app.timers.register(tick, first_interval=1.5, persistent=True)
