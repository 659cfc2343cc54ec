"""Places hips and stances on a rig of other proportions such that the directions of its legs change least.

With other lengths of thighs, shins, feet and hips, a leg with unchanged directions does not reach its planted foot. Two
things may move: the root, within a budget, and each stance as a whole. Let `at` be the ankle's position in a plant and
`wanted` the ankle's position with unchanged directions of thigh and shin, both for an unmoved root. The root's
translation x (T, 3) and each stance's translation p (2,) minimise

    sum over plants  d' (S / w + G)^-1 d,  d = at + p - x - wanted
    + sum |x_t - c|^2 / budget^2 + STIFFNESS sum |x_(t+1) - 2 x_t + x_(t-1)|^2

S is the covariance of the ankle's position if thigh and shin rotate by about LEG: large across the leg, small along a
leg that is nearly straight. G is that of the foot's own freedom. c is the mean of x, so a constant translation costs
nothing. The problem is linearised in the rotations and solved ROUNDS times; w grows where legs rotate too far
(iteratively reweighted least squares).
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
# A leg that rotates by more than this has a larger weight in the next round, one that rotates less a smaller one.
GOOD = np.radians(1.3)
LEAST, MOST = 0.3, 30.0  # bounds of rotation / GOOD for that
FOOT_SHARE = 0.5  # of the rotation about its toes that a foot has left
# Standard deviations along the leg, metres, below which S does not fall, however straight the leg is: for the root, and
# for the foot, which must not jitter.
SHORTEST, NEAR = 0.0005, 0.004
REACH_SHARE = 0.0088  # of the root's range: the budget, with a margin to 1 %
LEAST_REACH = 0.001  # metres
PLACE = 0.15  # metres; standard deviation of a stance's translation, a weak prior at 0
SMOOTH = 4  # frames; shorter changes of the root's translation are smoothed away
ONE_PLACE = 1e9  # weight of the equality of p within a stance
TURN_ACCELERATION = 0.006  # radians per frame squared, of thighs and shins between plants
OVERSHOOT = np.radians(0.3)  # by how much their rotation may exceed that at the plants


@dataclass(frozen=True)
class _Leg:
    """One leg of the retargeted input, metres, world. hip: (T, 3) position. thigh, shin: (T, 3). hinge: (T, 3) unit."""

    hip: Array
    thigh: Array
    shin: Array
    hinge: Array


@dataclass(frozen=True)
class _LegState:
    """The linearisation of one leg for given translations of root and stances.

    at, wanted: (T, 3) metres, world, as above. spread: (T, 3, 3) S. foot_spread: (T, 3, 3) G. turned: (T,) radians, the
    larger rotation of thigh and shin. lifted: bool (T,), free frames in which the foot has to be raised.
    """

    at: Array
    wanted: Array
    spread: Array
    foot_spread: Array
    turned: Array
    lifted: Array


def fit_in_steps(
    body: Body, plans: list[FootPlan], shift: Array, settings: FootSettings
) -> Generator[float, None, tuple[Array, list[FootPlan]]]:
    """The root's translation (T, 3), metres, world, and the plans with translated stances, such that legs rotate least.

    shift: (T, 3), the initial translation of the root. Yields the fraction that is done.
    """
    stances = np.stack([stance_numbers(plan.planted) for plan in plans], axis=1)
    reach = np.linalg.norm(body.root - body.root.mean(axis=0), axis=1).max(initial=0)
    budget = max(REACH_SHARE * reach, LEAST_REACH * body.rig.scale)
    x, place, moved = shift, np.zeros((*stances.shape, 2)), plans
    weight, firm = np.ones(stances.shape), np.ones(body.frames)
    for number in range(ROUNDS):
        states = []
        for leg, plan in enumerate(moved):
            states.append(_leg_state(body, leg, plan, x, settings))
            yield (number + (leg + 1) / (len(plans) + 1)) / ROUNDS
        turned = np.stack([state.turned for state in states], axis=1)
        middle = shift + (x - shift).mean(axis=0)
        offset = x - middle
        size = np.linalg.norm(offset, axis=1) / budget
        if number:  # geometric mean with the last weights, so that they converge
            weight = np.sqrt(weight * np.clip(turned / GOOD, LEAST, MOST) ** 2)
            firm = np.sqrt(firm * np.clip(size, 1, 10) ** 4)
        if number == ROUNDS - 1:  # the translations of stances for a root within the budget
            middle, firm = middle + offset / (1 + size[:, None] ** 6) ** (1 / 6), np.full(body.frames, 1e4)
        x, place = _solve(states, plans, place, weight, stances, middle, firm / budget**2, body.rig.scale)
        moved = [replace(plan, ankle=plan.ankle + _flat(place[:, leg])) for leg, plan in enumerate(plans)]
        yield (number + 1) / ROUNDS
    return x, moved


def _retargeted_leg(body: Body, leg: int) -> _Leg:
    joints, foot = body.rig.legs[leg], body.rig.feet[leg]
    hip, knee, ankle = (body.joints[:, joint] for joint in (joints.hip, joints.knee, joints.ankle))
    return _Leg(hip, knee - hip, ankle - knee, body.turns[:, joints.hip] @ foot.hinge)


def _reached(leg: _Leg, target: Array, pinned: Array) -> tuple[Array, Array]:
    """Thighs and shins (T, 3), metres, world, with the ankle at the target (T, 3) from the hip."""
    turns = reach_leg(leg.thigh, leg.shin, leg.hinge, target, longest_legs(leg.thigh, leg.shin, pinned))
    return (turns.hip @ leg.thigh[..., None])[..., 0], (turns.hip @ turns.knee @ leg.shin[..., None])[..., 0]


def _leg_state(body: Body, leg: int, plan: FootPlan, shift: Array, settings: FootSettings) -> _LegState:
    foot, own = body.rig.feet[leg], _retargeted_leg(body, leg)
    track = body.tracks(shift)[leg]
    loose = loosened(track, foot, plan, settings, retargeted_spread(body, leg), fades=False)
    lift = np.maximum(lowest_ankle(foot, plan, settings) - track.ankle[:, 2], 0)
    at = np.where(plan.pinned[:, None], loose.ankle, track.ankle + lift[:, None] * UP)
    thigh, shin = _reached(own, at - own.hip - shift, np.ones(body.frames, dtype=bool))
    turns = _between(own.thigh, thigh), _between(own.shin, shin)
    # The ankle's position if thigh and shin were rotated back, to first order.
    wanted = own.hip + thigh + shin - np.cross(turns[0], thigh) - np.cross(turns[1], shin)
    return _LegState(
        at,
        wanted,
        _spread(thigh, shin, SHORTEST * foot.scale),
        _foot_spread(foot.to_toe, plan, loose, GIVE_DOWN * foot.scale),
        np.maximum(*(np.linalg.norm(turn, axis=1) for turn in turns)),
        ~plan.pinned & (lift > 0),
    )


def _between(start: Array, end: Array) -> Array:
    """The smallest rotations (T, 3), axis-angle, from vectors start (T, 3) to end (T, 3) of equal lengths."""
    across = np.cross(start, end)
    sine = np.linalg.norm(across, axis=1, keepdims=True)
    return across / np.maximum(sine, 1e-12) * np.arctan2(sine, np.sum(start * end, axis=1, keepdims=True))


def retargeted_spread(body: Body, leg: int) -> Array:
    """The covariance (T, 3, 3), square metres, world, of an ankle's position under small rotations of the input leg."""
    own = _retargeted_leg(body, leg)
    return _spread(own.thigh, own.shin, NEAR * body.rig.feet[leg].scale)


