"""Several characters to one song: the leader's take for all, mirrored, in canon, or the leader's other takes.

Each follower gets a take of its own, and its object is moved and rotated about the vertical as a whole, so that its
feet do not slide. `parts_in_steps` computes what each dances, `hip_paths_in_steps` the paths of their hips, and
`perform` makes the takes.
"""

import math
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from typing import Any, Literal

import bpy
import numpy as np
from mathutils import Matrix

from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.curves import Tolerance
from ..edge_backend.motion.looping import is_loop
from ..edge_backend.motion.mirrored_parts import mirrored_parts_in_steps
from ..edge_backend.motion.motion import Motion
from ..edge_backend.motion.retarget.bone_map import BoneMap
from ..edge_backend.motion.steps import at_once, part
from ..edge_backend.numerics.array import Array
from ..keyframes.density import Density, modes_of
from ..keyframes.take_details import beat_frames, is_starred, span
from ..lookups import scene_rate
from ..render.tracks import tracks_in_steps, tracks_of
from ..rig.looking import found
from ..rig.obstacles import refuse_hidden
from ..rig.retarget import bone_map_of, mapped_rig
from ..rig.standing import carried_from
from ..song_map.strip_map import PlacedMap
from ..takes.new_take import WrittenKeys, add_take, keys_in_steps, written_in_steps
from ..takes.read_take import inherit, read_take_in_steps
from ..takes.take_list import all_or_none, refuse_tweaked, showing, takes_of
from .hip_path import hip_path_in_steps
from .placement import Formation, formation, spread
from .song_parts import Unit, beginnings

Dances = Literal["SAME", "TAKES"]
Mirrored = Literal["ALL", "PHRASES", "SECTIONS"]


@dataclass(frozen=True, slots=True)
class Group:
    """How several characters dance together.

    dances: the leader's current take for all, or its other takes in turn (the starred ones, if there are any).
    mirror: mirror every second dancer; mirrored: in all bars, or in every second phrase or section. canon: each starts
    this many beats, phrases or sections (unit) after the one before.
    places: the formation at the start; spacing: metres between neighbours in it. distance: least distance of the hips
    over the floor at every frame, metres. turn: radians by which each is rotated further than the one before.
    """

    dances: Dances = "SAME"
    mirror: bool = False
    mirrored: Mirrored = "ALL"
    canon: int = 0
    unit: Unit = "BEATS"
    places: Formation = "LINE"
    spacing: float = 1.5
    distance: float = 1.0
    turn: float = 0.0


@dataclass(frozen=True, slots=True)
class Part:
    """The dance of one follower: a motion of the leader, and the frame of the scene at which it starts.

    dancer, source: session_uid of the follower, and of the take with the motion; either may be removed later. modes:
    the rotation modes of its bones, for which the keys are made. density, tolerance: of the keys.
    """

    dancer: int
    source: int
    motion: Motion
    first: float
    modes: dict[str, str]
    density: Density
    tolerance: Tolerance

    def keys_in_steps(self, scene: bpy.types.Scene) -> Generator[float, None, WrittenKeys]:
        """Its keys, for the follower as it is at the first step. Raises EdgeError dancer_gone, rig_unfit."""
        dancer = found(bpy.data.objects, self.dancer)
        how: dict[str, Any] = {"density": self.density, "tolerance": self.tolerance}
        return written_in_steps(keys_in_steps(dancer, self.motion, scene, self.first, **how))


KeyedPart = tuple[Part, WrittenKeys]
"""What a follower dances, and its keys."""


@dataclass(frozen=True, slots=True)
class HipPaths:
    """Positions of the dancers' hips.

    hips: (T, 3) for each dancer, the leader first, world, metres. places: matrix_world of each dancer at that time.
    headings: of their rest poses, as `_heading` has them.
    """

    hips: list[Array]
    places: list[Matrix]
    headings: list[float]


