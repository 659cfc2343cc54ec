"""Target poses of each foot: anchor of each plant, rotations of ankle and toes, and transitions between plants.

A turn is the world rotation of a joint relative to the rig's stance: the identity is a flat foot that points as in the
stance.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from ...numerics.array import Array
from ...numerics.intervals import distance, runs
from ..rotations import axis_angle_to_matrix, matrix_to_axis_angle
from .contact_detection import joint_speed
from .curves import bridge, rise
from .rig import Foot
from .settings import FootSettings
from .turns import UP, about_z, heading, inverse, raising, swing

# Bounds of a correction's acceleration, per frame squared; exceeded only where plants are too close together.
ACCELERATION = 0.003  # metres
TURN_ACCELERATION = 0.02  # radians
MOST_TOE_BEND = np.radians(65)
# After retargeting, to preserve the directions of legs: the largest rotation of a foot about its planted toes, and the
# largest distances of a sole below and above the floor, metres, too small to be seen.
MOST_HEEL_TURN = np.radians(20)
GIVE_DOWN, GIVE_UP = 0.0015, 0.0048
LIFT_REACH = 4  # frames over which a foot is lifted before it would penetrate the floor
SINK = 0.003  # metres that the sole may be below the floor right beside a plant, where a lift starts at 0
# A swing lower than SCRAPES, metres above the floor, keeps the clearance that it had in the input, less SLACK. After
# retargeting the limit is lower: feet of other lengths have other clearances beside a plant.
SCRAPES, SLACK = 0.05, 0.003
RIG_SCRAPES = 0.01
SLOW = 0.1  # metres per second; speed at which a frame's weight for the plant's anchor is one half


@dataclass(frozen=True)
class FootTrack:
    """One foot over time. ankle: (T, 3) metres, world. turn, toe_turn: (T, 3, 3), turns of ankle and toe joint."""

    ankle: Array
    turn: Array
    toe_turn: Array


@dataclass(frozen=True)
class FootPlan:
    """The target pose of one foot.

    planted: bool (T, 2) heel, toes. pinned: bool (T,), frames with a prescribed ankle position, by a plant or by a
    constraint. constrained: bool (T,), the latter. turn, toe_turn: (T, 3, 3) in all frames. ankle: (T, 3) metres,
    world, defined where pinned.
    """

    planted: Array
    pinned: Array
    constrained: Array
    turn: Array
    toe_turn: Array
    ankle: Array


@dataclass(frozen=True)
class _Floor:
    """height: metres, world z. scrapes: metres above it; a lower swing keeps the clearance that it had in the input."""

    height: float
    scrapes: float


def plan_foot(track: FootTrack, foot: Foot, planted: Array, constrained: Array, settings: FootSettings) -> FootPlan:
    """Compute the target pose of one foot from its plants.

    track: the foot after the root's correction. planted: bool (T, 2). constrained: bool (T,), frames that are not
    changed: adjacent plants are anchored where the foot is in these frames, and start after a fade.
    """
    fading = distance(constrained) <= settings.blend_frames
    locked = planted & ~fading[:, None]
    turn = _flattened(track.turn, planted, locked, constrained, settings)
    turn = _standing_on(turn, foot, planted, constrained)
    # The toe joint is a child of the ankle and rotates with it.
    toe_turn = _flat_toes(turn @ inverse(track.turn) @ track.toe_turn, locked, constrained, settings)
    ankle = _anchored(track.ankle, turn, foot, planted, constrained)
    ankle[:, 2] = settings.floor - _lowest(turn, toe_turn, foot, planted)
    ankle = np.where(constrained[:, None], track.ankle, ankle)
    return FootPlan(planted, locked.any(axis=1) | constrained, constrained, turn, toe_turn, ankle)


def _flattened(turn: Array, planted: Array, locked: Array, constrained: Array, settings: FootSettings) -> Array:
    """Turns (T, 3, 3) in which a foot planted at heel and toes is level and has a constant heading.

    turn: (T, 3, 3). planted, locked: bool (T, 2); locked is planted outside fades. constrained: bool (T,).
    """
    upright, angle = heading(turn)
    angle = np.unwrap(angle)
    flat = planted.all(axis=1)
    steady = flat if settings.allow_pivots else planted[:, 1]
    wanted = np.where(flat[:, None, None], upright @ turn, turn)
    off = np.zeros(len(angle))
    for start, end in runs(steady):
        given = constrained[start:end] if constrained[start:end].any() else slice(None)
        off[start:end] = angle[start:end][given].mean() - angle[start:end]
    wanted[steady] = about_z(off[steady]) @ wanted[steady]
    given = steady & locked.any(axis=1)
    change = np.zeros((len(turn), 3))
    change[given] = matrix_to_axis_angle(wanted[given] @ inverse(turn[given]))
    return axis_angle_to_matrix(bridge(change, given | constrained, settings.blend_frames, TURN_ACCELERATION)) @ turn


def _standing_on(turn: Array, foot: Foot, planted: Array, constrained: Array) -> Array:
    """Turns (T, 3, 3) in which the heel is no lower than the ball while only the toes are planted, and vice versa."""
    heel, toes = planted.T
    sole = foot.ankle_turn @ (foot.ball - foot.heel)
    length = float(np.linalg.norm(sole))
    pitch = np.arcsin(np.clip(turn[:, 2] @ sole / length, -1, 1))
    late = SINK * foot.scale / length
    down = rise(np.where(toes, np.maximum(pitch, 0), 0), heel | constrained, LIFT_REACH, late)
    up = rise(np.where(heel, np.maximum(-pitch, 0), 0), toes | constrained, LIFT_REACH, late)
    frames = np.flatnonzero(up - down)
    standing = turn.copy()
    standing[frames] = raising(turn[frames] @ sole, (up - down)[frames]) @ turn[frames]
    return standing


def _flat_toes(toe_turn: Array, locked: Array, constrained: Array, settings: FootSettings) -> Array:
    """Toe turns (T, 3, 3) in which planted toes are level, or at MOST_TOE_BEND towards that. locked: bool (T, 2)."""
    given = locked[:, 1]
    bend = np.zeros((len(toe_turn), 3))
    bend[given] = matrix_to_axis_angle(heading(toe_turn[given])[0])
    angle = np.linalg.norm(bend, axis=1, keepdims=True)
    bend *= np.minimum(1, MOST_TOE_BEND / np.maximum(angle, 1e-9))
    return axis_angle_to_matrix(bridge(bend, given | constrained, settings.blend_frames, TURN_ACCELERATION)) @ toe_turn


def _lowest(turn: Array, toe_turn: Array, foot: Foot, planted: Array) -> Array:
    """Height (T,), metres, of the sole's lowest point above the ankle (< 0), without tips of free toes, which bend."""
    heel, ball, under_toe, tip = _sole(turn, toe_turn, foot)
    return np.minimum.reduce([heel, ball, under_toe, np.where(planted[:, 1], tip, np.inf)])


