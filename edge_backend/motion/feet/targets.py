"""Where each foot is to be: anchors of its plants, its turn, the bend of its toes, and fades to the frames between.

A turn is the rotation, in the world, from how a joint stands in the rig's stance: the identity is a flat foot that
points as in the stance.
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

# Corrections accelerate by at most this much per frame squared, unless plants lie too close together.
ACCELERATION = 0.003  # metres
TURN_ACCELERATION = 0.02  # radians
MOST_TOE_BEND = np.radians(65)
# On another rig, so that its legs can point where the dancer's do: what a foot turns about its planted toes at most,
# and metres that a sole may lie below and above the floor, too little to be seen.
MOST_HEEL_TURN = np.radians(20)
GIVE_DOWN, GIVE_UP = 0.0015, 0.005
LIFT_REACH = 4  # frames over which a foot is lifted before it would pierce the floor
SINK = 0.003  # metres that the sole may lie below the floor right beside a plant, where a lift has to begin
# Metres above the floor: a foot that swings lower than this keeps the clearance that it had, but for the slack.
# On another rig only what swings hardly above the floor: feet of other lengths have other clearances beside a plant.
SCRAPES, SLACK = 0.05, 0.003
RIG_SCRAPES = 0.01
SLOW = 0.1  # metres per second; frames of a plant that are faster count less where it is anchored


@dataclass(frozen=True)
class FootTrack:
    """One foot over time. ankle: (T, 3) metres, world. turn, toe_turn: (T, 3, 3) of the ankle and the toe joint."""

    ankle: Array
    turn: Array
    toe_turn: Array


@dataclass(frozen=True)
class FootPlan:
    """What the plants of one foot ask for.

    planted: (T, 2) heel, toes. fixed: (T,) frames in which the ankle is given: by a plant, or by the animator.
    held: (T,) the latter. turn, toe_turn: (T, 3, 3) in all frames. ankle: (T, 3), read where fixed.
    """

    planted: Array
    fixed: Array
    held: Array
    turn: Array
    toe_turn: Array
    ankle: Array


@dataclass(frozen=True)
class _Floor:
    """height: world z. scrapes: metres above it, below which a swing keeps the clearance that it had."""

    height: float
    scrapes: float


def plan_foot(track: FootTrack, foot: Foot, planted: Array, held: Array, settings: FootSettings) -> FootPlan:
    """Anchor the plants of one foot.

    track: the foot after the root's correction. planted: (T, 2). held: (T,) frames that stay as they are: plants beside
    them take the held foot's place, and begin after a fade.
    """
    fading = distance(held) <= settings.blend_frames
    locked = planted & ~fading[:, None]
    turn = _flattened(track.turn, planted, locked, held, settings)
    turn = _standing_on(turn, foot, planted, held)
    # The toe joint is a child of the ankle: it turns along.
    toe_turn = _flat_toes(turn @ inverse(track.turn) @ track.toe_turn, locked, held, settings)
    ankle = _anchored(track.ankle, turn, foot, planted, held)
    ankle[:, 2] = settings.floor - _lowest(turn, toe_turn, foot, planted)
    ankle = np.where(held[:, None], track.ankle, ankle)
    return FootPlan(planted, locked.any(axis=1) | held, held, turn, toe_turn, ankle)


def _flattened(turn: Array, planted: Array, locked: Array, held: Array, settings: FootSettings) -> Array:
    """Flat feet lie flat and keep their heading; the correction fades beside them."""
    upright, angle = heading(turn)
    angle = np.unwrap(angle)
    flat = planted.all(axis=1)
    steady = flat if settings.allow_pivots else planted[:, 1]
    wanted = np.where(flat[:, None, None], upright @ turn, turn)
    for start, end in runs(steady):
        told = held[start:end] if held[start:end].any() else slice(None)
        mean = angle[start:end][told].mean()
        wanted[start:end] = about_z(mean - angle[start:end]) @ wanted[start:end]
    given = steady & locked.any(axis=1)
    change = matrix_to_axis_angle(np.where(given[:, None, None], wanted @ inverse(turn), np.eye(3)))
    return axis_angle_to_matrix(bridge(change, given | held, settings.blend_frames, TURN_ACCELERATION)) @ turn


def _standing_on(turn: Array, foot: Foot, planted: Array, held: Array) -> Array:
    """A foot that stands on its toes alone has the heel no lower than the ball, and the other way round."""
    heel, toes = planted.T
    sole = turn @ foot.ankle_turn @ (foot.ball - foot.heel)
    length = float(np.linalg.norm(foot.ball - foot.heel))
    pitch = np.arcsin(np.clip(sole[:, 2] / length, -1, 1))
    late = SINK * foot.scale / length
    down = rise(np.where(toes, np.maximum(pitch, 0), 0), heel | held, LIFT_REACH, late)
    up = rise(np.where(heel, np.maximum(-pitch, 0), 0), toes | held, LIFT_REACH, late)
    return raising(sole, up - down) @ turn


def _flat_toes(toe_turn: Array, locked: Array, held: Array, settings: FootSettings) -> Array:
    """Planted toes lie flat, as far as they bend."""
    given = locked[:, 1]
    bend = np.where(given[:, None], matrix_to_axis_angle(heading(toe_turn)[0]), 0)
    angle = np.linalg.norm(bend, axis=1, keepdims=True)
    bend *= np.minimum(1, MOST_TOE_BEND / np.maximum(angle, 1e-9))
    return axis_angle_to_matrix(bridge(bend, given | held, settings.blend_frames, TURN_ACCELERATION)) @ toe_turn


def _lowest(turn: Array, toe_turn: Array, foot: Foot, planted: Array) -> Array:
    """Height (T,) of the sole's lowest point from the ankle; tips of free toes do not count, for they can bend."""
    heel, ball, under_toe, tip = _sole(turn, toe_turn, foot)[..., 2]
    return np.minimum.reduce([heel, ball, under_toe, np.where(planted[:, 1], tip, np.inf)])