def parts_in_steps(
    leader: bpy.types.Object,
    action: bpy.types.Action,
    followers: Sequence[bpy.types.Object],
    scene: bpy.types.Scene,
    group: Group,
    *,
    song_map: PlacedMap | None = None,
    density: Density = "FRAMES",
    tolerance: Tolerance | None = None,
) -> Generator[float, None, list[Part]]:
    """The dance of each follower to the leader's take, ordered by distance from the leader. Nothing is changed.

    song_map: of the scene's song, for phrases and sections of takes without a plan. Yields the fraction done; between
    two steps scene and characters are as before. Raises EdgeError group_takes, beats_unknown, form_unknown, rig_unfit,
    armature_tweaked, dance_hidden, reading_ended, dancer_gone.
    """
    for follower in followers:
        refuse_tweaked(follower)
        refuse_hidden(follower)  # their positions are read from the evaluated pose
    nearest = sorted(followers, key=lambda ob: (ob.matrix_world.translation - leader.matrix_world.translation).length)
    sources = _sources(leader, action, len(nearest), group)
    delays = _delays(action, len(nearest), group, scene, song_map)
    uids = [source.session_uid for source in sources]
    places = [(follower.session_uid, uid, delay) for follower, uid, delay in zip(nearest, uids, delays, strict=True)]
    stage = leader.session_uid, action.session_uid, scene.session_uid
    read: dict[int, Motion] = {}
    share = 0.9 if group.mirror else 1.0
    different = list(dict.fromkeys(uids))
    for number, uid in enumerate(different):
        leader, scene = found(bpy.data.objects, stage[0]), found(bpy.data.scenes, stage[2])
        steps = read_take_in_steps(leader, found(bpy.data.actions, uid), scene)
        read[uid] = yield from part(steps, share * number / len(different), share * (number + 1) / len(different))
    images: dict[int, Motion] = {}
    turned = list(dict.fromkeys(uids[::2])) if group.mirror else []
    for number, uid in enumerate(turned):
        source, scene = found(bpy.data.actions, uid), found(bpy.data.scenes, stage[2])
        steps = _mirrored_in_steps(read[uid], source, scene, group, song_map)
        images[uid] = yield from part(steps, share + (1 - share) * number / len(turned), 1.0)
    action, scene = found(bpy.data.actions, stage[1]), found(bpy.data.scenes, stage[2])
    parts = []
    for number, (dancer, uid, delay) in enumerate(places, start=1):
        follower, source = found(bpy.data.objects, dancer), found(bpy.data.actions, uid)
        danced = images if group.mirror and number % 2 else read
        motion = _cut(danced[uid], delay, source, action, scene)
        first, modes = span(source)[0] + delay, modes_of(follower)
        parts.append(Part(dancer, uid, motion, first, modes, density, tolerance or Tolerance()))
    return parts


def hip_paths_in_steps(
    leader: bpy.types.Object, action: bpy.types.Action, parts: Sequence[KeyedPart], scene: bpy.types.Scene
) -> Generator[float, None, HipPaths]:
    """The hips' paths of all dancers from their present positions, at each frame of the leader's take.

    Only the leader is played. The followers' paths follow from their keys: showing these to Blender would have it build
    its dependency graph anew in every step. Yields the fraction done; between two steps scene and characters are as
    before. Raises EdgeError armature_tweaked, reading_ended, dancer_gone.
    """
    dancers = [leader, *(found(bpy.data.objects, part.dancer) for part, _ in parts)]
    take, frames = action.session_uid, _frames(action)
    places = [dancer.matrix_world.copy() for dancer in dancers]
    standing = [np.array(_place(dancer)) for dancer in dancers]

    def shown(dancer: bpy.types.Object) -> AbstractContextManager[None]:
        return showing(dancer, found(bpy.data.actions, take))

    headings = [_heading(leader, bone_map_of(leader))]
    (played,) = yield from part(tracks_in_steps([leader], scene, frames, showing=shown), 0.0, 0.5)
    hips = [played.hips]
    for number, (one, written) in enumerate(parts):
        follower = found(bpy.data.objects, one.dancer)
        bone_map, rig = mapped_rig(follower)
        headings.append(_heading(follower, bone_map))
        thighs, world = [bone_map.bones[f"thigh.{side}"] for side in "LR"], standing[number + 1]
        computing = hip_path_in_steps(rig, thighs, one.modes, written.keys.channels, np.array(frames))
        yield 0.5 + 0.5 * number / len(parts)
        path = yield from part(computing, 0.5 + 0.5 * number / len(parts), 0.5 + 0.5 * (number + 1) / len(parts))
        hips.append(path @ world[:3, :3].T + world[:3, 3])
    return HipPaths(hips, places, headings)


