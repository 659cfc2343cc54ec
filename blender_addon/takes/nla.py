"""Takes in the NLA editor: stashed takes, and blends from one take to another."""

from collections.abc import Iterator
from typing import Any

import bpy
import numpy as np
from mathutils import Euler, Matrix, Quaternion, Vector

from .. import compat
from ..edge_backend.errors import EdgeError
from ..edge_backend.numerics.array import Array
from ..keyframes.channel_keys import rotation_values, write_keys
from ..keyframes.take_details import note_keys, span
from ..rig.obstacles import refuse_hidden
from ..rig.paths import bone_of, bone_path, rotation_property
from ..rig.retarget import bone_map_of
from ..rig.standing import in_pose
from .root_motion import root_motion_of
from .switches import show_action, update_switches
from .take_list import add_to_list, refuse_tweaked


def stash(armature: bpy.types.Object, action: bpy.types.Action) -> bpy.types.NlaTrack:
    """Put the take on a muted, locked track of its own, as Blender's Stash does. The armature's action is not changed.

    Returns the track.
    """
    data = armature.animation_data or armature.animation_data_create()
    strip = _strip(data, action, action.name)
    track = next(track for track in data.nla_tracks if track.strips and track.strips[0] == strip)
    track.lock = track.mute = True
    return track


def blend(
    armature: bpy.types.Object, first: bpy.types.Action, second: bpy.types.Action, start: float, end: float
) -> bpy.types.Action:
    """Blend from the first take to the second between the frames start and end of the scene, with NLA strips.

    The second is a copy, moved and rotated about the vertical so that its hips are at those of the first in the middle
    of the range. The copy becomes a take and is returned. Raises EdgeError armature_tweaked, dance_hidden, takes_apart,
    blend_root_motion for a take whose bones do not move it over the floor.
    """
    refuse_tweaked(armature)
    refuse_hidden(armature)
    for take in (first, second):
        if (place := root_motion_of(take)) in ("OBJECT", "IN_PLACE"):
            raise EdgeError(
                "blend_root_motion",
                f"The root motion of {take.name} is {place.replace('_', ' ').title()}, and blends move bones.",
                "Show that take, and change its root motion to Hips or Root Bone.",
            )
    begins, ends = span(second)[0], span(first)[1]
    if not begins <= start < end <= ends:
        raise EdgeError(
            "takes_apart",
            f"{first.name} ends at frame {ends:g} and {second.name} begins at {begins:g}: "
            f"they do not overlap from {start:g} to {end:g}.",
            "Choose frames that both takes have.",
        )
    middle = round((start + end) / 2)
    move = _stance(armature, first, middle) @ _stance(armature, second, middle).inverted()
    copy = _moved_copy(armature, second, move, f"{second.name} after {first.name}")
    _same_signs(first, copy, middle)
    data: Any = armature.animation_data
    data.action = None
    below, above = _strip(data, first, first.name), _strip(data, copy, copy.name)
    below.action_frame_end = end
    below.frame_end_ui = end
    above.action_frame_start = start
    above.frame_start_ui = start
    below.extrapolation, above.extrapolation = "NOTHING", "HOLD_FORWARD"
    above.use_auto_blend = False
    above.blend_in = end - start
    copy.use_fake_user = True
    add_to_list(armature, copy)
    update_switches(armature)
    return copy


def _strip(data: bpy.types.AnimData, action: bpy.types.Action, name: str) -> bpy.types.NlaStrip:
    """A strip that plays the action at the frames of its keys, on a new track above all others."""
    track = data.nla_tracks.new()
    track.name = name
    first, last = span(action)
    strip: Any = track.strips.new(name, int(first), action)
    strip.action_frame_start, strip.action_frame_end = first, last
    strip.frame_start_ui, strip.frame_end_ui = first, last
    return strip


def _stance(armature: bpy.types.Object, action: bpy.types.Action, frame: int) -> Matrix:
    """Position of the hips on the floor and their heading in the take at a frame of the scene, as a world transform."""
    scene: Any = bpy.context.scene
    before, subframe = scene.frame_current, scene.frame_subframe
    shown, slot = compat.shown_action(armature)
    muted = [(track, track.mute) for track in armature.animation_data.nla_tracks]
    try:
        for track, _ in muted:
            track.mute = True
        show_action(armature, action)
        scene.frame_set(frame)
        posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        bones = bone_map_of(armature).bones
        left, right = (
            posed.matrix_world @ posed.pose.bones[bones[f"thigh.{side}"]].matrix.translation for side in "LR"
        )
    finally:
        for track, mute in muted:
            track.mute = mute
        show_action(armature, shown, slot)
        scene.frame_set(before, subframe=subframe)
    across = left - right
    middle = (left + right) / 2
    return Matrix.Translation((middle.x, middle.y, 0)) @ Matrix.Rotation(np.arctan2(across.y, across.x), 4, "Z")