def _sole(turn: Array, toe_turn: Array, foot: Foot) -> Array:
    """Heel, ball, the point under the toe joint, and the tip (4, T, 3), from the ankle, in the world's axes."""
    ankle_axes, toe_axes = turn @ foot.ankle_turn, toe_turn @ foot.toe_turn
    toe = turn @ foot.to_toe
    return np.stack(
        [ankle_axes @ foot.heel, ankle_axes @ foot.ball, toe + toe_axes @ foot.under_toe, toe + toe_axes @ foot.tip]
    )


def _anchored(ankle: Array, turn: Array, foot: Foot, planted: Array, held: Array) -> Array:
    """Where plants put the ankle (T, 3), horizontally; only planted frames mean something.

    Phases of one stance that follow each other share a locked joint, so they are placed relative to each other first;
    then the whole stance goes where it moves the foot least, slow frames counting most.
    """
    to_toe = (turn @ foot.to_toe)[:, :2]
    heel, toes = planted.T
    target = np.zeros_like(ankle)
    speed = joint_speed(np.where(toes[:, None], ankle + turn @ foot.to_toe, ankle)) / foot.scale
    weight = np.where(held, 1e6, 1 / (1 + (speed / SLOW) ** 2))
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
    """Stretches in which a foot stands without a break: from toes alone to heel alone it goes only through both."""
    only_toes, only_heel = toes & ~heel, heel & ~toes
    switches = np.flatnonzero((only_toes[:-1] & only_heel[1:]) | (only_heel[:-1] & only_toes[1:])) + 1
    stances: list[tuple[int, int]] = []
    for start, end in runs(heel | toes):
        stances += pairwise([start, *switches[(switches > start) & (switches < end)].tolist(), end])
    return stances


