"""Undo, redo, files and deletions in the middle of a dance, in Blender's real window, with real keys (xdotool).

Runs inside Blender, started by window.py; test_undoing_window.py reads the facts that it writes. Variables: those of
desk, and ROUNDS: words such as "undo@placing", "save@sampling*3".
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import bpy
from desk import OUT, actions, area, facts, here, open_tab, over_the_view, play, running, service, set_stage, xdotool

OWN = "By hand"
GROWING = "Dance in the Making"
BASE, SAVED = str(OUT / "base.blend"), str(OUT / "saved.blend")


def dancer() -> Any:
    return next((ob for ob in bpy.data.objects if ob.type == "ARMATURE"), None)


def shown() -> str | None:
    """What the dancer shows; looking at it, evaluating it and drawing it is what a dangling pointer does not survive."""
    if dancer() is None:
        return None
    bpy.context.scene.frame_set(bpy.context.scene.frame_current + 1)
    area().tag_redraw()
    data = dancer().animation_data
    return data.action.name if data and data.action else None


def press(keys: str) -> Callable[[], Iterator[float]]:
    def pressed() -> Iterator[float]:
        xdotool("key", keys)
        yield 0.4

    return pressed


def undo_and_redo() -> Iterator[float]:
    yield from press("ctrl+z")()
    yield from press("ctrl+shift+z")()


def work_and_undo() -> Iterator[float]:
    """The user works on meanwhile: undo steps that know the dance in the making."""
    for place in (3, 4, 5):
        bpy.data.objects["Prop"].location.x = place
        bpy.ops.ed.undo_push(message="Move")
        yield 0.3
    for keys in ("ctrl+z", "ctrl+z", "ctrl+shift+z", "ctrl+z", "ctrl+z", "ctrl+z"):
        yield from press(keys)()


def deleted(delete: Callable[[], Any]) -> Callable[[], Iterator[float]]:
    """Delete, and undo that."""

    def deleting() -> Iterator[float]:
        with here():
            delete()
            bpy.ops.ed.undo_push(message="Delete")
        yield 0.4
        facts["rounds"][-1]["deleted"] = shown()
        yield from press("ctrl+z")()

    return deleting


def gone(delete: Callable[[], Any]) -> Callable[[], Iterator[float]]:
    """Delete, and leave it so."""

    def going() -> Iterator[float]:
        with here():
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
    with bpy.data.libraries.load(SAVED) as (found, _):
        facts["rounds"][-1]["saved"] = sorted(found.actions)
    yield 0.4


def save_untold() -> Iterator[float]:
    """As autosave does, which calls no handlers."""
    told = bpy.app.handlers.save_pre[:]
    bpy.app.handlers.save_pre.clear()
    yield from save()
    bpy.app.handlers.save_pre.extend(told)


def open_saved() -> Iterator[float]:
    """The file that was saved so, in the middle of a dance."""
    yield from save_untold()
    bpy.ops.wm.open_mainfile(filepath=SAVED)
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
    "autosave": save_untold,
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

STAGES: dict[str, Callable[[], Any]] = {
    "starting": lambda: service.job,
    "features": lambda: service.job and service.job.progress and service.job.progress.stage == "features",
    "sampling": lambda: service.job and GROWING in actions(),
    "placing": lambda: service.work,
    "applied": lambda: not running(),
}


def soon(done: Callable[[], Any], seconds: float = 90) -> Iterator[float]:
    waited = 0.0
    while not done():
        assert waited < seconds, "it took too long"
        waited += 0.02
        yield 0.02


def set_base() -> None:
    """A dancer with an action of the user's own, in a collection of its own, a prop and a second scene."""
    set_stage()
    bpy.context.scene.edge_dance.density = "CURVES"
    bpy.context.scene.frame_end = 50
    bone = dancer().pose.bones["pelvis"]
    bone.rotation_mode = "QUATERNION"
    bone.keyframe_insert("rotation_quaternion", frame=1)
    dancer().animation_data.action.name = OWN
    cast = bpy.data.collections.new("Cast")
    bpy.context.scene.collection.children.link(cast)
    for ob in [dancer(), *dancer().children_recursive]:
        for collection in ob.users_collection:
            collection.objects.unlink(ob)
        cast.objects.link(ob)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Prop", None))
    bpy.data.scenes.new("Another")
    bpy.ops.wm.save_as_mainfile(filepath=BASE)


def play_round(event: str, stage: str) -> Iterator[float]:
    """The event at the stage of a job, from the base file on."""
    bpy.ops.wm.open_mainfile(filepath=BASE)
    yield 0.6
    seen: dict[str, Any] = {"event": event, "stage": stage}
    facts["rounds"].append(seen)
    with here():
        for place in (1, 2):
            bpy.data.objects["Prop"].location.x = place
            bpy.ops.ed.undo_push(message="Move")
        if stage in ("starting", "features"):  # of a new worker they take long enough to be met
            service.stop()
        bpy.ops.edge_dance.generate("INVOKE_DEFAULT")
    yield from soon(STAGES[stage])
    yield from EVENTS[event]()
    seen["shown"] = shown()
    if service.work and GROWING not in actions():
        for _ in range(100):
            yield 0.02
            if GROWING in actions() or not service.work: break
        print("AGAIN", actions(), service.work, flush=True)
    yield from soon(lambda: not running() and not service.busy)
    yield 0.3
    if stage != "applied":
        yield from press("ctrl+z")()  # the dance, or what was before
        seen["undone"] = shown()
        yield from press("ctrl+shift+z")()
    seen["problem"] = service.problem.code if service.problem else None
    seen["end"] = {"shown": shown(), "actions": actions(), "frame_end": bpy.context.scene.frame_end}
    yield 0.2
    yield from save()


def act() -> Iterator[float]:
    """Each yield is a wait in seconds, in which Blender goes on."""
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