def _sole(turn: Array, toe_turn: Array, foot: Foot) -> Array:
    """Heights (4, T), metres above the ankle, of heel, ball, the point under the toe joint, and the tip."""
    ankle_up, toe_up = turn[:, 2], toe_turn[:, 2]
    toe = ankle_up @ foot.to_toe
    heel, ball = (ankle_up @ (foot.ankle_turn @ point) for point in (foot.heel, foot.ball))
    under_toe, tip = (toe + toe_up @ (foot.toe_turn @ point) for point in (foot.under_toe, foot.tip))
    return np.stack([heel, ball, under_toe, tip])


def _anchored(ankle: Array, turn: Array, foot: Foot, planted: Array, constrained: Array) -> Array:
    """Ankle positions (T, 3), metres, world, with x and y set in planted frames.

    Successive phases of a stance share a planted joint, so they are first placed relative to each other; then the whole
    stance is translated to where the weighted mean displacement of the foot is 0. Slow frames have larger weights.
    """
    to_toe = (turn @ foot.to_toe)[:, :2]
    heel, toes = planted.T
    target = np.zeros_like(ankle)
    speed = joint_speed(np.where(toes[:, None], ankle + turn @ foot.to_toe, ankle)) / foot.scale
    weight = np.where(constrained, 1e6, 1 / (1 + (speed / SLOW) ** 2))
    for start, end in _stances(heel, toes):
        place = np.zeros(2)  # of the toe joint where the toes are planted, else of the ankle
        for first, last in _phases(planted, start, end):
            if first > start:
                place = place + to_toe[first] * (toes[first] & ~toes[first - 1])
                place = place - to_toe[first - 1] * (toes[first - 1] & ~toes[first])
            target[first:last, :2] = place - to_toe[first:last] * toes[first]
        off = ankle[start:end, :2] - target[start:end, :2]
        target[start:end, :2] += np.average(off, axis=0, weights=weight[start:end])
    return target