def _place(dancer: bpy.types.Object) -> Matrix:
    """The object's matrix_world; if it carries the current take over the floor, that at the take's start."""
    carried = carried_from(dancer)
    if carried is None or carried[0]:
        return dancer.matrix_world
    basis = dancer.matrix_basis.copy()
    basis.translation = carried[1]
    return dancer.matrix_world @ dancer.matrix_basis.inverted() @ basis


def perform(
    leader: bpy.types.Object,
    action: bpy.types.Action,
    parts: Sequence[KeyedPart],
    scene: bpy.types.Scene,
    group: Group,
    *,
    paths: HipPaths | None = None,
) -> list[bpy.types.Action]:
    """Make a take for each follower from the keys of its part, and place all followers. Returns the takes.

    The leader is not changed. paths: of `hip_paths_in_steps`; computed here if None, or if a dancer was moved since.
    Raises EdgeError group_places, dancer_gone, rig_unfit, armature_tweaked, with nothing changed.
    """
    followers = [found(bpy.data.objects, part.dancer) for part, _ in parts]
    dancers = [leader, *followers]
    # Whether a bone was renamed meanwhile, or its rotation mode was changed.
    changed = [part.modes != modes_of(follower) for (part, _), follower in zip(parts, followers, strict=True)]
    if paths and (paths.places != [dancer.matrix_world for dancer in dancers] or any(changed)):
        paths = None
    with ExitStack() as undo:
        for follower in followers:
            undo.enter_context(all_or_none(follower, scene))
        takes = [
            _take_of(part, at_once(part.keys_in_steps(scene)) if anew else keys, scene)
            for (part, keys), anew in zip(parts, changed, strict=True)
        ]
        if paths:
            hips, headings = paths.hips, paths.headings
        else:
            hips = [track.hips for track in tracks_of(dancers, scene, _frames(action))]
            headings = [_heading(dancer, bone_map_of(dancer)) for dancer in dancers]
        moves = _moves(hips, headings, group)
    for follower, move in zip(followers, moves, strict=True):
        follower.matrix_world = move @ follower.matrix_world
    bpy.context.view_layer.update()
    return takes


def _take_of(part: Part, keys: WrittenKeys, scene: bpy.types.Scene) -> bpy.types.Action:
    """The new take of the follower, which it shows."""
    follower, source = found(bpy.data.objects, part.dancer), found(bpy.data.actions, part.source)
    name = f"{source.name} {follower.name}"
    take = add_take(follower, part.motion, scene, part.first, name=name, keys=keys, density=part.density)
    inherit(take, source)
    return take


def _sources(leader: bpy.types.Object, action: bpy.types.Action, count: int, group: Group) -> list[bpy.types.Action]:
    """The leader's take that each follower dances."""
    if group.dances == "SAME":
        return [action] * count
    others = [take for take in takes_of(leader) if take != action]
    others = [take for take in others if is_starred(take)] or others
    if not others:
        raise EdgeError("group_takes", f"{leader.name} has no other takes.", "Make Variations of its dance first.")
    return [others[number % len(others)] for number in range(count)]


def _delays(
    action: bpy.types.Action, count: int, group: Group, scene: bpy.types.Scene, song_map: PlacedMap | None
) -> list[float]:
    """Frames of the scene by which each follower starts later, from the song's own beats, phrases or sections."""
    if not group.canon:
        return [0.0] * count
    known = beginnings(action, scene, group.unit, song_map)
    if len(known) <= count * group.canon:
        unit = group.unit.lower()
        raise EdgeError(
            "beats_unknown",
            f"{action.name} has {len(known)} {unit}, too few for {count} dancers to start {group.canon} {unit} apart.",
            f"Choose fewer {unit}, or fewer dancers.",
        )
    return [known[number * group.canon] - known[0] for number in range(1, count + 1)]


