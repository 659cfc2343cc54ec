"""Functions for scenarios in Blender's real window: the installed extension, the mouse, pictures, facts for the tests.

Environment variables: ADDON_ZIP, SONG, STRIP_FILE, OUT, WORKER_PYTHON, WEIGHTS.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy

PACKAGE = "bl_ext.user_default.edge_dance"
OUT = Path(os.environ["OUT"])

GENERATE_BELOW_TOP = 105  # pixels from the sidebar's top to the middle of Generate, with all panels as they open first

PASSING = {"edge_dance status", "edge_dance health", "edge_dance report", "edge_dance work"}  # threads that end soon

facts: dict[str, Any] = {"version": bpy.app.version_string, "background": bpy.app.background}

if PACKAGE not in bpy.context.preferences.addons:
    bpy.ops.extensions.package_install_files(
        filepath=os.environ["ADDON_ZIP"], repo="user_default", enable_on_install=True
    )
bpy.context.preferences.view.show_splash = False  # the program would open with it
if "EDGE_DANCE_PICTURES" not in os.environ:
    bpy.context.preferences.system.viewport_aa = "OFF"  # drawn by the processor, it takes longer than all else
preferences = bpy.context.preferences.addons[PACKAGE].preferences
preferences.backend_python = os.environ["WORKER_PYTHON"]
preferences.weights_folder = os.environ["WEIGHTS"]
preferences.threads = 1
service = sys.modules[f"{PACKAGE}.backend.service"].service

if bpy.app.version < (4, 4, 0):  # its package cannot make sound strips, but reads them
    bpy.ops.wm.open_mainfile(filepath=os.environ["STRIP_FILE"], load_ui=False)
    for sound in bpy.data.sounds:
        if not sound.packed_file:
            sound.filepath = os.environ["SONG"]


def window() -> Any:
    return bpy.context.window_manager.windows[0]


def area() -> Any:
    return next(area for area in window().screen.areas if area.type == "VIEW_3D")


def region(kind: str) -> Any:
    return next(region for region in area().regions if region.type == kind)


@contextmanager
def here() -> Iterator[None]:
    """The context of the viewport, for operators.

    Within an override, Blender's operators read a Python dictionary without Python's lock, and crash if a thread runs
    at that moment: threads that look something up or start the worker are waited for.
    """
    while any(thread.name in PASSING for thread in threading.enumerate()) or worker_starts():
        time.sleep(0.01)
    with bpy.context.temp_override(window=window(), area=area(), region=region("WINDOW")):
        yield


def worker_starts() -> bool:
    """Whether a thread is starting the worker's process at this moment."""
    worker = service._worker
    return bool(worker and worker.alive and not worker._process)


@contextmanager
def worker_silent() -> Iterator[None]:
    """Stop the worker, so that no thread reads what it says. What is called meanwhile must not wait for it."""
    process = service.running and service._worker._process
    runs = bool(process) and state_of(process.pid) != "T"  # else a scenario has stopped it
    if runs:
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(0.1)  # for what it had said before
    try:
        yield
    finally:
        if runs and process.poll() is None:
            os.kill(process.pid, signal.SIGCONT)


def state_of(pid: int) -> str:
    """The process's state as Linux has it, T = stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


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


def to_sidebar(below_top: float, across: float = 0.45) -> tuple[float, float]:
    """Move the mouse into the sidebar: pixels below its top, and a fraction of its width from the left."""
    sidebar = region("UI")
    return sidebar.x + sidebar.width * across, sidebar.y + sidebar.height - below_top


def open_alone(panel: Any, below_top: float) -> Iterator[float]:
    """Open a panel of the tab and take the others away. below_top: pixels from the sidebar's top to its header then."""
    for other in sys.modules[f"{PACKAGE}.registration"].CLASSES:
        if issubclass(other, bpy.types.Panel) and getattr(other, "bl_parent_id", "") == panel.bl_parent_id:
            bpy.utils.unregister_class(other)
    bpy.utils.register_class(panel)
    yield 1.0
    yield from click(*to_sidebar(below_top))
    yield 0.8


def press_generate() -> Iterator[float]:
    yield from click(*to_sidebar(GENERATE_BELOW_TOP))


def over_the_view() -> Iterator[float]:
    """Move the mouse over the view, where keys control the animation."""
    view = region("WINDOW")
    xdotool("mousemove", view.x + view.width // 3, window().height - view.y - view.height // 2)
    yield 0.4


def open_tab() -> Iterator[float]:
    area().spaces.active.show_region_ui = True
    yield 0.5
    region("UI").active_panel_category = "Dance"
    area().tag_redraw()
    yield 1.0


def running() -> bool:
    return bool(window().modal_operators)


def until(done: Any, seconds: float = 120, step: float = 0.2) -> Iterator[float]:
    waited = 0.0
    while not done():
        assert waited < seconds, "it took too long"
        waited += step
        yield step


def actions() -> list[str]:
    return sorted(action.name for action in bpy.data.actions)


def set_stage() -> None:
    """Add a song and a dancer, seen from the front, in a scene with 30 frames per second."""
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


def write_facts() -> None:
    (OUT / "facts.json").write_text(json.dumps(facts, indent=1))


def leave(code: int) -> None:
    write_facts()
    service.stop()
    sys.stdout.flush()
    os._exit(code)


def play(steps: Iterator[float]) -> None:
    """Run a scenario in the event loop, then quit: each yield is a wait in seconds, in which Blender runs on."""

    def tick() -> float | None:
        try:
            return next(steps)
        except StopIteration:
            facts["finished"] = True
            leave(0)
        except BaseException:
            traceback.print_exc()
            shot("failed")
            leave(1)
        return None

    bpy.app.timers.register(tick, first_interval=1.5, persistent=True)
