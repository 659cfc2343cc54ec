"""A take: one dance as an action of its own, with the settings that made it."""

import json
import math

import bpy
import numpy as np

from .. import compat
from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.motion import Motion
from ..rig.retarget import dance_channels, switch_keys
from .keys import key_bone, key_switch

PROPERTY = "edge_dance"
"""The action's custom property: song, seed, settings, and the beats as frames of the scene."""


def add_take(
    armature: bpy.types.Object,
    motion: Motion,
    scene: bpy.types.Scene,
    first_frame: float,
    clean_feet: bool = True,
) -> bpy.types.Action:
    """Key the motion on the dancer as a new action, first key at first_frame; returns the action.

    The action that was there is kept. The scene's end moves out to the last key, never in. The motion's frames fall on
    their time in the scene, between frames where its rate is not 30. clean_feet: on armatures other than the built-in
    dancer, clean the feet again. Raises EdgeError armature_tweaked, rig_unfit; whatever fails, the file is as it was.
    """
    data = armature.animation_data
    if data and data.use_tweak_mode:
        raise EdgeError(
            "armature_tweaked",
            f"{armature.name} is being tweaked in the NLA editor.",
            "Leave tweak mode (Tab in the NLA editor) and try again.",
        )
    rate = scene.render.fps / scene.render.fps_base
    frames = first_frame + np.arange(motion.frames) * (rate / Motion.fps)
    bones = dance_channels(armature, motion, clean_feet)
    action, curves = compat.new_action(_title(motion))
    try:
        for channels in bones:
            key_bone(curves, armature.pose.bones[channels.bone], frames, channels)
        for switch in switch_keys(armature):
            key_switch(curves, switch.path, switch.group, frames[0], switch.value)
        _describe(action, motion, (first_frame + motion.beats * rate).tolist())
    except BaseException:
        bpy.data.actions.remove(action)
        raise
    action.use_fake_user = True
    action.use_frame_range = True
    action.frame_start, action.frame_end = frames[0], frames[-1]
    if data and data.action:
        data.action.use_fake_user = True  # else the file would lose it at the next save
    compat.assign_action(armature, action)
    scene.frame_end = max(scene.frame_end, math.ceil(frames[-1]))
    return action


def beat_frames(action: bpy.types.Action) -> list[float]:
    """The beats of the song under this take, as frames of the scene; empty if it is no take of ours."""
    return list(action.get(PROPERTY, {}).get("beats", ()))


def _title(motion: Motion) -> str:
    song = motion.meta.get("song", {}).get("name", "Dance")
    return f"{song.rsplit('.', 1)[0]} {motion.meta.get('seed', 0)}"


def _describe(action: bpy.types.Action, motion: Motion, beats: list[float]) -> None:
    """meta is kept as JSON: custom properties hold neither None nor large whole numbers."""
    meta = motion.meta
    action[PROPERTY] = {
        "song": str(meta.get("song", {}).get("name", "")),
        "seed": int(meta.get("seed", 0)),
        "style": str(meta.get("style", "")),
        "beats": beats,
        "meta": json.dumps(meta, sort_keys=True, ensure_ascii=False),
    }
