"""The preview of a dance while the rest is generated: an action to which keys are appended.

The action is in no list of takes, and is not saved; fingers stay as they are until the take is made. When the dance is
finished or cancelled, the action is removed and the dancer shows what it showed before.

There is no undo step for it, so it must not exist during undo and redo: Blender leaves a data-block as it is in memory
where two steps agree on it, and an armature would then refer to a removed action. Each changed data-block is therefore
marked with its former state. Marked data-blocks are restored before undo, redo and saving, and after undo, redo or
loading a file has brought marks back.
"""

import math
from collections.abc import Generator
from typing import Any

import bpy
import numpy as np
from bpy.app.handlers import persistent

from .. import compat
from ..backend.in_turns import in_turns
from ..edge_backend.motion.motion import Motion
from ..edge_backend.motion.steps import part, uncollected
from ..edge_backend.numerics.array import Array
from ..keyframes.channel_keys import (
    ChannelKeys,
    add_to_curve,
    bone_keys,
    bone_path,
    key_switch,
    rotation_property,
    write_curve,
)
from ..keyframes.constant_keys import constant_keys
from ..keyframes.density import modes_of
from ..lookups import by_session_uid, scene_rate
from ..rig.channels import BoneChannels
from ..rig.dancer import is_dancer
from ..rig.retarget import Switches, bone_map_of, channels_in_steps, measure, switches_of
from ..rig.standing import standing_bones
from .switches import record_switches, show_action, update_switches
from .take_list import drop_strips, refuse_tweaked
from .unfinished import marked, new_hidden, remove_unfinished

MARK = "edge_dance_growing"
"""Custom property: of the action; of the armature, with its former action; of the scene, with its former end."""


class PartialPreview:
    """The preview of one dance. first_frame: the frame of the scene at which the dance starts."""

    def __init__(self, first_frame: float) -> None:
        self._first_frame = first_frame
        self._shown = False
        self._keyed: _KeyedPart | None = None

    @property
    def was_removed(self) -> bool:
        """Whether undo or saving has removed a preview that is still to be shown."""
        return self._shown and not _preview_actions()

    def show_in_steps(
        self, armature: bpy.types.Object, beginning: Motion, scene: bpy.types.Scene
    ) -> Generator[float, None, None]:
        """Key the beginning of the dance, which is longer at each call, in small steps that yield the fraction done.

        Only new frames are computed and keyed; earlier keys are not changed. The scene's end is moved at the end.
        Raises EdgeError armature_tweaked, rig_unfit.
        """
        yield from uncollected(self._show(armature, beginning, scene))

    def _show(
        self, armature: bpy.types.Object, beginning: Motion, scene: bpy.types.Scene
    ) -> Generator[float, None, None]:
        self._shown = False
        refuse_tweaked(armature)
        rate = scene_rate(scene)
        action = _preview_on(armature)
        modes, dancer, stage = modes_of(armature), armature.session_uid, scene.session_uid
        keyed = self._keyed
        if keyed is None or action is None or not keyed.fits(modes, action):
            keyed = self._keyed = _KeyedPart(armature)
        done = keyed.frames
        self._shown = done >= beginning.frames
        if self._shown:
            return
        # The feet of other rigs are cleaned at the end: cleaned now, frames that were played already would change.
        new = beginning.part(slice(done, None))
        computing = channels_in_steps(armature, new, clean_feet=False, measured=keyed.measured)
        uid = action.session_uid if action else 0
        yield next(computing)
        bones = yield from in_turns(part(computing, 0.0, 0.3))
        frames = self._first_frame + np.arange(done, beginning.frames) * (rate / Motion.fps)
        keys: list[ChannelKeys] = []
        for channels in bones:
            keys += keyed.next_keys(modes.get(channels.bone, ""), frames, channels)
            yield 0.3
        keyed.frames, self._shown = beginning.frames, True
        if not uid:  # the first keys, or the armature shows another action meanwhile
            restore_all()
            uid = new_hidden(MARK).session_uid
            keys += constant_keys(keyed.standing, keys, self._first_frame)
        columns = [(channel, index) for channel in keys for index in range(channel.values.shape[1])]
        for number, (channel, index) in enumerate(columns):
            action = by_session_uid(bpy.data.actions, uid)
            if action is None:  # undo or saving has removed it; it is shown again from the beginning
                return
            (add_to_curve if done else write_curve)(compat.curves_owner(action), channel, index)
            yield 0.3 + 0.7 * number / len(columns)
        self._reveal(dancer, stage, uid, keyed.switches, math.ceil(frames[-1]))

    def remove(self) -> None:
        """Remove the preview and restore what was there before."""
        self._shown = False
        restore_all()

    def _reveal(self, dancer: int, stage: int, uid: int, switches: Switches, last: int) -> None:
        """Show the action on the armature, unless it does already, and move the scene's end to its last frame."""
        armature, scene = by_session_uid(bpy.data.objects, dancer), by_session_uid(bpy.data.scenes, stage)
        action = by_session_uid(bpy.data.actions, uid)
        if armature is None or scene is None or action is None:
            return
        if _preview_on(armature) is None:
            refuse_tweaked(armature)
            self._assign(armature, action, switches)
        _move_end(scene, last)

    def _assign(self, armature: bpy.types.Object, action: bpy.types.Action, switches: Switches) -> None:
        shown, slot = compat.shown_action(armature)
        for switch in switches.keyed:
            key_switch(compat.curves_owner(action), switch.path, switch.group, self._first_frame, switch.value)
        # The mark is a user of the former action, so that a file saved meanwhile contains it.
        armature[MARK] = {"slot": slot} | ({"shown": shown} if shown else {})
        record_switches(armature, switches.paths)
        show_action(armature, action)


