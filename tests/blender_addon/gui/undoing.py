"""Undo, redo, files and deletions during a dance in Blender's real window, with real keys (xdotool).

Runs inside Blender, started by window.py; test_undoing_window.py reads the facts that it writes. Environment variables:
those of desk, and ROUNDS: words such as "undo@placing", "save@sampling*3".
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy
from desk import (
    OUT,
    actions,
    facts,
    here,
    open_tab,
    over_the_view,
    play,
    running,
    service,
    until,
    worker_silent,
    xdotool,
)
from stages import BASE, GROWING, OWN, STAGES, action_name, actions_in, dancer, forget, hold, set_base, shown

SAVED, ELSEWHERE = (str(OUT / f"{name}.blend") for name in ("saved", "elsewhere"))

GROWN = ("sampling", "placing")
FILES = ("new", "open", "revert", "reopen")  # events after which there is another file
STAYING = ("undo", "redo", "work", "save", "autosave")  # events after which the dance grows on

history = {"steps": 0}  # of undo and redo, as far as Blender has made them


@bpy.app.handlers.persistent
def count(*_given: Any) -> None:
    history["steps"] += 1


bpy.app.handlers.undo_post.append(count)
bpy.app.handlers.redo_post.append(count)


def press(keys: str) -> Callable[[], Iterator[float]]:
    """Press the keys of undo or redo, and wait until Blender has done it, however slow the machine is.

    A busy X server may lose keys, and a report may appear late and take them: those of which nothing is heard for 20 s
    are pressed again, and that is noted.
    """

    def pressed() -> Iterator[float]:
        before = history["steps"]
        for _ in range(3):
            xdotool("key", keys)
            for _ in range(400):
                yield 0.05
                if history["steps"] > before:
                    yield 0.1
                    return
            facts.setdefault("pressed again", []).append(facts["rounds"][-1] | {"keys": keys})
            if service.problem:
                yield from leave_report()
        raise AssertionError(f"{keys} does nothing")

    return pressed


def undo_and_redo() -> Iterator[float]:
    yield from press("ctrl+z")()
    yield from press("ctrl+shift+z")()


def work_and_undo() -> Iterator[float]:
    """Edit during the job, so that there are undo steps with the preview."""
    for place in (3, 4, 5):
        bpy.data.objects["Prop"].location.x = place
        bpy.ops.ed.undo_push(message="Move")
        yield 0.3
    for keys in ("ctrl+z", "ctrl+z", "ctrl+shift+z", "ctrl+z", "ctrl+z", "ctrl+z"):
        yield from press(keys)()


def leave_report() -> Iterator[float]:
    """Close an error's report, which takes all keys. In 4.5 it closes when the mouse leaves it, in 5.2 it stays."""
    xdotool("key", "Escape")
    yield 0.4


def deleted(delete: Callable[[], Any]) -> Callable[[], Iterator[float]]:
    """Delete, and undo the deletion."""

    def deleting() -> Iterator[float]:
        with worker_silent(), here():
            delete()
            bpy.ops.ed.undo_push(message="Delete")
        yield 0.4
        facts["rounds"][-1]["deleted"] = shown()
        yield from press("ctrl+z")()

    return deleting


def gone(delete: Callable[[], Any]) -> Callable[[], Iterator[float]]:
    """Delete without undo."""

    def going() -> Iterator[float]:
        with worker_silent(), here():
            delete()
            bpy.ops.ed.undo_push(message="Delete")
        yield 0.4

    return going


def delete_armature() -> None:
    bpy.data.objects.remove(dancer())


def delete_collection() -> None:
    bpy.data.collections.remove(bpy.data.collections["Cast"])


def delete_action() -> None:
    bpy.data.actions.remove(bpy.data.actions[OWN])


def delete_growing() -> None:
    for action in [action for action in bpy.data.actions if action.name.startswith(GROWING)]:
        bpy.data.actions.remove(action)


def delete_scene() -> None:
    bpy.ops.scene.delete()


