"""The beginning of a dance on the dancer while the rest is being made: an action that gets longer.

It belongs to nobody's list, and no file keeps it. When the dance is there, or when nobody wants it any more, it goes,
and the dancer shows what was shown before.

No undo step is made of it, so undo and redo may not find it: Blender leaves a data-block as it is in memory where two
steps agree on it, and an armature would go on pointing to an action that is there no more. What was changed therefore
carries a mark that tells how it was. Whatever is marked is put back before undo, redo and saving, and where undo, redo
or a file have brought it back.
"""

import math
from collections.abc import Iterable
from typing import Any

import bpy
import numpy as np
from bpy.app.handlers import persistent

from .. import compat
from ..edge_backend.motion.motion import Motion
from ..edge_backend.numerics.array import Array
from ..keyframes.channel_keys import (
    ChannelKeys,
    add_keys,
    bone_keys,
    bone_path,
    key_switch,
    rotation_property,
    write_channel,
)
from ..keyframes.fixed_keys import fixed_keys
from ..lookups import scene_rate
from ..rig.channels import BoneChannels
from ..rig.retarget import bone_map_of, dance_channels, switch_keys
from ..rig.standing import standing_bones
from .switches import note_switches, settle, show_action
from .take_list import drop_strips, refuse_tweaked

NAME = "Dance in the Making"

MARK = "edge_dance_growing"
"""A custom property: of the action; of the armature, with what it showed; of the scene, with where it ended."""


class PartialPreview:
    """One dance in the making. first_frame: of the scene, where it begins."""

    def __init__(self, first_frame: float) -> None:
        self._first_frame = first_frame
        self._shown = False
        self._tail = _Tail()

    @property
    def taken_away(self) -> bool:
        """Whether undo or saving has put back what was there before, although it is still to be shown."""
        return self._shown and not _growing_actions()

    def show(self, armature: bpy.types.Object, beginning: Motion, scene: bpy.types.Scene) -> None:
        """Key the dance's beginning, which is longer each time; what has been keyed is not looked at again.

        The scene's end moves out with it. Raises EdgeError armature_tweaked, rig_unfit.
        """
        self._shown = False
        refuse_tweaked(armature)
        rate = scene_rate(scene)
        action = _growing_on(armature)
        if action is None or not self._tail.fits(armature, action):
            self._tail = _Tail()
        done = self._tail.frames
        self._shown = done >= beginning.frames
        if self._shown:
            return
        # Feet are for the end: cleaned again, those of other rigs would change behind the play head.
        bones = dance_channels(armature, beginning.behind(done), clean_feet=False)
        frames = self._first_frame + np.arange(done, beginning.frames) * (rate / Motion.fps)
        keys = self._tail.go_on(armature, frames, bones)
        if action is None:  # the first time, or something else is shown meanwhile
            keys += fixed_keys(standing_bones(armature, bone_map_of(armature)), keys, self._first_frame)
            action = self._begin(armature)
        curves = compat.curves_owner(action)
        for channel in keys:
            (add_keys if done else write_channel)(curves, channel)
        _move_end(scene, math.ceil(frames[-1]))
        self._shown = True

    def remove(self) -> None:
        """Leave no trace."""
        self._shown = False
        put_back()

    def _begin(self, armature: bpy.types.Object) -> bpy.types.Action:
        put_back()
        shown, slot = compat.shown_action(armature)
        action, curves = compat.new_action(NAME)
        action[MARK] = True
        action.is_runtime_data = True  # autosave, which tells nobody, leaves it out
        for switch in switch_keys(armature):
            key_switch(curves, switch.path, switch.group, self._first_frame, switch.value)
        # The mark is a user of what was shown: a file that is saved meanwhile keeps it.
        armature[MARK] = {"slot": slot} | ({"shown": shown} if shown else {})
        note_switches(armature)
        show_action(armature, action)
        return action


