"""Autosave by Blender's own timer in the middle of a dance, and what its recovery brings back.

Runs inside Blender, started by window.py; test_autosaving_window.py reads the facts that it writes. Environment
variables: those of desk; STAGES: words such as "sampling"; TEMPORARY: the folder where Blender saves by itself; QUIT:
the stage of a job at which Blender is quit; RECOVER: recover the session that was quit.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
from desk import (
    OUT,
    actions,
    facts,
    here,
    leave,
    open_tab,
    over_the_view,
    play,
    running,
    service,
    until,
    write_facts,
)
from stages import BASE, STAGES, dancer, hold, set_base, shown

TEMPORARY = Path(os.environ["TEMPORARY"])
MINUTE = 60  # Blender's shortest interval
PATIENCE = 30


def autosaves(since: float) -> list[Path]:
    """The files that Blender has saved by itself since then, the last one first."""
    found = [path for path in TEMPORARY.glob("*_autosave.blend") if path.stat().st_mtime > since]
    return sorted(found, key=lambda path: -path.stat().st_mtime)


def held_job(stage: str) -> Iterator[float]:
    """A job that waits at a stage, in the base file, with something that is worth saving."""
    bpy.ops.wm.open_mainfile(filepath=BASE)
    yield 0.6
    with here():
        bpy.data.objects["Prop"].location.x = 7
        bpy.ops.ed.undo_push(message="Move")
        if stage == "starting":
            service.stop()
        hold(stage)
        bpy.ops.edge_dance.generate("INVOKE_DEFAULT")
    yield from until(STAGES[stage], step=0.02)


def recovered() -> dict[str, Any]:
    """What the file that has just been opened has."""
    seen = {"shown": shown(), "actions": actions(), "prop": bpy.data.objects["Prop"].location.x}
    data = dancer().animation_data
    marks = [ob.name for ob in (*bpy.data.objects, *bpy.data.scenes) if "edge_dance_growing" in ob.keys()]  # noqa: SIM118
    return seen | {"keys": data.action.frame_range[1], "marks": marks, "frame_end": bpy.context.scene.frame_end}


def autosave_at(stage: str) -> Iterator[float]:
    """Longer than a minute at the stage, then to the end; what each of the two leaves is recovered."""
    yield from held_job(stage)
    began = time.time()
    bpy.context.preferences.filepaths.auto_save_time = 2  # setting it begins the minutes anew
    bpy.context.preferences.filepaths.auto_save_time = 1
    seen: dict[str, Any] = {"stage": stage}
    facts["rounds"].append(seen)
    while time.time() < began + MINUTE + PATIENCE and not autosaves(began):
        yield 1.0
    seen["at"] = time.time() - began
    seen["during"] = bool(autosaves(began))
    copy = OUT / f"{stage}_autosave.blend"
    if seen["during"]:
        copy.write_bytes(autosaves(began)[0].read_bytes())
    hold("")
    yield from until(lambda: not running() and not service.busy)
    yield from until(lambda: autosaves(began), MINUTE + PATIENCE)
    yield 1.0
    seen["problem"], seen["danced"] = service.problem and service.problem.code, shown()
    last = autosaves(began)[0]
    bpy.ops.wm.recover_auto_save(filepath=str(last))
    yield 0.6
    seen["after"] = recovered()
    if seen["during"]:
        bpy.ops.wm.recover_auto_save(filepath=str(copy))
        yield 0.6
        seen["recovered"] = recovered()


def end_at(stage: str) -> Iterator[float]:
    """Blender ends in the middle of a job, as by File > Quit."""
    yield from held_job(stage)
    bpy.context.preferences.view.use_save_prompt = False
    write_facts()
    with here():
        bpy.ops.wm.quit_blender()
    yield PATIENCE
    leave(1)


def act() -> Iterator[float]:
    """The scenario: each yield is a wait in seconds, in which Blender runs on."""
    facts["rounds"] = []
    yield from open_tab()
    if os.environ.get("RECOVER"):
        bpy.ops.wm.recover_last_session()
        yield 1.0
        facts["recovered"] = recovered()
        return
    set_base()
    yield 0.5
    yield from over_the_view()
    if os.environ.get("QUIT"):
        yield from end_at(os.environ["QUIT"])
    for stage in os.environ["STAGES"].split():
        yield from autosave_at(stage)
        print(facts["rounds"][-1], flush=True)


play(act())
