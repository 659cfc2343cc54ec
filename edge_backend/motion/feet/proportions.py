"""Hips and stances on a rig of other proportions, chosen so that its legs point where the dancer's do.

With thighs, shins, feet and hips of other lengths a planted foot and the dancer's leg do not meet. Two things can give:
the root, by a little, and the place of each stance. Where `at` is the ankle of a plant and `wanted` the place at which
thigh and shin would not turn, both for an unmoved root, the root's shift x (T, 3) and each stance's p (2,) minimise

    sum over plants  d' (S / w + G)^-1 d,  d = at + p - x - wanted
    + sum |x_t - c|^2 / budget^2 + STIFFNESS sum |x_(t+1) - 2 x_t + x_(t-1)|^2

S says how far an ankle gets if thigh and shin turn by LEG: far across the leg, hardly along one that is nearly
straight. G is what the foot itself gives. c is the mean of x: hips may be elsewhere for good. All is linear in the
turns, so it is solved some times, anew from where the legs are; w grows where they turn too far (iteratively reweighted
least squares).
"""

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np

from ...numerics.array import Array
from ...numerics.banded import add_bending, solve_block_pentadiagonal
from ...numerics.intervals import runs
from ..rotations import axis_angle_to_matrix, matrix_to_axis_angle
from .body import Body
from .curves import bridge
from .legs import longest_legs, reach_leg
from .settings import FootSettings
from .targets import GIVE_DOWN, FootPlan, loosened, lowest_ankle, most_heel_turn, stance_numbers
from .turns import UP, inverse

ROUNDS = 4
LEG = np.radians(1)
# A leg that turns by more than this weighs more in the next round, one that turns less weighs less.
GOOD = np.radians(1.3)
LEAST, MOST = 0.3, 30.0  # of GOOD: the bounds of that
FOOT_SHARE = 0.5  # of what a foot can still turn about its toes
# Metres along a leg that mean nothing, however straight it is: to the hips, and to a foot, which must not tremble.
SHORTEST, NEAR = 0.0005, 0.004
REACH_SHARE = 0.0088  # of the hips' reach: what they may be off their way, with a margin to 1 %
LEAST_REACH = 0.001  # metres
PLACE = 0.15  # metres; stances far apart from the dancer's are not wanted for nothing
SMOOTH = 4  # frames; shorter changes of the hips' way are smoothed away
ONE_PLACE = 1e9  # how firmly the frames of a stance share one place
TURN_ACCELERATION = 0.006  # radians per frame squared, of thighs and shins between plants
OVERSHOOT = np.radians(0.3)  # what they may turn more there than at the plants


@dataclass(frozen=True)
class _Leg:
    """One leg as it was carried over, world. hip: (T, 3) its joint. thigh, shin: (T, 3). hinge: (T, 3) unit."""

    hip: Array
    thigh: Array
    shin: Array
    hinge: Array


@dataclass(frozen=True)
class _Look:
    """One leg with a root and a place: what the least squares need of it.

    at, wanted: (T, 3) as above. spread: (T, 3, 3) S. give: (T, 3, 3) G. turned: (T,) radians, thigh or shin.
    lifted: bool (T,), a free foot that has to be higher.
    """

    at: Array
    wanted: Array
    spread: Array
    give: Array
    turned: Array
    lifted: Array


def fit_in_steps(
    body: Body, plans: list[FootPlan], shift: Array, settings: FootSettings
) -> Generator[float, None, tuple[Array, list[FootPlan]]]:
    """The root's shift (T, 3) and the plans with their stances where legs turn least, from those given.

    In steps, which yield how much is done.
    """
    stances = np.stack([stance_numbers(plan.planted) for plan in plans], axis=1)
    reach = np.linalg.norm(body.root - body.root.mean(axis=0), axis=1).max(initial=0)
    budget = max(REACH_SHARE * reach, LEAST_REACH * body.rig.scale)
    x, place, moved = shift, np.zeros((*stances.shape, 2)), plans
    weight, firm = np.ones(stances.shape), np.ones(body.frames)
    for number in range(ROUNDS):
        looks = []
        for leg, plan in enumerate(moved):
            looks.append(_look(body, leg, plan, x, settings))
            yield (number + (leg + 1) / (len(plans) + 1)) / ROUNDS
        turned = np.stack([look.turned for look in looks], axis=1)
        middle = shift + (x - shift).mean(axis=0)
        way = x - middle
        size = np.linalg.norm(way, axis=1) / budget
        if number:  # half of the way, so that the weights settle
            weight = np.sqrt(weight * np.clip(turned / GOOD, LEAST, MOST) ** 2)
            firm = np.sqrt(firm * np.clip(size, 1, 10) ** 4)
        if number == ROUNDS - 1:  # the places for a way that keeps to the budget
            middle, firm = middle + way / (1 + size[:, None] ** 6) ** (1 / 6), np.full(body.frames, 1e4)
        x, place = _solve(looks, plans, place, weight, stances, middle, firm / budget**2, body.rig.scale)
        moved = [replace(plan, ankle=plan.ankle + _flat(place[:, leg])) for leg, plan in enumerate(plans)]
        yield (number + 1) / ROUNDS
    return x, moved


