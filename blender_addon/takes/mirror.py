"""A take seen in a mirror."""

import bpy

from ..edge_backend.motion.motion import Motion
from ..edge_backend.motion.representation import mirror
from ..keyframes.take_details import span
from .new_take import add_take
from .read_take import inherit, read_take


def mirrored(motion: Motion) -> Motion:
    """The motion with left and right changed, of the same song."""
    contacts, root, rotations = mirror(motion.contacts, motion.root, motion.rotations)
    return Motion(rotations, root, contacts, motion.beats, motion.meta)


def add_mirrored(armature: bpy.types.Object, action: bpy.types.Action, scene: bpy.types.Scene) -> bpy.types.Action:
    """A new take in which left and right have changed places; the action that the armature shows stays as it is.

    Its feet are not cleaned again. Raises EdgeError as add_take.
    """
    dance = mirrored(read_take(armature, action, scene))
    name = f"{action.name.removesuffix('mirrored').strip()} mirrored"
    take = add_take(armature, dance, scene, span(action)[0], clean_feet=False, name=name)
    inherit(take, action)
    return take
