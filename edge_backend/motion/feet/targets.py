"""Where each foot is to be: anchors of its plants, its turn, the bend of its toes, and fades to the frames between.

A turn is the rotation, in the world, from how a joint stands in the rig's stance: the identity is a flat foot that
points as in the stance.
"""

from dataclasses import dataclass

import numpy as np

from ..rotations import Array, axis_angle_to_matrix, cross_product_matrix, matrix_to_axis_angle
from .curves import bridge, envelope, runs
from .plants import joint_speed
from .rig import Foot
from .settings import FootSettings

# Corrections accelerate by at most this much per frame squared, unless plants lie too close together.
ACCELERATION = 0.003  # metres
TURN_ACCELERATION = 0.02  # radians
MOST_TOE_BEND = np.radians(65)
LIFT_REACH = 4  # frames over which a foot is lifted before it would pierce the floor
SINK = 0.003  # metres that the sole may lie below the floor right beside a plant, where a lift has to begin

UP = np.array([0.0, 0.0, 1.0])


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


def plan_foot(track: FootTrack, foot: Foot, planted: Array, held: Array, settings: FootSettings) -> FootPlan:
    """Anchor the plants of one foot.

    planted: (T, 2). held: (T,) frames that stay as they are: plants beside them take the held foot's place, and start
    only after a fade.
    """
    near_held = _within(held, settings.blend_frames)
    turn = _flattened(track.turn, planted, held, near_held, settings)
    turn = _standing_on(turn, foot, planted, held)
    # The toe joint is a child of the ankle: it turns along.
    toe_turn = _flat_toes(turn @ _transposed(track.turn) @ track.toe_turn, planted, held, near_held, settings)
    ankle = _anchored(track.ankle, turn, foot, planted, held)
    ankle[:, 2] = settings.floor - _lowest(turn, toe_turn, foot, planted)
    ankle = np.where(held[:, None], track.ankle, ankle)
    return FootPlan(planted, (planted.any(axis=1) & ~near_held) | held, held, turn, toe_turn, ankle)


def _flattened(turn: Array, planted: Array, held: Array, near_held: Array, settings: FootSettings) -> Array:
    """Flat feet lie flat and keep their heading; the correction fades beside them."""
    tilt, angle = heading(turn)
    angle = np.unwrap(angle)
    flat = planted.all(axis=1)
    wanted = turn.copy()
    for start, end in runs(flat if settings.allow_pivots else planted[:, 1]):
        kept = held[start:end] if held[start:end].any() else np.ones(end - start, dtype=bool)
        mean = angle[start:end][kept].mean()
        upright = np.where(flat[start:end, None, None], tilt[start:end], np.eye(3))
        wanted[start:end] = about_z(mean - angle[start:end]) @ upright @ turn[start:end]
    given = (flat if settings.allow_pivots else planted[:, 1]) & ~near_held
    change = matrix_to_axis_angle(np.where(given[:, None, None], wanted @ _transposed(turn), np.eye(3)))
    return axis_angle_to_matrix(bridge(change, given | held, settings.blend_frames, TURN_ACCELERATION)) @ turn


def _standing_on(turn: Array, foot: Foot, planted: Array, held: Array) -> Array:
    """A foot that stands on its toes alone has the heel no lower than the ball, and the other way round."""
    heel, toes = planted.T
    sole = turn @ _in_stance(foot, foot.ball - foot.heel)
    length = np.linalg.norm(sole[0])
    pitch = np.arcsin(np.clip(sole[:, 2] / length, -1, 1))
    down = _raise(np.where(toes, np.maximum(pitch, 0), 0), heel | held, SINK / length)
    up = _raise(np.where(heel, np.maximum(-pitch, 0), 0), toes | held, SINK / length)
    return _pitched(sole, up - down) @ turn


def _flat_toes(toe_turn: Array, planted: Array, held: Array, near_held: Array, settings: FootSettings) -> Array:
    """Planted toes lie flat, as far as they bend."""
    upright = matrix_to_axis_angle(heading(toe_turn)[0])
    angle = np.linalg.norm(upright, axis=1, keepdims=True)
    upright *= np.minimum(1, MOST_TOE_BEND / np.maximum(angle, 1e-9))
    given = planted[:, 1] & ~near_held
    upright = np.where(given[:, None], upright, 0)
    return axis_angle_to_matrix(bridge(upright, given | held, settings.blend_frames, TURN_ACCELERATION)) @ toe_turn