def _carried_leg(body: Body, leg: int) -> _Leg:
    joints, foot = body.rig.legs[leg], body.rig.feet[leg]
    hip, knee, ankle = (body.joints[:, joint] for joint in (joints.hip, joints.knee, joints.ankle))
    return _Leg(hip, knee - hip, ankle - knee, body.turns[:, joints.hip] @ foot.hinge)


def _reached(leg: _Leg, target: Array, fixed: Array) -> tuple[Array, Array]:
    """Thighs and shins (T, 3) with the ankle at the target (T, 3) from the hip."""
    turns = reach_leg(leg.thigh, leg.shin, leg.hinge, target, longest_legs(leg.thigh, leg.shin, fixed))
    return (turns.hip @ leg.thigh[..., None])[..., 0], (turns.hip @ turns.knee @ leg.shin[..., None])[..., 0]


def _look(body: Body, leg: int, plan: FootPlan, shift: Array, settings: FootSettings) -> _Look:
    foot, own = body.rig.feet[leg], _carried_leg(body, leg)
    track = body.tracks(shift)[leg]
    loose = loosened(track, foot, plan, settings, carried_spread(body, leg), fades=False)
    lift = np.maximum(lowest_ankle(foot, plan, settings) - track.ankle[:, 2], 0)
    at = np.where(plan.fixed[:, None], loose.ankle, track.ankle + lift[:, None] * UP)
    thigh, shin = _reached(own, at - own.hip - shift, np.ones(body.frames, dtype=bool))
    turns = _between(own.thigh, thigh), _between(own.shin, shin)
    # Turned back by these, thigh and shin would bring the ankle here.
    wanted = own.hip + thigh + shin - np.cross(turns[0], thigh) - np.cross(turns[1], shin)
    return _Look(
        at,
        wanted,
        _spread(thigh, shin, SHORTEST * foot.scale),
        _give(foot.to_toe, plan, loose, GIVE_DOWN * foot.scale),
        np.maximum(*(np.linalg.norm(turn, axis=1) for turn in turns)),
        ~plan.fixed & (lift > 0),
    )


def _between(start: Array, end: Array) -> Array:
    """The smallest turns (T, 3), axis times angle, between vectors of the same lengths (T, 3)."""
    across = np.cross(start, end)
    sine = np.linalg.norm(across, axis=1, keepdims=True)
    return across / np.maximum(sine, 1e-12) * np.arctan2(sine, np.sum(start * end, axis=1, keepdims=True))


def carried_spread(body: Body, leg: int) -> Array:
    """Where an ankle gets (T, 3, 3), as a covariance, if the leg as it was carried over turns a little."""
    own = _carried_leg(body, leg)
    return _spread(own.thigh, own.shin, NEAR * body.rig.feet[leg].scale)


def _spread(thigh: Array, shin: Array, least: float) -> Array:
    """Where an ankle gets (T, 3, 3), as a covariance, if thigh and shin turn by LEG in and across their plane."""
    ankle = thigh + shin
    normal = np.cross(thigh, shin)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    along = least / LEG * ankle / np.linalg.norm(ankle, axis=1, keepdims=True)
    lengths = np.linalg.norm(np.concatenate([thigh, shin], axis=1), axis=1, keepdims=True)
    ways = [np.cross(normal, thigh), np.cross(normal, shin), lengths * normal, along]
    return LEG**2 * sum(way[:, :, None] * way[:, None, :] for way in ways)


def _give(to_toe: Array, plan: FootPlan, loose: FootPlan, rise: float) -> Array:
    """What the foot gives (T, 3, 3), as a covariance: up and down a little; on its toes, what it can still turn."""
    bent = np.linalg.norm(matrix_to_axis_angle(loose.turn @ inverse(plan.turn)), axis=1)
    left = FOOT_SHARE * np.maximum(most_heel_turn(plan) - bent, 0)[:, None, None]
    arm = plan.turn @ to_toe
    square = np.sum(arm**2, axis=1)[:, None, None] * np.eye(3)
    return left**2 * (square - arm[:, :, None] * arm[:, None, :]) + rise**2 * np.diag(UP)