def _spread(thigh: Array, shin: Array, least: float) -> Array:
    """The covariance (T, 3, 3) of an ankle's position if thigh and shin rotate by LEG in and across their plane.

    thigh, shin: (T, 3) metres, world. least: metres, the standard deviation along the leg at least.
    """
    ankle = thigh + shin
    normal = np.cross(thigh, shin)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    along = least / LEG * ankle / np.linalg.norm(ankle, axis=1, keepdims=True)
    lengths = np.linalg.norm(np.concatenate([thigh, shin], axis=1), axis=1, keepdims=True)
    derivatives = [np.cross(normal, thigh), np.cross(normal, shin), lengths * normal, along]
    return LEG**2 * sum(derivative[:, :, None] * derivative[:, None, :] for derivative in derivatives)


def _foot_spread(to_toe: Array, plan: FootPlan, loose: FootPlan, rise: float) -> Array:
    """G (T, 3, 3): the covariance of the foot's own freedom, `rise` metres vertically and rotation about its toes.

    to_toe: (3,) ankle to toe joint in the stance. loose: the plan after `loosened`.
    """
    bent = np.linalg.norm(matrix_to_axis_angle(loose.turn @ inverse(plan.turn)), axis=1)
    left = FOOT_SHARE * np.maximum(most_heel_turn(plan) - bent, 0)[:, None, None]
    arm = plan.turn @ to_toe
    square = np.sum(arm**2, axis=1)[:, None, None] * np.eye(3)
    return left**2 * (square - arm[:, :, None] * arm[:, None, :]) + rise**2 * np.diag(UP)


