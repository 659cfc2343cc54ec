"""New takes: one dance as an action, stored with the settings that it was made with."""

import json
import math
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import bpy
import numpy as np

from .. import compat
from ..backend.in_turns import in_turns
from ..edge_backend.motion.curves import Tolerance
from ..edge_backend.motion.looping import is_loop, lap_motion, loop_start, travel_of
from ..edge_backend.motion.motion import Motion
from ..edge_backend.motion.retarget.families import IkLegs
from ..edge_backend.motion.retarget.ik_legs import replaced_bones
from ..edge_backend.motion.steps import at_once, part, uncollected
from ..edge_backend.numerics.array import Array
from ..keyframes.channel_keys import ChannelKeys, bone_keys, key_switch, without_repeats, write_channel
from ..keyframes.constant_keys import constant_keys
from ..keyframes.cycles import make_cyclic
from ..keyframes.density import Density, in_density, modes_of, rig_snapshot
from ..keyframes.finger_keys import finger_keys
from ..keyframes.take_details import PROPERTY, note_keys
from ..lookups import scene_rate
from ..rig.channels import BoneChannels, closed, cut
from ..rig.dancer import is_dancer
from ..rig.hands import hand_settings, hands_of
from ..rig.retarget import Measured, Switches, bone_map_of, channels_in_steps, chosen_ik_legs, measure, switches_of
from ..rig.standing import standing_bones
from .identity import new_id
from .root_motion import set_root_motion
from .switches import record_switches
from .take_list import add_to_list, refuse_tweaked, use_take
from .unfinished import finished, write_in_steps

_COMPUTING = 0.8
"""Share of computing keys in placing them, for progress."""


@dataclass(frozen=True, slots=True)
class TakeKeys:
    """The keys of a take. channels: of its bones. switches: of the rig, as they were when it was read."""

    channels: Sequence[ChannelKeys]
    switches: Switches


def keys_in_steps(
    armature: bpy.types.Object,
    motion: Motion,
    scene: bpy.types.Scene,
    first_frame: float,
    *,
    clean_feet: bool = True,
    density: Density = "FRAMES",
    tolerance: Tolerance | None = None,
    transform: Callable[[list[ChannelKeys]], list[ChannelKeys]] = list,
    exact: Iterable[float] = (),
    constrained: Iterable[float] = (),
) -> Generator[float, None, TakeKeys]:
    """The keys of a take with this motion, in small steps that yield the fraction done.

    Armature and scene are read in the first step only; the others are those of `in_turns`. Keys are at every frame of
    the motion, which falls between frames of the scene if its rate is not 30, or as dense as `density` asks for.
    clean_feet: on armatures other than the built-in dancer, clean the feet for their proportions. transform: applied to
    the keys at every frame and to those of the fingers, which are few. exact, constrained: as in `in_density`. Raises
    EdgeError rig_unfit.
    """
    measured = None if is_dancer(armature) else measure(armature)
    snapshot = rig_snapshot(armature, measured) if density != "FRAMES" else None
    bone_map = measured[0] if measured else bone_map_of(armature)
    ik_legs = chosen_ik_legs(armature, bone_map, scene)
    standing, switches = standing_bones(armature, bone_map), switches_of(armature, bone_map, ik_legs)
    modes, frames = snapshot.modes if snapshot else modes_of(armature), _frames(motion, scene, first_frame)
    beats = first_frame + motion.beats * scene_rate(scene)
    hands = hands_of(armature, hand_settings(scene), measured)
    posing = _channels(armature, motion, clean_feet, ik_legs, measured)
    yield next(posing)

    def computed() -> Generator[float, None, list[ChannelKeys]]:
        bones = yield from part(posing, 0.0, 0.3)
        keys = transform([keys for one in bones for keys in bone_keys(modes[one.bone], frames, one)])
        del bones
        controls: list[ChannelKeys] = []
        if ik_legs and density != "BLOCKING":
            controls = [without_repeats(channel) for channel in keys if channel.bone in ik_legs.bones]
            keys = [channel for channel in keys if channel.bone not in ik_legs.bones]
        if snapshot:
            options: dict[str, Any] = {"beats": beats, "exact": exact, "constrained": constrained}
            thinning = in_density(snapshot, keys, density, tolerance or Tolerance(), **options)
            keys = yield from part(thinning, 0.3, 1.0)
        keys += controls
        still = dict(standing)
        if ik_legs:
            idle = replaced_bones(bone_map.bones, ik_legs)
            still = {name: bone for name, bone in standing.items() if name not in idle}
        fingers = finger_keys(hands, motion, modes, frames, transform) if hands else []
        return [*keys, *fingers, *constant_keys(still, keys, frames[0])]

    return TakeKeys((yield from in_turns(computed())), switches)


@dataclass(frozen=True, slots=True)
class WrittenKeys:
    """Keys of a take, and the session_uid of the unfinished action in which they are."""

    keys: TakeKeys
    action: int


def written_in_steps(keys: Generator[float, None, TakeKeys]) -> Generator[float, None, WrittenKeys]:
    """Compute keys and write them into an action that nothing shows, in small steps that yield the fraction done.

    keys: of `keys_in_steps`. The action becomes the take in `add_take`.
    """
    return (yield from uncollected(_written(keys)))


def _written(keys: Generator[float, None, TakeKeys]) -> Generator[float, None, WrittenKeys]:
    computed = yield from part(keys, 0.0, _COMPUTING)
    return WrittenKeys(computed, (yield from part(write_in_steps(computed.channels), _COMPUTING, 1.0)))


