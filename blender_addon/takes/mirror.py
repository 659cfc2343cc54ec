"""Mirrored takes."""

from collections.abc import Generator
from dataclasses import dataclass

import bpy

from ..edge_backend.motion.motion import Motion
from ..edge_backend.motion.steps import part
from ..keyframes.take_details import PROPERTY, song_part_of, span
from ..rig.looking import found
from .new_take import WrittenKeys, add_take, keys_in_steps, written_in_steps
from .plan_rows import hand_on_plan, mirrored_plan, plan_of
from .read_take import inherit, read_take_in_steps
from .root_motion import root_motion_of

_READING = 0.6
"""Share of reading in making a mirrored take, for progress."""


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A mirrored dance and its keys."""

    dance: Motion
    keys: WrittenKeys


def mirrored_in_steps(
    armature: bpy.types.Object, action: bpy.types.Action, scene: bpy.types.Scene
) -> Generator[float, None, Mirrored]:
    """What `add_mirrored` makes a take of, in small steps. Raises EdgeError as read_take_in_steps and keys_in_steps."""
    character, stage, first = armature.session_uid, scene.session_uid, span(action)[0]
    reading = read_take_in_steps(armature, action, scene)
    dance = (yield from part(reading, 0.0, _READING)).mirrored()
    armature, scene = found(bpy.data.objects, character), found(bpy.data.scenes, stage)
    keys = keys_in_steps(armature, dance, scene, first, clean_feet=False)
    return Mirrored(dance, (yield from part(written_in_steps(keys), _READING, 1.0)))


def add_mirrored(
    armature: bpy.types.Object, action: bpy.types.Action, scene: bpy.types.Scene, mirrored: Mirrored
) -> bpy.types.Action:
    """A new take with the mirrored dance of the action, which is not changed, and its plan. Returns the take.

    Its feet are not cleaned again, and its root motion is the action's. Raises EdgeError as add_take.
    """
    name = f"{action.name.removesuffix('mirrored').strip()} mirrored"
    settings = {"root_motion": root_motion_of(action)}
    take = add_take(
        armature, mirrored.dance, scene, span(action)[0], clean_feet=False, name=name, settings=settings,
        keys=mirrored.keys,
    )  # fmt: skip
    inherit(take, action)
    if plan := plan_of(action):
        take[PROPERTY]["part"] = song_part_of(action)
        hand_on_plan(take, mirrored_plan(plan))
    return take
