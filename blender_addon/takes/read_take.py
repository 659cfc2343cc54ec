"""A take read back as a motion, and what another take inherits from it."""

import math
from typing import Any

import bpy

from ..edge_backend.motion.motion import Motion
from ..keyframes.take_details import PROPERTY, details, span
from ..keyframes.timing import Timing
from ..lookups import scene_rate
from ..rig.obstacles import refuse_hidden
from ..rig.retarget import read_motion
from .take_list import showing

_SAME = ("song", "style", "beats", "bars", "settings")
"""What a take has of the one that it was made from."""


def read_take(armature: bpy.types.Object, action: bpy.types.Action, scene: bpy.types.Scene) -> Motion:
    """The motion of one of the armature's actions, 30 frames a second from its first key on; the armature shows what it
    showed afterwards. Raises EdgeError rig_unfit, armature_tweaked, dance_hidden."""
    refuse_hidden(armature)
    first, last = span(action)
    timing = Timing(first, scene_rate(scene), 0)
    count = math.floor(timing.to_dance(last) + 1e-3) + 1
    with showing(armature, action):
        motion = read_motion(armature, scene, [timing.to_scene(frame) for frame in range(count)])
    motion.meta["seed"] = details(action).get("seed", 0)
    return motion


def inherit(take: bpy.types.Action, source: bpy.types.Action) -> None:
    """Have the take know song, beats and settings of the one that it was made from."""
    known = details(source)
    kept: Any = take[PROPERTY]
    for key in _SAME:
        if key in known:
            kept[key] = known[key]
