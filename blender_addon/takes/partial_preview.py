"""The preview of a dance while the rest is generated: an action to which keys are appended.

The action is in no list of takes, and is not saved; fingers stay as they are until the take is made. When the dance is
finished or cancelled, the action is removed and the dancer shows what it showed before.

There is no undo step for it, so it must not exist during undo and redo: Blender leaves a data-block as it is in memory
where two steps agree on it, and an armature would then refer to a removed action. Each changed data-block is therefore
marked with its former state. Marked data-blocks are restored before undo, redo and saving, and after undo, redo or
loading a file has brought marks back.
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
from ..keyframes.constant_keys import constant_keys
from ..lookups import scene_rate
from ..rig.channels import BoneChannels
from ..rig.retarget import bone_map_of, dance_channels, switch_keys
from ..rig.standing import standing_bones
from .switches import record_switches, show_action, update_switches
from .take_list import drop_strips, refuse_tweaked

NAME = "Dance in the Making"

MARK = "edge_dance_growing"
"""Custom property: of the action; of the armature, with its former action; of the scene, with its former end."""


class PartialPreview:
    """The preview of one dance. first_frame: the frame of the scene at which the dance starts."""

    def __init__(self, first_frame: float) -> None:
        self._first_frame = first_frame
        self._shown = False
        self._keyed = _KeyedPart()

    @property
    def was_removed(self) -> bool:
        """Whether undo or saving has removed a preview that is still to be shown."""
        return self._shown and not _preview_actions()

    def show(self, armature: bpy.types.Object, beginning: Motion, scene: bpy.types.Scene) -> None:
        """Key the beginning of the dance, which is longer at each call; earlier keys are not changed.

        The scene's end is moved with it. Raises EdgeError armature_tweaked, rig_unfit.
        """
        self._shown = False
        refuse_tweaked(armature)
        rate = scene_rate(scene)
        action = _preview_on(armature)
        if action is None or not self._keyed.fits(armature, action):
            self._keyed = _KeyedPart()
        done = self._keyed.frames
        self._shown = done >= beginning.frames
        if self._shown:
            return
        # The feet of other rigs are cleaned at the end: cleaned now, frames that were played already would change.
        bones = dance_channels(armature, beginning.part(slice(done, None)), clean_feet=False)
        frames = self._first_frame + np.arange(done, beginning.frames) * (rate / Motion.fps)
        keys = self._keyed.next_keys(armature, frames, bones)
        if action is None:  # the first keys, or the armature shows another action meanwhile
            keys += constant_keys(standing_bones(armature, bone_map_of(armature)), keys, self._first_frame)
            action = self._begin(armature)
        curves = compat.curves_owner(action)
        for channel in keys:
            (add_keys if done else write_channel)(curves, channel)
        _move_end(scene, math.ceil(frames[-1]))
        self._shown = True

    def remove(self) -> None:
        """Remove the preview and restore what was there before."""
        self._shown = False
        restore_all()

    def _begin(self, armature: bpy.types.Object) -> bpy.types.Action:
        restore_all()
        shown, slot = compat.shown_action(armature)
        action, curves = compat.new_action(NAME)
        action[MARK] = True
        action.is_runtime_data = True  # autosave, which calls no handler, skips such data
        for switch in switch_keys(armature):
            key_switch(curves, switch.path, switch.group, self._first_frame, switch.value)
        # The mark is a user of the former action, so that a file saved meanwhile contains it.
        armature[MARK] = {"slot": slot} | ({"shown": shown} if shown else {})
        record_switches(armature)
        show_action(armature, action)
        return action


class _KeyedPart:
    """The keyed part of a dance: its number of frames, and the last values of its bones for a continuation without a
    jump."""

    def __init__(self) -> None:
        self.frames = 0
        self._quaternions: dict[str, Array] = {}
        self._eulers: dict[str, Array] = {}
        self._paths: set[str] = set()

    def fits(self, armature: bpy.types.Object, action: bpy.types.Action) -> bool:
        """Whether the action has all keys of this part, and the bones' rotation modes have not changed."""
        counts = {curve.data_path: len(curve.keyframe_points) for curve in compat.fcurves_of(action, armature)}
        modes = {f"{bone_path(bone)}.{rotation_property(_mode(armature, bone))}" for bone in self._quaternions}
        return modes <= self._paths and all(counts.get(path) == self.frames for path in self._paths)

    def next_keys(self, armature: bpy.types.Object, frames: Array, bones: Iterable[BoneChannels]) -> list[ChannelKeys]:
        """The next keys, at `frames`, which follow the earlier ones."""
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


def restore_all() -> None:
    """Remove all previews: armatures show their former action, scenes have their former end."""
    previews = _preview_actions()
    for ob in _marked(bpy.data.objects):
        _restore_action(ob, previews)
    for scene in _marked(bpy.data.scenes):
        mark = _take_mark(scene)
        if scene.frame_end == mark["moved"]:  # else the user has changed it
            scene.frame_end = mark["end"]
    for action in previews:
        bpy.data.actions.remove(action)


def register() -> None:
    """Add the handlers for undo, redo, saving and loading."""
    for handlers in _handler_lists():
        handlers.append(_restore_all_handler)


def unregister() -> None:
    """Remove the handlers and all previews."""
    for handlers in _handler_lists():
        handlers.remove(_restore_all_handler)
    restore_all()


def _preview_actions() -> list[Any]:
    return _marked(bpy.data.actions)


def _marked(owners: Iterable[Any]) -> list[Any]:
    """The data-blocks of this file with a mark; those of linked files are not changed."""
    return [owner for owner in owners if not owner.library and MARK in owner.keys()]  # noqa: SIM118 (no dict)


def _preview_on(armature: bpy.types.Object) -> bpy.types.Action | None:
    """The preview's action, if the armature shows it."""
    action, _ = compat.shown_action(armature)
    return action if action in _preview_actions() else None


def _move_end(scene: bpy.types.Scene, last: int) -> None:
    """Move the scene's end to this frame, if it is before it."""
    if scene.frame_end >= last:
        return
    mark: Any = scene.get(MARK)
    end = mark["end"] if mark and mark["moved"] == scene.frame_end else scene.frame_end
    scene.frame_end = last
    scene[MARK] = {"end": end, "moved": last}


def _restore_action(ob: bpy.types.Object, previews: list[bpy.types.Action]) -> None:
    mark, data = _take_mark(ob), ob.animation_data
    if data is None:
        return
    if data.use_tweak_mode:  # the action cannot be set in tweak mode
        data.use_tweak_mode = False
    if data.action is None or data.action in previews:  # None: the file was saved without the preview
        show_action(ob, mark.get("shown"), mark["slot"])
    for action in previews:
        drop_strips(ob, action)
    update_switches(ob)


def _take_mark(owner: Any) -> dict[str, Any]:
    """Remove the mark; returns its data."""
    mark: dict[str, Any] = owner[MARK].to_dict()
    del owner[MARK]
    return mark


def _handler_lists() -> tuple[Any, ...]:
    """Handlers before which a preview has to be removed, and after which a mark may be back."""
    handlers = bpy.app.handlers
    return (
        handlers.undo_pre,
        handlers.undo_post,
        handlers.redo_pre,
        handlers.redo_post,
        handlers.save_pre,
        handlers.load_post,
    )


@persistent
def _restore_all_handler(*_arguments: Any) -> None:
    restore_all()