def _lowest(turn: Array, toe_turn: Array, foot: Foot, planted: Array) -> Array:
    """Height (T,) of the sole's lowest point from the ankle; tips of free toes do not count, for they can bend."""
    heel, ball, under_toe, tip = _sole(turn, toe_turn, foot)[..., 2]
    return np.minimum.reduce([heel, ball, under_toe, np.where(planted[:, 1], tip, np.inf)])


def _sole(turn: Array, toe_turn: Array, foot: Foot) -> Array:
    """Heel, ball, the point under the toe joint and the tip (4, T, 3), from the ankle."""
    toe = turn @ foot.to_toe
    return np.stack(
        [
            turn @ _in_stance(foot, foot.heel),
            turn @ _in_stance(foot, foot.ball),
            toe + toe_turn @ (foot.toe_turn @ foot.under_toe),
            toe + toe_turn @ (foot.toe_turn @ foot.tip),
        ]
    )


def _anchored(ankle: Array, turn: Array, foot: Foot, planted: Array, held: Array) -> Array:
    """Where plants put the ankle (T, 3), horizontally; only planted frames mean something.

    Phases of one stance that follow each other share a locked joint, so they are placed relative to each other first;
    then the whole stance goes where it moves the foot least, slow frames counting most.
    """
    to_toe = turn @ foot.to_toe
    heel, toes = planted.T
    target = np.zeros_like(ankle)
    weight = 1 / (1 + (joint_speed(ankle + np.where(toes[:, None], to_toe, 0)) / 0.1) ** 2)
    weight = np.where(held, 1e6, weight)
    for start, end in _stances(heel, toes):
        place = np.zeros(2)
        for first, last in _phases(heel, toes, start, end):
            # `place` is the toe joint's where the toes are planted, else the ankle's.
            if toes[first] and first > start and not toes[first - 1]:
                place = place + to_toe[first, :2]
            elif first > start and toes[first - 1] and not toes[first]:
                place = place - to_toe[first - 1, :2]
            target[first:last, :2] = place - to_toe[first:last, :2] * toes[first]
        off = ankle[start:end, :2] - target[start:end, :2]
        target[start:end, :2] += np.average(off, axis=0, weights=weight[start:end])
    return target


def _stances(heel: Array, toes: Array) -> list[tuple[int, int]]:
    """Stretches in which the foot stands without a break: it changes from toes alone to heel alone only through both."""
    handed_over = (toes[:-1] & ~heel[:-1] & heel[1:] & ~toes[1:]) | (heel[:-1] & ~toes[:-1] & toes[1:] & ~heel[1:])
    cuts = np.flatnonzero(handed_over) + 1
    stances = []
    for start, end in runs(heel | toes):
        edges = [start, *(int(cut) for cut in cuts if start < cut < end), end]
        stances += list(zip(edges[:-1], edges[1:], strict=True))
    return stances


def _phases(heel: Array, toes: Array, start: int, end: int) -> list[tuple[int, int]]:
    """Stretches of a stance in which the same parts are planted."""
    changes = np.flatnonzero((np.diff(heel[start:end]) | np.diff(toes[start:end]))) + start + 1
    edges = [start, *(int(change) for change in changes), end]
    return list(zip(edges[:-1], edges[1:], strict=True))


def follow_plan(track: FootTrack, foot: Foot, plan: FootPlan, settings: FootSettings, scale: float) -> FootTrack:
    """The corrected foot: planted frames as planned, free ones blended, and nothing under the floor.

    track: the foot after the root's correction.
    """
    change = np.where(plan.fixed[:, None], plan.ankle - track.ankle, 0)
    ankle = track.ankle + bridge(change, plan.fixed, settings.blend_frames, ACCELERATION * scale)
    heel, ball, under_toe, tip = _sole(plan.turn, plan.toe_turn, foot)
    depth = settings.floor - ankle[:, 2] - np.minimum.reduce([heel, ball, under_toe])[:, 2]
    ankle = ankle + _raise(np.maximum(depth, 0), plan.fixed, SINK * scale)[:, None] * UP
    toe_height = ankle[:, 2] + (plan.turn @ foot.to_toe)[:, 2] - settings.floor
    tip = tip - plan.turn @ foot.to_toe
    return FootTrack(ankle, plan.turn, _raised_tip(tip, toe_height, plan) @ plan.toe_turn)


