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
from ...numerics.intervals import runs
from ..rotations import axis_angle_to_matrix, matrix_to_axis_angle
from .body import Body
from .curves import bridge
from .legs import longest_legs, reach_leg
from .rig import Foot
from .settings import FootSettings
from .stances import StanceProblem
from .targets import GIVE_DOWN, FootPlan, loosened, lowest_ankle, most_heel_turn, on_toes, stance_numbers
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
TURN_ACCELERATION = 0.006  # radians per frame squared, of thighs and shins between plants
OVERSHOOT = np.radians(0.3)  # by how much their rotation may exceed that at the plants


@dataclass(frozen=True)
class RetargetedLeg:
    """One leg of the retargeted input, metres, world.

    hip: (T, 3) position. thigh, shin: (T, 3). hinge: (T, 3) unit. pull: (T, 3, 3), the inverse of the covariance of the
    ankle's position under small rotations of the leg.
    """

    foot: Foot
    hip: Array
    thigh: Array
    shin: Array
    hinge: Array
    pull: Array

    @classmethod
    def of(cls, body: Body, number: int) -> "RetargetedLeg":
        """The leg of that number."""
        joints, foot = body.rig.legs[number], body.rig.feet[number]
        hip, knee, ankle = (body.joints[:, joint] for joint in (joints.hip, joints.knee, joints.ankle))
        thigh, shin = knee - hip, ankle - knee
        pull = np.linalg.inv(_spread(thigh, shin, NEAR * foot.scale))
        return cls(foot, hip, thigh, shin, body.turns[:, joints.hip] @ foot.hinge, pull)

    @property
    def ankle(self) -> Array:
        """The ankle's position (T, 3)."""
        return self.hip + self.thigh + self.shin

    def part(self, frames: Array) -> "RetargetedLeg":
        """The leg in these frames (n,) alone."""
        arrays = (array[frames] for array in (self.hip, self.thigh, self.shin, self.hinge, self.pull))
        return RetargetedLeg(self.foot, *arrays)

    def reached(self, target: Array, pinned: Array) -> tuple[Array, Array]:
        """Thighs and shins (T, 3), metres, world, with the ankle at the target (T, 3) from the hip. pinned: bool (T,).

        Where it is out of reach, see `reach_leg`.
        """
        longest = longest_legs(self.thigh, self.shin, pinned)
        turns = reach_leg(self.thigh, self.shin, self.hinge, target, longest)
        shin = turns.hip @ (turns.knee @ self.shin[..., None])
        return (turns.hip @ self.thigh[..., None])[..., 0], shin[..., 0]


@dataclass(frozen=True)
class _LegState:
    """The linearisation of one leg for given translations of root and stances, in the n frames that matter.

    frames: (n,), in which the foot is planted or has to be raised. pinned: bool (n,), the former. spread, foot_spread:
    (n, 3, 3) S and G. off: (T, 3) metres, what x - p has to be for d = 0. turned: (T,) radians, the larger rotation of
    thigh and shin.
    """

    frames: Array
    pinned: Array
    spread: Array
    foot_spread: Array
    off: Array
    turned: Array

    def precision(self, weight: Array) -> Array:
        """The weight (T, 3, 3) of d: (S / w + G)^-1 in plants, of its height alone where the foot has to be raised.

        weight: (T,) w.
        """
        own = weight[self.frames]
        found = np.linalg.inv(self.spread / own[:, None, None] + self.foot_spread) * self.pinned[:, None, None]
        found[:, 2, 2] += ~self.pinned * own / self.spread[:, 2, 2]
        whole = np.zeros((len(weight), 3, 3))
        whole[self.frames] = found
        return whole


def fit_in_steps(
    body: Body, legs: list[RetargetedLeg], plans: list[FootPlan], shift: Array, settings: FootSettings
) -> Generator[float, None, tuple[Array, list[FootPlan]]]:
    """The root's translation (T, 3), metres, world, and the plans with translated stances, such that legs rotate least.

    shift: (T, 3), the initial translation of the root. Yields the fraction that is done.
    """
    stances = np.stack([stance_numbers(plan.planted) for plan in plans], axis=1)
    lowest = [lowest_ankle(leg.foot, plan, settings) for leg, plan in zip(legs, plans, strict=True)]
    reach = np.linalg.norm(body.root - body.root.mean(axis=0), axis=1).max(initial=0)
    budget = max(REACH_SHARE * reach, LEAST_REACH * body.rig.scale)
    stiffness = (SMOOTH**2 / (0.8 * LEG * body.rig.scale)) ** 2  # of a leg that turns by LEG as a whole
    x, place = shift, np.zeros((*stances.shape, 2))
    weight, firm = np.ones(stances.shape), np.ones(body.frames)
    for number in range(ROUNDS):
        states = []
        for at, (leg, plan) in enumerate(zip(legs, plans, strict=True)):
            states.append(_leg_state(leg, plan, _flat(place[:, at]), x, lowest[at], settings))
            yield (number + (at + 1) / (len(plans) + 1)) / ROUNDS
        middle = shift + (x - shift).mean(axis=0)
        offset = x - middle
        size = np.linalg.norm(offset, axis=1) / budget
        if number:  # geometric mean with the last weights, so that they converge
            turned = np.stack([state.turned for state in states], axis=1)
            weight = np.sqrt(weight * np.clip(turned / GOOD, LEAST, MOST) ** 2)
            firm = np.sqrt(firm * np.clip(size, 1, 10) ** 4)
        if number == ROUNDS - 1:  # the translations of stances for a root within the budget
            middle, firm = middle + offset / (1 + size[:, None] ** 6) ** (1 / 6), np.full(body.frames, 1e4)
        precision = np.stack([state.precision(own) for state, own in zip(states, weight.T, strict=True)], axis=1)
        off = np.stack([state.off for state in states], axis=1)
        prior = 1 / (PLACE * body.rig.scale) ** 2
        x, place = StanceProblem(precision, off, stances, prior, middle, firm / budget**2, stiffness).solve()
        yield (number + 1) / ROUNDS
    return x, [replace(plan, ankle=plan.ankle + _flat(place[:, leg])) for leg, plan in enumerate(plans)]


