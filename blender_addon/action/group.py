"""Several characters to one song: the leader's dance, mirrored, later by some beats, or the leader's other takes.

Each follower gets a take of its own, and its object is moved and turned about the vertical as a whole: feet that stand
go on standing.
"""

import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, Literal

import bpy
import numpy as np
from mathutils import Matrix

from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.curves import Tolerance
from ..edge_backend.motion.motion import Motion
from ..edge_backend.motion.rotations import Array
from ..render.tracks import tracks_of
from ..rig.retarget import bone_map_of
from .curves import Density, set_density
from .mirror import mirrored
from .places import Formation, formation, spread
from .read_take import inherit, read_take
from .take import add_take
from .takes import all_or_none, beat_frames, is_starred, span, takes_of

Dances = Literal["SAME", "TAKES"]


@dataclass(frozen=True, slots=True)
class Group:
    """How several dance together.

    dances: the leader's shown take for all, or its other takes in turn (the starred ones, if any are). mirror: every
    second one in a mirror. beats: each begins so many beats later than the one before. places: where they begin,
    spacing metres apart. distance: metres that the middles of their hips keep on the floor, at every frame. turn:
    radians by which each is turned further than the one before.
    """

    dances: Dances = "SAME"
    mirror: bool = False
    beats: int = 0
    places: Formation = "LINE"
    spacing: float = 1.5
    distance: float = 1.0
    turn: float = 0.0


def dance_together(
    leader: bpy.types.Object,
    action: bpy.types.Action,
    followers: Sequence[bpy.types.Object],
    scene: bpy.types.Scene,
    group: Group,
    *,
    density: tuple[Density, Tolerance] = ("FRAMES", Tolerance()),
) -> list[bpy.types.Action]:
    """Give each follower a take to the leader's and place them; returns the takes. The leader stays as it is.

    Raises EdgeError group_takes, group_places, beats_unknown, rig_unfit, armature_tweaked; then nothing has changed.
    """
    nearest = sorted(followers, key=lambda ob: (ob.matrix_world.translation - leader.matrix_world.translation).length)
    sources = _sources(leader, action, len(nearest), group)
    delays = _delays(action, len(nearest), group.beats)
    read = {source: read_take(leader, source, scene) for source in dict.fromkeys(sources)}
    takes = []
    with ExitStack() as undo:
        for follower in nearest:
            undo.enter_context(all_or_none(follower, scene))
        for number, (follower, source, delay) in enumerate(zip(nearest, sources, delays, strict=True), start=1):
            motion = _cut(read[source], delay, source, action, scene)
            motion = mirrored(motion) if group.mirror and number % 2 else motion
            name = f"{source.name} {follower.name}"
            take = add_take(follower, motion, scene, span(source)[0] + delay, name=name)
            inherit(take, source)
            set_density(follower, take, *density)
            takes.append(take)
        moves = _moves([leader, *nearest], scene, span(action), group)
    for follower, move in zip(nearest, moves, strict=True):
        follower.matrix_world = move @ follower.matrix_world
    bpy.context.view_layer.update()
    return takes


def _sources(leader: bpy.types.Object, action: bpy.types.Action, count: int, group: Group) -> list[bpy.types.Action]:
    """The leader's take that each follower dances."""
    if group.dances == "SAME":
        return [action] * count
    others = [take for take in takes_of(leader) if take != action]
    others = [take for take in others if is_starred(take)] or others
    if not others:
        raise EdgeError("group_takes", f"{leader.name} has no other takes.", "Make Variations of its dance first.")
    return [others[number % len(others)] for number in range(count)]


def _delays(action: bpy.types.Action, count: int, beats: int) -> list[float]:
    """By how many frames of the scene each follower begins later; the song's own beats, whatever its tempo does."""
    if not beats:
        return [0.0] * count
    known = np.array([beat for beat in beat_frames(action) if beat >= span(action)[0]])
    if len(known) <= count * beats:
        raise EdgeError(
            "beats_unknown",
            f"{action.name} has {len(known)} beats, too few for {count} to begin {beats} beats after each other.",
            "Choose fewer beats, or fewer dancers.",
        )
    return [float(known[number * beats] - known[0]) for number in range(1, count + 1)]


def _cut(
    motion: Motion, delay: float, source: bpy.types.Action, action: bpy.types.Action, scene: bpy.types.Scene
) -> Motion:
    """What of the motion, begun later, is over when the leader's dance is."""
    rate = scene.render.fps / scene.render.fps_base
    room = span(action)[1] - span(source)[0] - delay
    frames = min(motion.frames, max(2, math.floor(room * Motion.fps / rate + 1e-3) + 1))
    return replace(
        motion, rotations=motion.rotations[:frames], root=motion.root[:frames], contacts=motion.contacts[:frames]
    )


def _moves(
    dancers: Sequence[bpy.types.Object], scene: bpy.types.Scene, frames: tuple[float, float], group: Group
) -> list[Matrix]:
    """How each follower's object has to be moved, world: the leader, who comes first, stays."""
    shown = np.arange(math.floor(frames[0]), math.ceil(frames[1]) + 1).astype(float)
    hips = [track.hips for track in tracks_of(dancers, scene, shown.tolist())]
    starts = np.array([way[0, :2] for way in hips])
    ahead = _heading(dancers[0])
    turns = [0.0] * len(dancers)
    plan, least = starts - starts[0], 1.0
    if group.places != "PLACED":
        turns = [ahead - _heading(dancer) for dancer in dancers]
        plan, least = formation(group.places, len(dancers)) @ _turned(ahead).T, group.spacing
    turns = [turn + number * group.turn for number, turn in enumerate(turns)]
    ways = [(way[:, :2] - way[0, :2]) @ _turned(turn).T for way, turn in zip(hips, turns, strict=True)]
    try:
        factor = spread(plan, ways, group.distance, least)
    except ValueError as error:
        raise EdgeError(
            "group_places", "Two of the dancers begin in one place.", "Move one aside, or choose a formation."
        ) from error
    ends = starts[0] + factor * plan
    return [
        Matrix.Translation((*end, 0)) @ Matrix.Rotation(turn, 4, "Z") @ Matrix.Translation((*-start, 0))
        for start, end, turn in zip(starts[1:], ends[1:], turns[1:], strict=True)
    ]


def _heading(armature: bpy.types.Object) -> float:
    """How far it is turned about the vertical at rest, radians; 0 faces -y."""
    bones, data = bone_map_of(armature).bones, armature.data
    left, right = ((armature.matrix_world @ _bone(data, bones[f"thigh.{side}"]).head_local) for side in "LR")
    across = left - right
    return math.atan2(across.y, across.x)


def _bone(data: Any, name: str) -> Any:
    return data.bones[name]


def _turned(angle: float) -> Array:
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