def _solve(  # noqa: PLR0917
    states: list[_LegState],
    plans: list[FootPlan],
    place: Array,
    weight: Array,
    stances: Array,
    middle: Array,
    firm: Array,
    scale: float,
) -> tuple[Array, Array]:
    """Solve the least squares for x (T, 3) and p (T, legs, 2), which is constant within a stance.

    place: (T, legs, 2), the last p. weight: (T, legs) w. stances: (T, legs) numbers, -1 in free frames. middle: (T, 3)
    c. firm: (T,), the weight of |x - c|^2.
    """
    frames, legs = stances.shape
    unknowns = 3 + 2 * legs
    diagonal, first, second = np.zeros((3, frames, unknowns, unknowns))
    right = np.zeros((frames, unknowns))
    for leg, (state, plan) in enumerate(zip(states, plans, strict=True)):
        precision = (
            np.linalg.inv(state.spread / weight[:, leg, None, None] + state.foot_spread) * plan.pinned[:, None, None]
        )
        precision[:, 2, 2] += state.lifted * weight[:, leg] / state.spread[:, 2, 2]
        off = state.at - state.wanted - _flat(np.where(plan.pinned[:, None], place[:, leg], 0))
        own = [3 + 2 * leg, 4 + 2 * leg]
        reads = np.zeros((3, unknowns))
        reads[:, :3] = np.eye(3)
        reads[[0, 1], own] = -1
        diagonal += reads.T @ precision @ reads
        right += (precision @ off[..., None])[..., 0] @ reads
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
    """Means of places (T, 2) over each stance, which differ by rounding only; 0 in free frames. stances: (T,)."""
    means = np.zeros_like(places)
    stands = stances >= 0
    if stands.any():
        numbers = stances[stands]
        sums = np.stack([np.bincount(numbers, weights=column) for column in places[stands].T], axis=1)
        means[stands] = (sums / np.bincount(numbers)[:, None])[numbers]
    return means


def _flat(place: Array) -> Array:
    return np.pad(place, ((0, 0), (0, 1)))


def ankle_paths(body: Body, plans: list[FootPlan], shift: Array, settings: FootSettings) -> list[Array]:
    """Positions (T, 3) of each ankle, metres, world: as planned in plants; between them, rotations of the leg fade.

    Fading the ankle's displacement instead, as `follow_plan` does, would bend a nearly straight leg by many degrees.
    """
    paths = []
    for leg, plan in enumerate(plans):
        own = _retargeted_leg(body, leg)
        hip, pinned = own.hip + shift, plan.pinned[:, None]
        target = np.where(pinned, plan.ankle - hip, own.thigh + own.shin)
        ankle = hip
        for start, end in zip((own.thigh, own.shin), _reached(own, target, plan.pinned), strict=True):
            turns = bridge(_between(start, end), plan.pinned, settings.blend_frames, TURN_ACCELERATION)
            turn = axis_angle_to_matrix(_without_overshoot(turns, plan.pinned))
            ankle = ankle + (turn @ start[..., None])[..., 0]
        paths.append(np.where(pinned, plan.ankle, ankle))
    return paths


def _without_overshoot(turns: Array, pinned: Array) -> Array:
    """Rotations (T, 3), axis-angle, limited between plants to about the larger of LEG and their size at the plants."""
    size = np.linalg.norm(turns, axis=1)
    limited = size.copy()
    for start, end in runs(~pinned):
        edges = size[[frame for frame in (start - 1, end) if 0 <= frame < len(size)]]
        least = edges.max(initial=LEG)
        over = np.maximum(size[start:end] - least, 0)
        limited[start:end] -= over - OVERSHOOT * (1 - np.exp(-over / OVERSHOOT))
    return turns * (limited / np.maximum(size, 1e-12))[:, None]