def stance_numbers(planted: Array) -> Array:
    """Which stance each frame belongs to (T,), counted from 0; -1 where the foot is free. planted: (T, 2)."""
    numbers = np.full(len(planted), -1)
    for number, (start, end) in enumerate(_stances(*planted.T)):
        numbers[start:end] = number
    return numbers


def _phases(planted: Array, start: int, end: int) -> list[tuple[int, int]]:
    """Stretches of a stance in which the same parts are planted."""
    changes = np.flatnonzero((planted[start + 1 : end] != planted[start : end - 1]).any(axis=1)) + start + 1
    return list(pairwise([start, *changes.tolist(), end]))


def loosened(  # noqa: PLR0917
    track: FootTrack, foot: Foot, plan: FootPlan, settings: FootSettings, spread: Array, fades: bool = True
) -> FootPlan:
    """The plan with planted ankles nearer to the track's: a foot that stands on its toes alone turns about them, soles
    leave the floor by millimetres. Toe joints keep their places on the floor.

    spread: (T, 3, 3), a covariance, by which distances from the track's ankles count. fades: False leaves free frames
    alone, for those who only ask for planted ones.
    """
    free = _on_toes(plan)
    pull = np.linalg.inv(spread)
    toe = plan.ankle + plan.turn @ foot.to_toe
    change = np.where(free[:, None], _about_toes(track.ankle - toe, foot, plan, pull), 0)
    if fades:
        change = bridge(change, plan.fixed, settings.blend_frames, TURN_ACCELERATION)
    turn = axis_angle_to_matrix(change) @ plan.turn
    turn = np.where(free[:, None, None], _standing_on(turn, foot, plan.planted, plan.held), turn)
    ankle = np.where(free[:, None], toe - turn @ foot.to_toe, plan.ankle)
    room = ankle[:, 2] + _lowest(turn, plan.toe_turn, foot, plan.planted) - settings.floor + GIVE_DOWN * foot.scale
    rise = (pull @ (track.ankle - ankle)[..., None])[:, 2, 0] / pull[:, 2, 2]
    give = np.clip(rise, -np.maximum(room, 0), GIVE_UP * foot.scale)
    ankle = ankle + np.where(plan.fixed & ~plan.held, give, 0)[:, None] * UP
    return replace(plan, turn=turn, ankle=ankle)


def _about_toes(wanted: Array, foot: Foot, plan: FootPlan, pull: Array) -> Array:
    """Turns (T, 3), axis times angle, of a foot about its toes that bring the ankle nearest to `wanted` (T, 3), from
    the toe joint. pull: (T, 3, 3), the metric. Two steps of Gauss and Newton on the sphere on which the ankle is."""
    start = plan.turn @ -foot.to_toe
    way = start
    for _ in range(2):
        along = way / np.linalg.norm(way, axis=1, keepdims=True)
        normal = along[:, :, None] * along[:, None, :]
        tangent = np.eye(3) - normal
        metric = tangent @ pull @ tangent + pull.trace(axis1=1, axis2=2)[:, None, None] * normal
        step = np.linalg.solve(metric, tangent @ pull @ (wanted - way)[..., None])[..., 0]
        ways: Array = np.stack([start, way + step])
        change = matrix_to_axis_angle(swing(*ways / np.linalg.norm(ways, axis=2, keepdims=True)))
        angle = np.linalg.norm(change, axis=1)
        change *= (most_heel_turn(plan) / np.maximum(angle, MOST_HEEL_TURN))[:, None]
        way = (axis_angle_to_matrix(change) @ start[..., None])[..., 0]
    return change


def most_heel_turn(plan: FootPlan) -> Array:
    """How far (T,), radians, `loosened` may turn a foot about its planted toes: little beside frames with the heel
    down, and not at all where the toes do not stand alone."""
    near = np.minimum(1, distance(plan.planted[:, 0]) / LIFT_REACH)
    return MOST_HEEL_TURN * near**2 * (3 - 2 * near) * _on_toes(plan)