def save() -> Iterator[float]:
    bpy.ops.wm.save_as_mainfile(filepath=SAVED, copy=True)
    facts["rounds"][-1]["saved"] = actions_in(SAVED)
    yield 0.4


def save_without_handlers() -> Iterator[float]:
    """Save as autosave does, without calling handlers."""
    told = bpy.app.handlers.save_pre[:]
    bpy.app.handlers.save_pre.clear()
    yield from save()
    bpy.app.handlers.save_pre.extend(told)


def open_saved() -> Iterator[float]:
    """Open the file that was saved during a dance."""
    yield from save_without_handlers()
    Path(SAVED).replace(ELSEWHERE)
    bpy.ops.wm.open_mainfile(filepath=ELSEWHERE)
    yield 0.6


def open_base() -> Iterator[float]:
    bpy.ops.wm.open_mainfile(filepath=BASE)
    yield 0.6


def revert() -> Iterator[float]:
    bpy.ops.wm.revert_mainfile()
    yield 0.6


def new() -> Iterator[float]:
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    yield 0.6


EVENTS: dict[str, Callable[[], Iterator[float]]] = {
    "undo": press("ctrl+z"),
    "redo": undo_and_redo,
    "work": work_and_undo,
    "new": new,
    "open": open_base,
    "revert": revert,
    "save": save,
    "autosave": save_without_handlers,
    "reopen": open_saved,
    **{
        f"{name}_{what}": how(delete)
        for name, how in (("undelete", deleted), ("delete", gone))
        for what, delete in (
            ("armature", delete_armature),
            ("collection", delete_collection),
            ("action", delete_action),
            ("growing", delete_growing),
            ("scene", delete_scene),
        )
    },
}


def play_round(event: str, stage: str) -> Iterator[float]:
    """Trigger the event at this stage of a job, starting from the base file."""
    bpy.ops.wm.open_mainfile(filepath=BASE)
    yield 0.6
    seen: dict[str, Any] = {"event": event, "stage": stage}
    facts["rounds"].append(seen)
    with worker_silent(), here():
        for place in (1, 2):
            bpy.data.objects["Prop"].location.x = place
            bpy.ops.ed.undo_push(message="Move")
        if stage in ("starting", "features"):  # of a new worker they take long enough to be met
            service.stop()
        hold(stage)
        bpy.ops.edge_dance.generate("INVOKE_DEFAULT")
    yield from until(STAGES[stage], step=0.02)
    yield from EVENTS[event]()
    yield 0.6
    if stage in GROWN and event in STAYING:
        yield from until(lambda: action_name() == GROWING)  # what was taken away is shown again
    seen["shown"] = shown()
    hold("")
    if not service.job:
        forget()
    yield from until(lambda: not running() and not service.busy)
    yield 0.3
    if event in FILES:  # nothing to undo, and Blender says nothing of it
        for keys in ("ctrl+z", "ctrl+shift+z"):
            xdotool("key", keys)
            yield 0.4
    elif stage != "applied":
        if service.problem:
            yield from leave_report()
        yield from press("ctrl+z")()  # the dance, or what was before
        seen["undone"] = shown()
        yield from press("ctrl+shift+z")()
    seen["problem"] = service.problem.code if service.problem else None
    seen["end"] = {"shown": shown(), "actions": actions(), "frame_end": bpy.context.scene.frame_end}
    bpy.ops.wm.save_as_mainfile(filepath=SAVED, copy=True)
    seen["kept"] = actions_in(SAVED)


def act() -> Iterator[float]:
    """The scenario: each yield is a wait in seconds, in which Blender runs on."""
    facts["rounds"] = []
    yield from open_tab()
    set_base()
    yield 0.5
    yield from over_the_view()
    xdotool("click", 2)  # the keys are ours
    yield 0.4
    for word in os.environ["ROUNDS"].split():
        name, _, times = word.partition("*")
        event, _, stage = name.partition("@")
        for _ in range(int(times or 1)):
            yield from play_round(event, stage)
            print(facts["rounds"][-1], flush=True)


play(act())