def add_take(
    armature: bpy.types.Object,
    motion: Motion,
    scene: bpy.types.Scene,
    first_frame: float,
    clean_feet: bool = True,
    *,
    settings: Mapping[str, Any] | None = None,
    name: str = "",
    keys: WrittenKeys | TakeKeys | None = None,
    density: Density = "FRAMES",
) -> bpy.types.Action:
    """Key the motion on the dancer as a new action, with the first key at first_frame. Returns the action.

    The earlier action is not removed. The scene's end is moved to the last key if it is before it.
    clean_feet: on armatures other than the built-in dancer, clean the feet for their proportions. settings: of the
    panel, stored with the take. name: of the action; by default song and seed. keys, density: the result of
    `keys_in_steps` or `written_in_steps` and its density; by default keys at every frame.
    Raises EdgeError armature_tweaked, rig_unfit, root_bone_none; after any exception the file is as it was.
    """
    refuse_tweaked(armature)
    frames = _frames(motion, scene, first_frame)
    if keys is None:
        keys = at_once(keys_in_steps(armature, motion, scene, first_frame, clean_feet=clean_feet))
    name = name or _title(motion)
    written = finished(keys.action, name) if isinstance(keys, WrittenKeys) else None
    keys = keys.keys if isinstance(keys, WrittenKeys) else keys
    action, curves = written or compat.new_action(name)
    try:
        if written is None:
            _write(curves, keys.channels)
        _key_switches(curves, keys.switches, frames[0])
        if is_loop(motion):
            make_cyclic(action, bool(travel_of(motion).any()))
        _describe(action, motion, first_frame, scene_rate(scene), settings or {})
        if density != "FRAMES":
            action[PROPERTY]["density"] = density
        set_root_motion(armature, action, (settings or {}).get("root_motion", "HIPS"))
    except BaseException:
        bpy.data.actions.remove(action)
        raise
    _adopt(armature, action, keys.switches, frames[0], frames[-1])
    scene.frame_end = max(scene.frame_end, math.ceil(frames[-1]))
    return action


def write_keys(curves: Any, keys: TakeKeys, first_frame: float) -> None:
    """Write the keys of a take, and at its first frame those of the rig's switches. curves: as of compat.new_action."""
    _write(curves, keys.channels)
    _key_switches(curves, keys.switches, first_frame)


def _write(curves: Any, channels: Iterable[ChannelKeys]) -> None:
    for channel in channels:
        write_channel(curves, channel)


def _key_switches(curves: Any, switches: Switches, first_frame: float) -> None:
    for switch in switches.keyed:
        key_switch(curves, switch.path, switch.group, first_frame, switch.value)


def first_frame_of(motion: Motion, scene: bpy.types.Scene, first_frame: float) -> float:
    """The frame of the scene at which the motion begins. first_frame: that of the requested start of the song.

    A loop begins later, at a bar line of the song, rounded to a whole frame.
    """
    if not is_loop(motion):
        return first_frame
    return float(round(first_frame + loop_start(motion) * scene_rate(scene)))


def _channels(
    armature: bpy.types.Object, motion: Motion, clean_feet: bool, ik_legs: IkLegs | None, measured: Measured | None
) -> Generator[float, None, list[BoneChannels]]:
    """As `channels_in_steps`; a loop's are computed for several laps, so that both ends have the same neighbours."""
    if not is_loop(motion):
        return (yield from channels_in_steps(armature, motion, clean_feet, ik_legs, measured))
    around, middle = lap_motion(motion)
    bones = yield from channels_in_steps(armature, around, clean_feet, ik_legs, measured)
    return [closed(cut(channels, middle)) for channels in bones]


def _frames(motion: Motion, scene: bpy.types.Scene, first_frame: float) -> Array:
    """Frames (T,) of the scene for the frames of the motion. A loop's length is rounded to a whole number of them."""
    step = scene_rate(scene) / Motion.fps
    if is_loop(motion):
        step = max(round((motion.frames - 1) * step), 1) / (motion.frames - 1)
    return first_frame + np.arange(motion.frames) * step


def _adopt(armature: bpy.types.Object, action: bpy.types.Action, switches: Switches, first: float, last: float) -> None:
    """Add the action to the armature's takes and show it."""
    action.use_fake_user = True
    action.use_frame_range = True
    action.frame_start, action.frame_end = first, last
    note_keys(action)
    record_switches(armature, switches.paths)
    use_take(armature, action)
    add_to_list(armature, action)


def _title(motion: Motion) -> str:
    song = motion.meta.get("song", {}).get("name", "Dance")
    return f"{song.rsplit('.', 1)[0]} {motion.meta.get('seed', 0)}"


def _describe(
    action: bpy.types.Action, motion: Motion, first_frame: float, rate: float, settings: Mapping[str, Any]
) -> None:
    """Store the take's data on the action, with beats and bars as frames of the scene.

    meta is stored as JSON: custom properties can hold neither None nor large integers.
    """
    meta = motion.meta
    action[PROPERTY] = {
        "id": new_id(),
        "song": str(meta.get("song", {}).get("name", "")),
        "seed": int(meta.get("seed", 0)),
        "style": str(meta.get("leading_style", meta.get("style", ""))),
        "beats": (first_frame + motion.beats * rate).tolist(),
        "bars": (first_frame + np.array(meta.get("downbeats", ())) * rate).tolist(),
        "made": datetime.now().astimezone().isoformat(timespec="seconds"),
        "settings": json.dumps(dict(settings), sort_keys=True),
        "meta": json.dumps(meta, sort_keys=True, ensure_ascii=False),
    }
