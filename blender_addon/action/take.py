"""A take: one dance as an action of its own, with the settings that made it."""

import json
import math
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import bpy
import numpy as np

from .. import compat
from ..edge_backend.motion.motion import Motion
from ..rig.retarget import dance_channels, switch_keys
from .keys import key_bone, key_switch
from .takes import PROPERTY, refuse_tweaked, remember, use_take


def add_take(
    armature: bpy.types.Object,
    motion: Motion,
    scene: bpy.types.Scene,
    first_frame: float,
    clean_feet: bool = True,
    *,
    settings: Mapping[str, Any] | None = None,
    name: str = "",
) -> bpy.types.Action:
    """Key the motion on the dancer as a new action, first key at first_frame; returns the action.

    The action that was there is kept. The scene's end moves out to the last key, never in. The motion's frames fall on
    their time in the scene, between frames where its rate is not 30. clean_feet: on armatures other than the built-in
    dancer, clean the feet again. settings: the panel's, kept with the take. name: of the action; by default song and
    seed. Raises EdgeError armature_tweaked, rig_unfit; whatever fails, the file is as it was.
    """
    refuse_tweaked(armature)
    rate = scene.render.fps / scene.render.fps_base
    frames = first_frame + np.arange(motion.frames) * (rate / Motion.fps)
    bones = dance_channels(armature, motion, clean_feet)
    action, curves = compat.new_action(name or _title(motion))
    try:
        for channels in bones:
            key_bone(curves, armature.pose.bones[channels.bone], frames, channels)
        for switch in switch_keys(armature):
            key_switch(curves, switch.path, switch.group, frames[0], switch.value)
        _describe(action, motion, first_frame, rate, settings or {})
    except BaseException:
        bpy.data.actions.remove(action)
        raise
    _adopt(armature, action, frames[0], frames[-1])
    scene.frame_end = max(scene.frame_end, math.ceil(frames[-1]))
    return action


def _adopt(armature: bpy.types.Object, action: bpy.types.Action, first: float, last: float) -> None:
    """Make the new action a take of the armature's, and the one that it shows."""
    action.use_fake_user = True
    action.use_frame_range = True
    action.frame_start, action.frame_end = first, last
    use_take(armature, action)
    remember(armature, action)


def _title(motion: Motion) -> str:
    song = motion.meta.get("song", {}).get("name", "Dance")
    return f"{song.rsplit('.', 1)[0]} {motion.meta.get('seed', 0)}"


def _describe(
    action: bpy.types.Action, motion: Motion, first_frame: float, rate: float, settings: Mapping[str, Any]
) -> None:
    """Beats and bars become frames of the scene.

    meta is kept as JSON: custom properties hold neither None nor large whole numbers.
    """
    meta = motion.meta
    action[PROPERTY] = {
        "id": uuid.uuid4().hex,
        "song": str(meta.get("song", {}).get("name", "")),
        "seed": int(meta.get("seed", 0)),
        "style": str(meta.get("style", "")),
        "beats": (first_frame + motion.beats * rate).tolist(),
        "bars": (first_frame + np.array(meta.get("downbeats", ())) * rate).tolist(),
        "made": datetime.now().astimezone().isoformat(timespec="seconds"),
        "settings": json.dumps(dict(settings), sort_keys=True),
        "meta": json.dumps(meta, sort_keys=True, ensure_ascii=False),
    }
