"""Mirrored takes."""

from collections.abc import Generator

import bpy

from ..edge_backend.motion.motion import Motion
from ..keyframes.take_details import span
from .new_take import add_take
from .read_take import inherit, read_take_in_steps
from .root_motion import root_motion_of


def mirrored_in_steps(
    armature: bpy.types.Object, action: bpy.types.Action, scene: bpy.types.Scene
) -> Generator[float, None, Motion]:
    """The motion that `add_mirrored` keys, read in small steps. Raises EdgeError as read_take_in_steps."""
    return (yield from read_take_in_steps(armature, action, scene)).mirrored()


def add_mirrored(
    armature: bpy.types.Object, action: bpy.types.Action, scene: bpy.types.Scene, dance: Motion
) -> bpy.types.Action:
    """A new take with the mirrored dance of the action, which is not changed. Returns the take.

    Its feet are not cleaned again, and its root motion is the action's. Raises EdgeError as add_take.
    """
    name = f"{action.name.removesuffix('mirrored').strip()} mirrored"
    settings = {"root_motion": root_motion_of(action)}
    take = add_take(armature, dance, scene, span(action)[0], clean_feet=False, name=name, settings=settings)
    inherit(take, action)
    return take