class _Tail:
    """What of a dance has been keyed: frames, and where its bones' channels end, so that they go on without a jump."""

    def __init__(self) -> None:
        self.frames = 0
        self._quaternions: dict[str, Array] = {}
        self._eulers: dict[str, Array] = {}
        self._paths: set[str] = set()

    def fits(self, armature: bpy.types.Object, action: bpy.types.Action) -> bool:
        """Whether the action still has all these keys, for bones that turn in the same modes as then."""
        counts = {curve.data_path: len(curve.keyframe_points) for curve in compat.fcurves_of(action, armature)}
        modes = {f"{bone_path(bone)}.{rotation_property(_mode(armature, bone))}" for bone in self._quaternions}
        return modes <= self._paths and all(counts.get(path) == self.frames for path in self._paths)

    def go_on(self, armature: bpy.types.Object, frames: Array, bones: Iterable[BoneChannels]) -> list[ChannelKeys]:
        """The keys that come next, at `frames`, which follow those that there are."""
        found: list[ChannelKeys] = []
        for channels in bones:
            name, quaternions = channels.bone, channels.quaternions
            if name in self._quaternions and self._quaternions[name] @ quaternions[0] < 0:
                quaternions = -quaternions
            self._quaternions[name] = quaternions[-1]
            turned = BoneChannels(name, quaternions, channels.location)
            keys = bone_keys(_mode(armature, name), frames, turned, self._eulers.get(name))
            if keys[-1].channel == "rotation_euler":
                self._eulers[name] = keys[-1].values[-1]
            found += keys
        self.frames += len(frames)
        self._paths.update(f"{bone_path(keys.bone)}.{keys.channel}" for keys in found)
        return found


def _mode(armature: bpy.types.Object, bone: str) -> str:
    return armature.pose.bones[bone].rotation_mode if bone in armature.pose.bones else ""


def put_back() -> None:
    """Take every dance in the making out of the file: armatures show what they showed, scenes end where they ended."""
    growing = _growing_actions()
    for ob in _marked(bpy.data.objects):
        _put_back_shown(ob, growing)
    for scene in _marked(bpy.data.scenes):
        mark = _take_mark(scene)
        if scene.frame_end == mark["moved"]:  # else the user has moved it since
            scene.frame_end = mark["end"]
    for action in growing:
        bpy.data.actions.remove(action)


def register() -> None:
    """Be told of undo, redo, saving and loading."""
    for happenings in _happenings():
        happenings.append(_put_back)


def unregister() -> None:
    """Be told no more, and leave no trace."""
    for happenings in _happenings():
        happenings.remove(_put_back)
    put_back()


def _growing_actions() -> list[Any]:
    return _marked(bpy.data.actions)


def _marked(owners: Iterable[Any]) -> list[Any]:
    """Those of this file with a mark; what is linked from others is theirs."""
    return [owner for owner in owners if not owner.library and MARK in owner.keys()]  # noqa: SIM118 (no dict)


def _growing_on(armature: bpy.types.Object) -> bpy.types.Action | None:
    """The action, if the armature shows it still."""
    action, _ = compat.shown_action(armature)
    return action if action in _growing_actions() else None


def _move_end(scene: bpy.types.Scene, last: int) -> None:
    """Have the scene end at this frame or later."""
    if scene.frame_end >= last:
        return
    mark: Any = scene.get(MARK)
    end = mark["end"] if mark and mark["moved"] == scene.frame_end else scene.frame_end
    scene.frame_end = last
    scene[MARK] = {"end": end, "moved": last}


def _put_back_shown(ob: bpy.types.Object, growing: list[bpy.types.Action]) -> None:
    mark, data = _take_mark(ob), ob.animation_data
    if data is None:
        return
    if data.use_tweak_mode:  # it hides the action that it goes back to
        data.use_tweak_mode = False
    if data.action is None or data.action in growing:  # none: in a file, which has not kept the growing one
        show_action(ob, mark.get("shown"), mark["slot"])
    for action in growing:
        drop_strips(ob, action)
    settle(ob)


def _take_mark(owner: Any) -> dict[str, Any]:
    """What the mark tells; it is taken off."""
    mark: dict[str, Any] = owner[MARK].to_dict()
    del owner[MARK]
    return mark


def _happenings() -> tuple[Any, ...]:
    """Those that may find it, and those that may bring it back."""
    told = bpy.app.handlers
    return told.undo_pre, told.undo_post, told.redo_pre, told.redo_post, told.save_pre, told.load_post


@persistent
def _put_back(*_what: Any) -> None:
    put_back()