def _leg_state(  # noqa: PLR0917
    leg: RetargetedLeg, plan: FootPlan, place: Array, shift: Array, lowest: Array, settings: FootSettings
) -> _LegState:
    """place: (T, 3) metres, the stances' translations. lowest: (T,) metres, from `lowest_ankle`."""
    ankle = leg.ankle + shift
    moved = replace(plan, ankle=plan.ankle + place)
    loose = loosened(ankle, leg.foot, moved, settings, leg.pull, fades=False)
    lift = np.maximum(lowest - ankle[:, 2], 0)
    at = np.where(plan.pinned[:, None], loose.ankle, ankle + lift[:, None] * UP)
    frames = np.flatnonzero(plan.pinned | (lift > 0))
    here = leg.part(frames)
    thigh, shin = here.reached(at[frames] - here.hip - shift[frames], np.ones(len(frames), dtype=bool))
    turns = _between(here.thigh, thigh), _between(here.shin, shin)
    # The ankle's position if thigh and shin were rotated back, to first order.
    wanted = here.hip + thigh + shin - np.cross(turns[0], thigh) - np.cross(turns[1], shin)
    off, turned = np.zeros_like(ankle), np.zeros(len(ankle))
    off[frames] = (at - place)[frames] - wanted
    turned[frames] = np.maximum(*(np.linalg.norm(turn, axis=1) for turn in turns))
    spread = _spread(thigh, shin, SHORTEST * leg.foot.scale)
    foot_spread = _foot_spread(leg.foot, plan, loose, frames)
    return _LegState(frames, plan.pinned[frames], spread, foot_spread, off, turned)


def _between(start: Array, end: Array) -> Array:
    """The smallest rotations (T, 3), axis-angle, from vectors start (T, 3) to end (T, 3) of equal lengths."""
    across = np.cross(start, end)
    sine = np.linalg.norm(across, axis=1, keepdims=True)
    return across / np.maximum(sine, 1e-12) * np.arctan2(sine, np.sum(start * end, axis=1, keepdims=True))


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


def _foot_spread(foot: Foot, plan: FootPlan, loose: FootPlan, frames: Array) -> Array:
    """G (n, 3, 3) in these frames (n,): the covariance of the foot's own freedom, a little vertically, and rotation
    about its toes.

    loose: the plan after `loosened`.
    """
    spread = np.tile((GIVE_DOWN * foot.scale) ** 2 * np.diag(UP), (len(frames), 1, 1))
    turns = on_toes(plan)[frames]
    tips = frames[turns]
    bent = np.linalg.norm(matrix_to_axis_angle(loose.turn[tips] @ inverse(plan.turn[tips])), axis=1)
    left = FOOT_SHARE * np.maximum(most_heel_turn(plan)[tips] - bent, 0)[:, None, None]
    arm = plan.turn[tips] @ foot.to_toe
    square = np.sum(arm**2, axis=1)[:, None, None] * np.eye(3)
    spread[turns] += left**2 * (square - arm[:, :, None] * arm[:, None, :])
    return spread


def _flat(place: Array) -> Array:
    return np.pad(place, ((0, 0), (0, 1)))


def ankle_path(leg: RetargetedLeg, plan: FootPlan, shift: Array, settings: FootSettings) -> Array:
    """Positions (T, 3) of an ankle, metres, world: as planned in plants; between them, rotations of the leg fade.

    Fading the ankle's displacement instead, as `follow_plan` does, would bend a nearly straight leg by many degrees.
    """
    hip, pinned = leg.hip + shift, plan.pinned[:, None]
    target = np.where(pinned, plan.ankle - hip, leg.thigh + leg.shin)
    ankle = hip
    for start, end in zip((leg.thigh, leg.shin), leg.reached(target, plan.pinned), strict=True):
        turns = bridge(_between(start, end), plan.pinned, settings.blend_frames, TURN_ACCELERATION)
        turn = axis_angle_to_matrix(_without_overshoot(turns, plan.pinned))
        ankle = ankle + (turn @ start[..., None])[..., 0]
    return np.where(pinned, plan.ankle, ankle)


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