def _stances(heel: Array, toes: Array) -> list[tuple[int, int]]:
    """Intervals (first frame, frame after the last) in which a foot stands without a break.

    heel, toes: bool (T,). A direct change from toes alone to heel alone, or back, begins a new stance.
    """
    only_toes, only_heel = toes & ~heel, heel & ~toes
    switches = np.flatnonzero((only_toes[:-1] & only_heel[1:]) | (only_heel[:-1] & only_toes[1:])) + 1
    stances: list[tuple[int, int]] = []
    for start, end in runs(heel | toes):
        stances += pairwise([start, *switches[(switches > start) & (switches < end)].tolist(), end])
    return stances


def stance_numbers(planted: Array) -> Array:
    """The number (T,) of the stance that each frame belongs to, from 0; -1 in free frames. planted: bool (T, 2)."""
    numbers = np.full(len(planted), -1)
    for number, (start, end) in enumerate(_stances(*planted.T)):
        numbers[start:end] = number
    return numbers


def _phases(planted: Array, start: int, end: int) -> list[tuple[int, int]]:
    """Intervals within frames start to end - 1 in which the same parts are planted. planted: bool (T, 2)."""
    changes = np.flatnonzero((planted[start + 1 : end] != planted[start : end - 1]).any(axis=1)) + start + 1
    return list(pairwise([start, *changes.tolist(), end]))


def loosened(  # noqa: PLR0917
    ankle: Array, foot: Foot, plan: FootPlan, settings: FootSettings, pull: Array, fades: bool = True
) -> FootPlan:
    """The plan with planted ankles moved towards other places, as far as the feet allow.

    A foot that stands on its toes alone may rotate about them by `most_heel_turn`, and soles may leave the floor by
    GIVE_DOWN and GIVE_UP. Toe joints keep their horizontal positions. ankle: (T, 3) metres, world, where it is after
    the root's translation. pull: (T, 3, 3), per square metre, world, the metric that defines the distance of ankles.
    fades: False leaves free frames unchanged, for callers that read planted frames only.
    """
    free = on_toes(plan)
    toe = plan.ankle[free] + plan.turn[free] @ foot.to_toe
    start, most = plan.turn[free] @ -foot.to_toe, most_heel_turn(plan)[free]
    change = np.zeros_like(plan.ankle)
    change[free] = _about_toes(start, ankle[free] - toe, most, pull[free])
    if fades:
        change = bridge(change, plan.pinned, settings.blend_frames, TURN_ACCELERATION)
    turn = plan.turn.copy()
    frames = np.flatnonzero(change.any(axis=1))
    turn[frames] = axis_angle_to_matrix(change[frames]) @ plan.turn[frames]
    turn[free] = _standing_on(turn, foot, plan.planted, plan.constrained)[free]
    place = plan.ankle.copy()
    place[free] = toe - turn[free] @ foot.to_toe
    room = place[:, 2] + _lowest(turn, plan.toe_turn, foot, plan.planted) - settings.floor + GIVE_DOWN * foot.scale
    rise = np.sum(pull[:, 2] * (ankle - place), axis=1) / pull[:, 2, 2]
    give = np.clip(rise, -np.maximum(room, 0), GIVE_UP * foot.scale)
    place[:, 2] += np.where(plan.pinned & ~plan.constrained, give, 0)
    return replace(plan, turn=turn, ankle=place)


def _about_toes(start: Array, wanted: Array, most: Array, pull: Array) -> Array:
    """Rotations (n, 3), axis-angle, world, of a foot about its toe joint that bring the ankle nearest to its target.

    start, wanted: (n, 3) metres, the ankle and its target relative to the toe joint. most: (n,) radians, the largest
    rotation. pull: (n, 3, 3), the metric. Two Gauss-Newton steps on the sphere on which the ankle moves.
    """
    direction, change = start, np.zeros_like(start)
    for _ in range(2):
        along = direction / np.linalg.norm(direction, axis=1, keepdims=True)
        normal = along[:, :, None] * along[:, None, :]
        tangent = np.eye(3) - normal
        metric = tangent @ pull @ tangent + pull.trace(axis1=1, axis2=2)[:, None, None] * normal
        step = np.linalg.solve(metric, tangent @ pull @ (wanted - direction)[..., None])[..., 0]
        directions: Array = np.stack([start, direction + step])
        change = matrix_to_axis_angle(swing(*directions / np.linalg.norm(directions, axis=2, keepdims=True)))
        angle = np.linalg.norm(change, axis=1)
        change *= (most / np.maximum(angle, MOST_HEEL_TURN))[:, None]
        direction = (axis_angle_to_matrix(change) @ start[..., None])[..., 0]
    return change


