"""Jobs that wait at one of their stages, and the file in which such scenarios begin.

Scenarios import it after desk; from then on jobs wait where `hold` says.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import bpy
from desk import OUT, PACKAGE, actions, area, running, service, set_stage

HELLO_S = sys.modules[f"{PACKAGE}.backend.job"].HELLO_S
Job = sys.modules[f"{PACKAGE}.backend.job"].Job
Partial = sys.modules[f"{PACKAGE}.edge_backend.protocol.messages"].Partial
Work = sys.modules[f"{PACKAGE}.backend.work"].Work

OWN = "By hand"
GROWING = "Dance in the Making"
BASE = str(OUT / "base.blend")


def dancer() -> Any:
    return next((ob for ob in bpy.data.objects if ob.type == "ARMATURE"), None)


def action_name() -> str | None:
    """The name of the dancer's action."""
    data = dancer() and dancer().animation_data
    return data.action.name if data and data.action else None


def shown() -> str | None:
    """The dancer's action, evaluated and drawn, which would crash with a dangling pointer."""
    if dancer() is not None:
        bpy.context.scene.frame_set(bpy.context.scene.frame_current + 1)
        area().tag_redraw()
    return action_name()


def actions_in(path: str) -> list[str]:
    with bpy.data.libraries.load(path) as (found, _):
        return sorted(found.actions)


STAGES: dict[str, Callable[[], Any]] = {
    "starting": lambda: service.job,
    "features": lambda: unheard,
    "sampling": lambda: GROWING in actions(),
    "placing": lambda: service.work,
    "applied": lambda: not running(),
}

held: dict[str, Any] = {"stage": "", "reached": False}  # where a job waits for what is to happen
unheard: list[Any] = []  # what the worker has said since its job reached that stage
go_on, take, poll = Work.go_on, Job._take, Job.poll


def taken_and_held(self: Any, message: Any) -> None:
    """Read the message; from the job's first, the first of the features or after the first partial result, keep it.

    The worker runs on: it may have said everything by the time that Blender reads its first partial result.
    """
    stage = held["stage"]
    if stage == "starting" or (stage == "features" and getattr(message, "stage", "") == "features"):
        held["reached"] = True
    if held["reached"]:
        unheard.append(message)
        return
    take(self, message)
    held["reached"] = stage == "sampling" and isinstance(message, Partial)


def polled(self: Any) -> bool:
    """Poll the job; where it is held before its first message, its worker has another minute to say it."""
    if held["stage"] == "starting" and self.state == "starting":
        self._deadline = time.monotonic() + HELLO_S
    while unheard and not held["reached"]:
        take(self, unheard.pop(0))
    return poll(self)


def going_on(self: Any, *given: Any) -> bool:
    """Work is held while keys are placed; what shows the beginning has no label."""
    return (held["stage"] != "placing" or not self.label) and go_on(self, *given)


def forget() -> None:
    """Drop the messages of a job that has ended."""
    unheard.clear()


def hold(stage: str) -> None:
    """Make jobs wait at this stage; "" for no stage."""
    held.update(stage=stage, reached=False)


def set_base() -> None:
    """Add a dancer with an action of the user's own, in a collection of its own, a prop and a second scene."""
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


Work.go_on, Job._take, Job.poll = going_on, taken_and_held, polled
