"""The beginning of a dance on the dancer while the rest is being made: an action that gets longer.

It belongs to nobody's list. When the dance is there, or when nobody wants it any more, it goes, and the dancer shows
what was shown before. Between two calls the user may do anything, undo and delete included: only names and numbers are
kept.
"""

import math

import bpy
import numpy as np

from .. import compat
from ..edge_backend.motion.motion import Motion
from ..rig.retarget import bone_map_of, dance_channels, switch_keys
from ..rig.standing import standing_bones
from .fixed import fixed_keys
from .keys import bone_keys, key_switch, write_channel
from .takes import refuse_tweaked

NAME = "Dance in the Making"


class Growing:
    """One dance in the making. first_frame: of the scene, where it begins."""

    def __init__(self, first_frame: float) -> None:
        self._first_frame = first_frame
        self._action = ""
        self._before, self._slot = "", ""
        self._kept = False  # whether the file kept that one anyway
        self._end = 0

    def show(self, armature: bpy.types.Object, beginning: Motion, scene: bpy.types.Scene) -> None:
        """Key the dance's beginning, which is longer each time; what has been keyed stays as it is.

        The scene's end moves out with it. Raises EdgeError armature_tweaked, rig_unfit.
        """
        refuse_tweaked(armature)
        rate = scene.render.fps / scene.render.fps_base
        # Feet are for the end: cleaned again, those of other rigs would change behind the play head.
        bones = dance_channels(armature, beginning, clean_feet=False)
        frames = self._first_frame + np.arange(beginning.frames) * (rate / Motion.fps)
        keys = [
            channel
            for channels in bones
            for channel in bone_keys(armature.pose.bones[channels.bone].rotation_mode, frames, channels)
        ]
        action = self._find(armature)
        if action is None:  # the first time, or the user has undone it
            keys += fixed_keys(standing_bones(armature, bone_map_of(armature)), keys, self._first_frame)
            action = self._begin(armature, scene)
        curves = compat.curves_owner(action)
        for channel in keys:
            write_channel(curves, channel)
        scene.frame_end = max(scene.frame_end, math.ceil(frames[-1]))

    def remove(self, armature: bpy.types.Object | None, scene: bpy.types.Scene | None) -> None:
        """Leave no trace."""
        action = bpy.data.actions.get(self._action)
        if action is None:
            return
        before = bpy.data.actions.get(self._before)
        if armature and armature.animation_data and armature.animation_data.action == action:
            compat.assign_action(armature, before, self._slot)
        if before:
            before.use_fake_user = self._kept
        if scene:
            scene.frame_end = self._end
        bpy.data.actions.remove(action)
        self._action = ""

    def _find(self, armature: bpy.types.Object) -> bpy.types.Action | None:
        """The action, if the dancer shows it still."""
        action = bpy.data.actions.get(self._action)
        data = armature.animation_data
        return action if action and data and data.action == action else None

    def _begin(self, armature: bpy.types.Object, scene: bpy.types.Scene) -> bpy.types.Action:
        shown, self._slot = compat.shown_action(armature)
        self._before, self._end = shown.name if shown else "", scene.frame_end
        if shown:  # a file that is saved meanwhile would lose it
            self._kept, shown.use_fake_user = shown.use_fake_user, True
        action, curves = compat.new_action(NAME)
        for switch in switch_keys(armature):
            key_switch(curves, switch.path, switch.group, self._first_frame, switch.value)
        self._action = action.name
        compat.assign_action(armature, action)
        return action
