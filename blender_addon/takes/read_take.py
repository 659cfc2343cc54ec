"""Reads takes as motions, and copies data from one take to another."""

import json
import math
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import bpy
import numpy as np

from .. import compat
from ..edge_backend.motion.motion import Motion
from ..keyframes.channel_keys import make_linear
from ..keyframes.take_details import PROPERTY, details, span
from ..keyframes.timing import Timing
from ..lookups import scene_rate
from ..rig.looking import found
from ..rig.obstacles import refuse_hidden
from ..rig.retarget import read_motion_in_steps
from .root_motion import carried_by_hips
from .take_list import showing

_INHERITED = ("song", "style", "beats", "bars", "settings")
"""Data that a take inherits from the take that it was made from."""


@contextmanager
def shown_on_hips(
    armature: bpy.types.Object, action: bpy.types.Action | None = None, flowing: bool = False
) -> Iterator[None]:
    """Show the action, or the current one, in this block, with its translation over the floor on the hips.

    Poses are read in armature space, in which an object that carries the dancer stands still. flowing: show blocking
    with linear keys. Raises EdgeError armature_tweaked, root_keys, rig_unfit.
    """
    action = action or compat.shown_action(armature)[0]
    if action is None:
        yield
        return
    with carried_by_hips(armature, action) as hips, _flowing(hips, flowing) as shown, showing(armature, shown):
        yield


@contextmanager
def _flowing(action: bpy.types.Action, wanted: bool) -> Iterator[bpy.types.Action]:
    """The action in this block; of blocking, if wanted, a temporary copy with linear keys."""
    if not wanted or details(action).get("density") != "BLOCKING":
        yield action
        return
    copy = action.copy()
    try:
        make_linear(copy)
        yield copy
    finally:
        bpy.data.actions.remove(copy)


def read_in_steps(
    armature: bpy.types.Object,
    action: bpy.types.Action | None,
    scene: bpy.types.Scene,
    frames: Sequence[float],
    flowing: bool = False,
) -> Generator[float, None, Motion]:
    """The motion of one of the armature's actions at these frames of the scene, in small steps.

    Without an action, the motion of the current animation. flowing: blocking moves from pose to pose instead of holding
    each. Between two steps armature and scene are as before. Raises EdgeError rig_unfit, root_keys, armature_tweaked,
    dance_hidden, dancer_gone, reading_ended.
    """
    uid = action.session_uid if action else 0

    @contextmanager
    def as_it_is(character: bpy.types.Object) -> Iterator[None]:
        refuse_hidden(character)
        with shown_on_hips(character, found(bpy.data.actions, uid) if uid else None, flowing):
            yield

    return read_motion_in_steps(armature, scene, frames, as_it_is)


def read_take_in_steps(
    armature: bpy.types.Object, action: bpy.types.Action, scene: bpy.types.Scene
) -> Generator[float, None, Motion]:
    """The motion of one of the armature's actions from its first key on, 30 frames per second, as `read_in_steps`.

    That of a loop is a loop: its last frame is that of the action, which may be a fraction of a frame away from 30.
    """
    first, last = span(action)
    timing = Timing(first, scene_rate(scene), 0)
    length, known = timing.to_dance(last), details(action)
    loop = json.loads(known.get("meta", "{}")).get("loop") if action.use_cyclic else None
    if loop and round(length):
        frames = np.linspace(first, last, round(length) + 1).tolist()
    else:
        frames = [timing.to_scene(frame) for frame in range(math.floor(length + 1e-3) + 1)]
    motion = yield from read_in_steps(armature, action, scene, frames)
    motion.meta["seed"] = known.get("seed", 0)
    if loop:
        motion.meta["loop"] = loop
    return motion


def inherit(take: bpy.types.Action, source: bpy.types.Action) -> None:
    """Copy song, style, beats and settings from the take that this one was made from."""
    known = details(source)
    properties: Any = take[PROPERTY]
    for key in _INHERITED:
        if key in known:
            properties[key] = known[key]
