"""A take seen in a mirror."""

import math
from typing import Any

import bpy

from ..edge_backend.motion.motion import Motion
from ..edge_backend.motion.representation import mirror
from ..rig.retarget import read_motion
from .keep import Timing
from .take import add_take
from .takes import PROPERTY, details, span

_SAME = ("song", "style", "beats", "bars", "settings")
"""What the mirror image has of the take."""


def add_mirrored(armature: bpy.types.Object, action: bpy.types.Action, scene: bpy.types.Scene) -> bpy.types.Action:
    """A new take in which left and right have changed places; the action that the armature shows stays as it is.

    Its feet are not cleaned again. Raises EdgeError as add_take.
    """
    first, last = span(action)
    timing = Timing(first, scene.render.fps / scene.render.fps_base, 0)
    count = math.floor(timing.to_dance(last) + 1e-3) + 1
    motion = read_motion(armature, scene, [timing.to_scene(frame) for frame in range(count)])
    contacts, root, rotations = mirror(motion.contacts, motion.root, motion.rotations)
    known = details(action)
    dance = Motion(rotations, root, contacts, motion.beats, {"seed": known.get("seed", 0)})
    name = f"{action.name.removesuffix('mirrored').strip()} mirrored"
    take = add_take(armature, dance, scene, first, clean_feet=False, name=name)
    kept: Any = take[PROPERTY]
    for key in _SAME:
        if key in known:
            kept[key] = known[key]
    return take