def _mirrored_in_steps(
    motion: Motion, source: bpy.types.Action, scene: bpy.types.Scene, group: Group, song_map: PlacedMap | None
) -> Generator[float, None, Motion]:
    """The take's motion as a mirrored dancer dances it. Yields the fraction done."""
    if group.mirrored == "ALL":
        return motion.mirrored()
    starts = beginnings(source, scene, group.mirrored, song_map)[1:]
    frames = [round((start - span(source)[0]) * Motion.fps / scene_rate(scene)) for start in starts]
    borders = [frame for frame in frames if 1 < frame < motion.frames - 1]
    return (yield from mirrored_parts_in_steps(_unlooped(motion), borders))  # whose ends may be of different sides


def _cut(
    motion: Motion, delay: float, source: bpy.types.Action, action: bpy.types.Action, scene: bpy.types.Scene
) -> Motion:
    """The motion, started `delay` frames later, up to the end of the leader's dance, with the beats of the song.

    A loop that starts with the leader is not cut.
    """
    rate = scene_rate(scene)
    beats = (np.array(beat_frames(source)) - span(source)[0] - delay) / rate
    if is_loop(motion) and not delay:
        return replace(motion, beats=beats)
    room = span(action)[1] - span(source)[0] - delay
    frames = min(motion.frames, max(2, math.floor(room * Motion.fps / rate + 1e-3) + 1))
    rotations, root, contacts = (values[:frames] for values in (motion.rotations, motion.root, motion.contacts))
    return replace(_unlooped(motion), rotations=rotations, root=root, contacts=contacts, beats=beats)


def _unlooped(motion: Motion) -> Motion:
    """The motion as an ordinary one, which does not repeat."""
    return replace(motion, meta={name: value for name, value in motion.meta.items() if name != "loop"})


def _frames(action: bpy.types.Action) -> list[float]:
    """The frames of the scene at which the action is played."""
    first, last = span(action)
    return [float(frame) for frame in range(math.floor(first), math.ceil(last) + 1)]


def _moves(hips: Sequence[Array], headings: Sequence[float], group: Group) -> list[Matrix]:
    """The transform, world space, that moves each follower's object. The leader, the first dancer, is not moved.

    hips: of each dancer (T, 3), world, metres. headings: of each, radians.
    """
    starts = np.array([path[0, :2] for path in hips])
    ahead = headings[0]
    turns = [0.0] * len(hips)
    plan, least = starts - starts[0], 1.0
    if group.places != "PLACED":
        turns = [ahead - heading for heading in headings]
        plan, least = formation(group.places, len(hips)) @ _turned(ahead).T, group.spacing
    turns = [turn + number * group.turn for number, turn in enumerate(turns)]
    paths = [(path[:, :2] - path[0, :2]) @ _turned(turn).T for path, turn in zip(hips, turns, strict=True)]
    try:
        factor = spread(plan, paths, group.distance, least)
    except ValueError as error:
        raise EdgeError(
            "group_places", "Two of the dancers start at the same place.", "Move one of them, or choose a formation."
        ) from error
    ends = starts[0] + factor * plan
    return [
        Matrix.Translation((*end, 0)) @ Matrix.Rotation(turn, 4, "Z") @ Matrix.Translation((*-start, 0))
        for start, end, turn in zip(starts[1:], ends[1:], turns[1:], strict=True)
    ]


def _heading(armature: bpy.types.Object, bone_map: BoneMap) -> float:
    """Rotation of the armature's rest pose about the vertical, radians; 0 faces -y."""
    bones, data = bone_map.bones, armature.data
    left, right = ((armature.matrix_world @ _bone(data, bones[f"thigh.{side}"]).head_local) for side in "LR")
    across = left - right
    return math.atan2(across.y, across.x)


def _bone(data: Any, name: str) -> Any:
    return data.bones[name]


def _turned(angle: float) -> Array:
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