class _KeyedPart:
    """The keyed part of a dance: its number of frames, and the last values of its bones for a continuation without a
    jump.

    measured, standing, switches: of the armature, which is read once, so that all parts are for the same rig. Raises
    EdgeError rig_unfit.
    """

    def __init__(self, armature: bpy.types.Object) -> None:
        self.measured = None if is_dancer(armature) else measure(armature)
        bone_map = self.measured[0] if self.measured else bone_map_of(armature)
        self.standing, self.switches = standing_bones(armature, bone_map), switches_of(armature, bone_map)
        self.frames = 0
        self._quaternions: dict[str, Array] = {}
        self._eulers: dict[str, Array] = {}
        self._paths: set[str] = set()

    def fits(self, modes: dict[str, str], action: bpy.types.Action) -> bool:
        """Whether the action has all keys of this part, and its bones still have their rotation modes.

        modes: of the armature's bones.
        """
        counts = {curve.data_path: len(curve.keyframe_points) for curve in compat.fcurves_of(action)}
        turned = {f"{bone_path(bone)}.{rotation_property(modes.get(bone, ''))}" for bone in self._quaternions}
        return turned <= self._paths and all(counts.get(path) == self.frames for path in self._paths)

    def next_keys(self, mode: str, frames: Array, channels: BoneChannels) -> list[ChannelKeys]:
        """The next keys of a bone with this rotation mode, at `frames`, which follow the earlier ones."""
        name, quaternions = channels.bone, channels.quaternions
        if name in self._quaternions and self._quaternions[name] @ quaternions[0] < 0:
            quaternions = -quaternions
        self._quaternions[name] = quaternions[-1]
        turned = BoneChannels(name, quaternions, channels.location)
        found = bone_keys(mode, frames, turned, self._eulers.get(name))
        if found[-1].channel == "rotation_euler":
            self._eulers[name] = found[-1].values[-1]
        self._paths.update(f"{bone_path(keys.bone)}.{keys.channel}" for keys in found)
        return found


def restore_all() -> None:
    """Remove all previews: armatures show their former action, scenes have their former end."""
    previews = _preview_actions()
    for ob in marked(bpy.data.objects, MARK):
        _restore_action(ob, previews)
    for scene in marked(bpy.data.scenes, MARK):
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
    remove_unfinished()


def _preview_actions() -> list[Any]:
    return marked(bpy.data.actions, MARK)


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
    remove_unfinished()
    _sync_view_layers()


def _sync_view_layers() -> None:
    """Let Blender sync all view layers with their collections now.

    Removing data marks them as out of sync. Blender 4.2 would sync them in the middle of reading the undo step, with
    collections of which some are not read yet, and crashes where one of them has been deleted.
    """
    for scene in bpy.data.scenes:
        for layer in scene.view_layers:
            _ = layer.objects.active  # to answer, Blender syncs the layer