def _on_toes(plan: FootPlan) -> Array:
    heel, toes = plan.planted.T
    return toes & ~heel & ~plan.held


def follow_plan(track: FootTrack, foot: Foot, plan: FootPlan, settings: FootSettings) -> FootTrack:
    """The corrected foot: planted frames as planned, free ones blended, nothing under the floor, no swing pressed down.

    track: the foot after the root's correction.
    """
    change = np.where(plan.fixed[:, None], plan.ankle - track.ankle, 0)
    # Beside a plant a foot may be on its way up or down already: that must not press it down where it swings.
    least = np.array([-np.inf, -np.inf, 0.0])
    ankle = track.ankle + bridge(change, plan.fixed, settings.blend_frames, ACCELERATION * foot.scale, least)
    return _above_floor(track, ankle, foot, plan, _Floor(settings.floor, SCRAPES * foot.scale))


def follow_leg(track: FootTrack, ankle: Array, foot: Foot, plan: FootPlan, settings: FootSettings) -> FootTrack:
    """The same on another rig, where the ankle's way (T, 3) is the leg's."""
    return _above_floor(track, ankle, foot, plan, _rig_floor(foot, settings))


def lowest_ankle(foot: Foot, plan: FootPlan, settings: FootSettings) -> Array:
    """How low (T,) the ankle may be, world z, on another rig."""
    track = FootTrack(np.zeros_like(plan.ankle), plan.turn, plan.toe_turn)
    return -_clearance(track, foot, _rig_floor(foot, settings).height)


def _rig_floor(foot: Foot, settings: FootSettings) -> _Floor:
    return _Floor(settings.floor - GIVE_DOWN * foot.scale, RIG_SCRAPES * foot.scale)


def _above_floor(track: FootTrack, ankle: Array, foot: Foot, plan: FootPlan, floor: _Floor) -> FootTrack:
    before = _clearance(track, foot, floor.height)
    bent = _lifted(FootTrack(ankle, plan.turn, plan.toe_turn), before, foot, plan.fixed, floor)
    bent = _with_raised_tips(bent, foot, plan, floor.height)
    # Toes that bend up push what is under their joint down.
    return _lifted(bent, before, foot, plan.fixed, floor)


def _clearance(track: FootTrack, foot: Foot, floor: float) -> Array:
    """How high (T,) the sole is above the floor, metres; tips of toes do not count, for they can bend."""
    return track.ankle[:, 2] + _sole(track.turn, track.toe_turn, foot)[:3, :, 2].min(axis=0) - floor


def _lifted(track: FootTrack, before: Array, foot: Foot, fixed: Array, floor: _Floor) -> FootTrack:
    """The foot with its sole nowhere in the floor, nor lower than `before` (T,) if that was near the floor."""
    wanted = np.clip(before - SLACK * foot.scale, 0, floor.scrapes)
    need = np.maximum(wanted - _clearance(track, foot, floor.height), 0)
    lift = rise(need, fixed, LIFT_REACH, SINK * foot.scale + wanted)
    return replace(track, ankle=track.ankle + lift[:, None] * UP)


def _with_raised_tips(track: FootTrack, foot: Foot, plan: FootPlan, floor: float) -> FootTrack:
    """The foot with its toes bent up where their tips would be in the floor."""
    tip = track.toe_turn @ foot.toe_turn @ foot.tip
    toe_height = track.ankle[:, 2] + (track.turn @ foot.to_toe)[:, 2] - floor
    length = float(np.linalg.norm(foot.tip))
    elevation = np.arcsin(np.clip(tip[:, 2] / length, -1, 1))
    needed = np.arcsin(np.clip(-toe_height / length, -1, 1))
    fixed = (plan.fixed & plan.planted[:, 1]) | plan.held
    bend = rise(np.maximum(needed - elevation, 0), fixed, LIFT_REACH, SINK * foot.scale / length)
    return replace(track, toe_turn=raising(tip, bend) @ track.toe_turn)