def _moved_copy(armature: bpy.types.Object, action: bpy.types.Action, move: Matrix, name: str) -> bpy.types.Action:
    """A copy of the action, moved by the world transform `move`: keys per frame on the bone that moves the body."""
    copy = action.copy()
    copy.name = name
    world = armature.matrix_world
    here = world.inverted() @ move @ world
    bone = armature.pose.bones[_travel(armature, action)]
    path = bone_path(bone.name)
    first, last = span(action)
    frames = np.unique([first, *np.arange(np.ceil(first), last), last])
    locations, quaternions = [], []
    for basis in _basis_at(compat.fcurves_of(action), bone, frames):
        moved = in_pose(bone, here @ in_pose(bone, basis), invert=True)
        locations.append(moved.to_translation())
        quaternions.append(moved.to_quaternion())
    for index in range(1, len(quaternions)):
        quaternions[index].make_compatible(quaternions[index - 1])
    curves = compat.fcurves_of(copy)
    for values, channel in (
        (np.array(locations), "location"),
        (rotation_values(bone.rotation_mode, np.array(quaternions)), rotation_property(bone.rotation_mode)),
    ):
        for index, column in enumerate(values.T):
            if old := curves.find(f"{path}.{channel}", index=index):
                curves.remove(old)
            write_keys(
                compat.new_fcurve(compat.curves_owner(copy), f"{path}.{channel}", index, bone.name), frames, column
            )
    note_keys(copy)
    return copy


def _travel(armature: bpy.types.Object, action: bpy.types.Action) -> str:
    """The bone that moves the whole body: the one whose keyed location changes most."""
    reach: dict[str, float] = {}
    for curve in compat.fcurves_of(action):
        bone = bone_of(curve.data_path)
        if curve.data_path.endswith(".location") and bone in armature.pose.bones:
            values = [point.co.y for point in curve.keyframe_points]
            reach[bone] = max(reach.get(bone, 0.0), max(values) - min(values))
    return max(reach, key=lambda name: reach[name])


def _basis_at(curves: Any, bone: bpy.types.PoseBone, frames: Array) -> Iterator[Matrix]:
    """The bone's channels at these frames as matrices; channels without keys have their current values."""
    path = bone_path(bone.name)

    def values(channel: str) -> list[list[float]]:
        now = list(getattr(bone, channel))
        found = [curves.find(f"{path}.{channel}", index=index) for index in range(len(now))]
        return [
            [curve.evaluate(frame) if curve else value for curve, value in zip(found, now, strict=True)]
            for frame in frames
        ]

    for place, turn in zip(values("location"), values(rotation_property(bone.rotation_mode)), strict=True):
        yield Matrix.LocRotScale(Vector(place), _rotation(bone.rotation_mode, turn), bone.scale)


def _rotation(mode: str, values: list[float]) -> Quaternion:
    if mode == "QUATERNION":
        return Quaternion(values).normalized()
    if mode == "AXIS_ANGLE":
        return Quaternion(values[1:], values[0])
    return Euler(values, mode).to_quaternion()


def _same_signs(first: bpy.types.Action, second: bpy.types.Action, frame: float) -> None:
    """Put the second action's quaternions into the first's hemisphere at a frame, and its Euler angles into the same
    turn.

    The NLA interpolates channels one by one: between q and -q, the same rotation, the blend would pass through zero.
    """
    others = compat.fcurves_of(first)
    by_path: dict[str, list[Any]] = {}
    for curve in compat.fcurves_of(second):
        by_path.setdefault(curve.data_path, []).append(curve)
    for path, curves in by_path.items():
        pairs = [(others.find(path, index=curve.array_index), curve) for curve in curves]
        values = [(a.evaluate(frame), b.evaluate(frame)) for a, b in pairs if a]
        if path.endswith("rotation_quaternion") and sum(a * b for a, b in values) < 0:
            for curve in curves:
                _change(curve, -1.0, 0.0)
        elif path.endswith("rotation_euler"):
            for (_, curve), (a, b) in zip([pair for pair in pairs if pair[0]], values, strict=True):
                _change(curve, 1.0, 2 * np.pi * round((a - b) / (2 * np.pi)))


def _change(curve: bpy.types.FCurve, factor: float, shift: float) -> None:
    """Multiply and shift the values of the curve's keys and handles."""
    for attribute in ("co", "handle_left", "handle_right"):
        points = np.empty(2 * len(curve.keyframe_points), np.float32)
        curve.keyframe_points.foreach_get(attribute, points)
        points[1::2] = factor * points[1::2] + shift
        curve.keyframe_points.foreach_set(attribute, points)
    curve.update()