def _solve(  # noqa: PLR0917
    looks: list[_Look],
    plans: list[FootPlan],
    place: Array,
    weight: Array,
    stances: Array,
    middle: Array,
    firm: Array,
    scale: float,
) -> tuple[Array, Array]:
    """The least squares: x (T, 3) and the places (T, legs, 2) of the stances, the same in all frames of one."""
    frames, legs = stances.shape
    unknowns = 3 + 2 * legs
    diagonal, first, second = np.zeros((3, frames, unknowns, unknowns))
    right = np.zeros((frames, unknowns))
    for leg, (look, plan) in enumerate(zip(looks, plans, strict=True)):
        told = np.linalg.inv(look.spread / weight[:, leg, None, None] + look.give) * plan.fixed[:, None, None]
        told[:, 2, 2] += look.lifted * weight[:, leg] / look.spread[:, 2, 2]
        off = look.at - look.wanted - _flat(np.where(plan.fixed[:, None], place[:, leg], 0))
        own = [3 + 2 * leg, 4 + 2 * leg]
        reads = np.zeros((3, unknowns))
        reads[:, :3] = np.eye(3)
        reads[[0, 1], own] = -1
        diagonal += reads.T @ told @ reads
        right += (told @ off[..., None])[..., 0] @ reads
        same = ONE_PLACE * ((stances[1:, leg] == stances[:-1, leg]) & (stances[1:, leg] >= 0))[:, None]
        diagonal[:, own, own] += 1 / (PLACE * scale) ** 2
        diagonal[:-1, own, own] += same
        diagonal[1:, own, own] += same
        first[:-1, own, own] -= same
    root = slice(3)
    np.einsum("tii->ti", diagonal)[:, root] += firm[:, None]
    right[:, :3] += firm[:, None] * middle
    stiffness = (SMOOTH**2 / (0.8 * LEG * scale)) ** 2  # of a leg that turns by LEG as a whole
    of_root, beside, behind = (np.einsum("tii->ti", blocks)[:, root] for blocks in (diagonal, first, second))  # views
    add_bending(of_root, beside, behind, stiffness)
    solved = solve_block_pentadiagonal(diagonal, first, second, right)
    places = solved[:, 3:].reshape(frames, legs, 2)
    return solved[:, :3], np.stack([_means(places[:, leg], stances[:, leg]) for leg in range(legs)], axis=1)


def _means(places: Array, stances: Array) -> Array:
    """The places (T, 2) without the millionths by which they differ within a stance; 0 in free frames."""
    kept = np.zeros_like(places)
    stands = stances >= 0
    if stands.any():
        numbers = stances[stands]
        sums = np.stack([np.bincount(numbers, weights=column) for column in places[stands].T], axis=1)
        kept[stands] = (sums / np.bincount(numbers)[:, None])[numbers]
    return kept


def _flat(place: Array) -> Array:
    return np.pad(place, ((0, 0), (0, 1)))


def leg_ways(body: Body, plans: list[FootPlan], shift: Array, settings: FootSettings) -> list[Array]:
    """The way of each ankle (T, 3), world: in plants as planned; between them the turns of thigh and shin fade.

    An ankle's own way, faded as on the dancer, would bend a leg that is nearly straight by many degrees.
    """
    ways = []
    for leg, plan in enumerate(plans):
        own = _carried_leg(body, leg)
        hip, fixed = own.hip + shift, plan.fixed[:, None]
        target = np.where(fixed, plan.ankle - hip, own.thigh + own.shin)
        ankle = hip
        for start, end in zip((own.thigh, own.shin), _reached(own, target, plan.fixed), strict=True):
            turns = bridge(_between(start, end), plan.fixed, settings.blend_frames, TURN_ACCELERATION)
            turn = axis_angle_to_matrix(_without_overshoot(turns, plan.fixed))
            ankle = ankle + (turn @ start[..., None])[..., 0]
        ways.append(np.where(fixed, plan.ankle, ankle))
    return ways


def _without_overshoot(turns: Array, fixed: Array) -> Array:
    """Turns (T, 3) that between plants are hardly larger than at their edges, or than LEG."""
    size = np.linalg.norm(turns, axis=1)
    kept = size.copy()
    for start, end in runs(~fixed):
        edges = size[[frame for frame in (start - 1, end) if 0 <= frame < len(size)]]
        least = edges.max(initial=LEG)
        over = np.maximum(size[start:end] - least, 0)
        kept[start:end] -= over - OVERSHOOT * (1 - np.exp(-over / OVERSHOOT))
    return turns * (kept / np.maximum(size, 1e-12))[:, None]