def most_heel_turn(plan: FootPlan) -> Array:
    """The largest rotation (T,), radians, of a foot about its planted toes in `loosened`.

    0 where other parts than the toes are planted or none, and less within LIFT_REACH of frames with a planted heel.
    """
    near = np.minimum(1, distance(plan.planted[:, 0]) / LIFT_REACH)
    return MOST_HEEL_TURN * near**2 * (3 - 2 * near) * on_toes(plan)


def on_toes(plan: FootPlan) -> Array:
    """Whether the foot stands on its toes alone, bool (T,)."""
    heel, toes = plan.planted.T
    return toes & ~heel & ~plan.constrained


def follow_plan(track: FootTrack, foot: Foot, plan: FootPlan, settings: FootSettings) -> FootTrack:
    """The corrected foot: planted frames as planned, corrections faded in free ones, no sole below the floor.

    track: the foot after the root's correction.
    """
    change = np.where(plan.pinned[:, None], plan.ankle - track.ankle, 0)
    # The slope of the vertical correction at a plant is >= 0, so that it does not overshoot downwards in a swing.
    least = np.array([-np.inf, -np.inf, 0.0])
    ankle = track.ankle + bridge(change, plan.pinned, settings.blend_frames, ACCELERATION * foot.scale, least)
    return _above_floor(track, ankle, foot, plan, _Floor(settings.floor, SCRAPES * foot.scale))


def follow_leg(track: FootTrack, ankle: Array, foot: Foot, plan: FootPlan, settings: FootSettings) -> FootTrack:
    """The foot after retargeting, with its ankle at `ankle` (T, 3), metres, world; no sole below the floor."""
    return _above_floor(track, ankle, foot, plan, _rig_floor(foot, settings))


def lowest_ankle(foot: Foot, plan: FootPlan, settings: FootSettings) -> Array:
    """The least height (T,), metres, world z, of the ankle at which no sole is below the floor, after retargeting."""
    track = FootTrack(np.zeros_like(plan.ankle), plan.turn, plan.toe_turn)
    return -_clearance(track, foot, _rig_floor(foot, settings).height)


def _rig_floor(foot: Foot, settings: FootSettings) -> _Floor:
    return _Floor(settings.floor - GIVE_DOWN * foot.scale, RIG_SCRAPES * foot.scale)


def _above_floor(track: FootTrack, ankle: Array, foot: Foot, plan: FootPlan, floor: _Floor) -> FootTrack:
    before = _clearance(track, foot, floor.height)
    bent = _lifted(FootTrack(ankle, plan.turn, plan.toe_turn), before, foot, plan.pinned, floor)
    bent = _with_raised_tips(bent, foot, plan, floor.height)
    # Toes that bend up lower the point under their joint.
    return _lifted(bent, before, foot, plan.pinned, floor)


def _clearance(track: FootTrack, foot: Foot, floor: float) -> Array:
    """Height (T,), metres, of the sole above the floor, without the tips of toes, which can bend."""
    return track.ankle[:, 2] + _sole(track.turn, track.toe_turn, foot)[:3].min(axis=0) - floor


def _lifted(track: FootTrack, before: Array, foot: Foot, pinned: Array, floor: _Floor) -> FootTrack:
    """The foot lifted so that its clearance is >= 0, and >= `before` (T,), metres, if that was near the floor."""
    wanted = np.clip(before - SLACK * foot.scale, 0, floor.scrapes)
    need = np.maximum(wanted - _clearance(track, foot, floor.height), 0)
    lift = rise(need, pinned, LIFT_REACH, SINK * foot.scale + wanted)
    return replace(track, ankle=track.ankle + lift[:, None] * UP)


def _with_raised_tips(track: FootTrack, foot: Foot, plan: FootPlan, floor: float) -> FootTrack:
    """The foot with its toes bent up where their tips would be below the floor."""
    tip = track.toe_turn @ foot.toe_turn @ foot.tip
    toe_height = track.ankle[:, 2] + (track.turn @ foot.to_toe)[:, 2] - floor
    length = float(np.linalg.norm(foot.tip))
    elevation = np.arcsin(np.clip(tip[:, 2] / length, -1, 1))
    needed = np.arcsin(np.clip(-toe_height / length, -1, 1))
    pinned = (plan.pinned & plan.planted[:, 1]) | plan.constrained
    bend = rise(np.maximum(needed - elevation, 0), pinned, LIFT_REACH, SINK * foot.scale / length)
    return replace(track, toe_turn=raising(tip, bend) @ track.toe_turn)