def _raised_tip(tip: Array, toe_height: Array, plan: FootPlan) -> Array:
    """Rotations (T, 3, 3) that bend toes up so that their tips, tip (T, 3) from the toe joint, are not under the floor."""
    length = np.linalg.norm(tip, axis=1)
    elevation = np.arcsin(np.clip(tip[:, 2] / length, -1, 1))
    needed = np.arcsin(np.clip(-toe_height / length, -1, 1))
    fixed = (plan.fixed & plan.planted[:, 1]) | plan.held
    return _pitched(tip, _raise(np.maximum(needed - elevation, 0), fixed, SINK / length[0]))


def _pitched(vector: Array, angle: Array) -> Array:
    """Rotations (T, 3, 3) that raise vectors (T, 3) by angles (T,) in radians."""
    axis = np.cross(vector, UP)
    axis /= np.maximum(np.linalg.norm(axis, axis=1, keepdims=True), 1e-9)
    return axis_angle_to_matrix(axis * angle[:, None])


def _raise(need: Array, fixed: Array, tolerance: float) -> Array:
    """A smooth curve (T,) over what is needed; 0 in fixed frames (T,), so beside them it begins late, by tolerance."""
    need = np.where(fixed, 0.0, need)
    smooth = envelope(need, LIFT_REACH) * np.minimum(1, _distance(fixed) / LIFT_REACH)
    return np.maximum(smooth, need - tolerance)


def heading(turn: Array) -> tuple[Array, Array]:
    """Split turns (T, 3, 3): the tilt back to flat (T, 3, 3), and the angle (T,) about z of the foot laid flat."""
    tilt = swing(turn[..., :, 2], UP)
    flat = tilt @ turn
    return tilt, np.arctan2(flat[..., 1, 0], flat[..., 0, 0])


def swing(start: Array, end: Array) -> Array:
    """The smallest rotations (..., 3, 3) that take unit vectors start (..., 3) to unit vectors end (..., 3)."""
    start, end = np.broadcast_arrays(start, end)
    cosine = np.sum(start * end, axis=-1)[..., None, None]
    K = cross_product_matrix(np.cross(start, end))
    # Of opposite vectors every half turn about a perpendicular axis is smallest; one through the least component is taken.
    aside = np.cross(start, np.eye(3)[np.argmin(np.abs(start), axis=-1)])
    aside /= np.linalg.norm(aside, axis=-1, keepdims=True)
    half_turn = 2 * aside[..., :, None] * aside[..., None, :] - np.eye(3)
    return np.where(cosine < -1 + 1e-9, half_turn, np.eye(3) + K + K @ K / np.maximum(1 + cosine, 1e-9))


def about_z(angle: Array) -> Array:
    """Rotations (..., 3, 3) by angles (...) in radians about z."""
    return axis_angle_to_matrix(angle[..., None] * UP)


def _in_stance(foot: Foot, point: Array) -> Array:
    """A point of the ankle's own axes as it lies from the ankle in the stance; a turn takes it to the world."""
    return foot.ankle_turn @ point


def _transposed(matrices: Array) -> Array:
    return np.swapaxes(matrices, -1, -2)


def _within(mask: Array, frames: int) -> Array:
    return _distance(mask) <= frames


def _distance(mask: Array) -> Array:
    """Frames (T,) to the nearest True of a mask (T,); the length of the mask where there is none."""
    places = np.flatnonzero(mask)
    if not len(places):
        return np.full(len(mask), len(mask))
    frames = np.arange(len(mask))
    after = np.searchsorted(places, frames).clip(max=len(places) - 1)
    before = np.maximum(after - 1, 0)
    return np.minimum(np.abs(places[after] - frames), np.abs(places[before] - frames))
