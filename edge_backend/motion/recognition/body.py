"""Chooses a pair of legs and a pair of arms that form a body, and determines which way is up and which side is left."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...numerics.array import Array
from .limbs import ARM, LEG, Evidence, Limb, Pair, limb_pairs
from .sides import WEIGHT_NAMES, WEIGHT_TOES, Stance, faces, names_say
from .skeleton import BoneTree

_HEADS_TRIED = 12
_BEHIND = 7.0
"""Pairs whose score is lower than the best by more than this are not tried: combining them cannot add as much."""
_NO_RIVAL = 10.0
_COLLAPSED = 1e-4


@dataclass(frozen=True)
class Body:
    """The four limbs of a body.

    legs, arms: left, right. up: (3,) unit vector from hips to shoulders. left: (3,) unit vector perpendicular to it.
    size: distance from hips to shoulders. sure_of_sides: evidence for which side is left; below 1 it is a guess.
    margin: difference of score to the best body with other limbs.
    """

    legs: tuple[Limb, Limb]
    arms: tuple[Limb, Limb]
    up: Array
    left: Array
    size: float
    score: float
    margin: float
    sure_of_sides: float
    names_mirrored: bool


def find_body(evidence: Evidence, world: Array) -> Body | None:
    """The most probable body of a skeleton, None if there are no two pairs of limbs.

    world: (3, 3) from armature space to the world, whose z is up and where most characters face -y.
    """
    legs, arms = limb_pairs(evidence, LEG), limb_pairs(evidence, ARM)
    tried = sorted(_combined(evidence, legs, arms, world), key=lambda found: -found[0])[:_HEADS_TRIED]
    tried = [(score + _head(evidence, leg, arm), leg, arm) for score, leg, arm in tried]
    tried.sort(key=lambda found: -found[0])
    if not tried:
        return None
    best = tried[0]
    used = _bones(*best[1:])
    rival = next((score for score, leg, arm in tried if _bones(leg, arm) != used), best[0] - _NO_RIVAL)
    return _sided(evidence, best, best[0] - rival, world)


def _bones(leg: Pair, arm: Pair) -> set[int]:
    return {
        bone for limb in (leg.one, leg.other) for bone in limb[:3]
    } | {bone for limb in (arm.one, arm.other) for bone in limb[:2]}  # fmt: skip


def _heads(tree: BoneTree, limbs: Sequence[Limb]) -> Array:
    return np.array([tree.heads[limb.upper] for limb in limbs])


def _combined(
    evidence: Evidence, legs: Sequence[Pair], arms: Sequence[Pair], world: Array
) -> Iterator[tuple[float, Pair, Pair]]:
    tree = evidence.tree
    best = max((leg.score for leg in legs), default=0.0) + max((arm.score for arm in arms), default=0.0)
    measured = [_measured(tree, pair) for pair in arms]
    for leg in legs:
        if leg.score + max((arm.score for arm in arms), default=0.0) < best - _BEHIND:
            continue
        measured_leg = _measured(tree, leg)
        for arm, measured_arm in zip(arms, measured, strict=True):
            near = math.dist(measured_leg.middle, measured_arm.middle) < _COLLAPSED * tree.extent
            if not near and leg.score + arm.score > best - _BEHIND and _apart(tree, leg, arm):
                yield leg.score + arm.score + _together(tree, measured_leg, measured_arm, world), leg, arm


def _apart(tree: BoneTree, leg: Pair, arm: Pair) -> bool:
    """Whether the pairs share no bone, and none of them is below the other in the hierarchy."""
    legs = {bone for limb in (leg.one, leg.other) for bone in limb[:3]}
    if not legs.isdisjoint((arm.one.upper, arm.one.lower, arm.other.upper, arm.other.lower)):
        return False
    return not any(
        tree.is_below(a.upper, b.upper) or tree.is_below(b.upper, a.upper)
        for a in (leg.one, leg.other)
        for b in (arm.one, arm.other)
    )


def _together(tree: BoneTree, leg: "Measured", arm: "Measured", world: Array) -> float:
    """Score of two pairs as legs and arms of one body, apart from their own scores."""
    torso = arm.middle - leg.middle
    size = float(np.linalg.norm(torso))
    up = torso / size
    score = -4.0 * max(0.0, float(leg.direction @ up) + 0.7)
    score -= min(_beyond(arm.length / leg.length, -0.2, 0.5), 6.0)
    score -= min(_beyond(size / leg.length, -0.5, 0.7), 6.0)
    score -= 3.0 * (1 - abs(float(leg.across @ arm.across)))
    score -= 2.0 * abs(float(leg.across @ up))
    score -= 4.0 * (leg.fork < 0) + 4.0 * (arm.fork < 0)
    if leg.fork >= 0 and arm.fork >= 0:
        score -= 4.0 * (tree.lines[leg.fork][0] != tree.lines[arm.fork][0])
        score -= 1.0 * (leg.fork != arm.fork and tree.is_below(leg.fork, arm.fork))
    return score + 0.6 * float((world @ up)[2])


class Measured(NamedTuple):
    """Measures of a pair of limbs: midpoint of their upper ends (3,), unit vectors from one to the other (3,) and along
    the limbs (3,), their length, and their lowest common ancestor, -1 for none."""

    middle: Array
    across: Array
    direction: Array
    length: float
    fork: int


def _measured(tree: BoneTree, pair: Pair) -> Measured:
    one, other = _heads(tree, (pair.one, pair.other))
    across = (one - other) / max(float(np.linalg.norm(one - other)), 1e-12)
    direction = np.array(pair.one.tip) - one + np.array(pair.other.tip) - other
    lengths = [
        math.dist(tree.heads[limb.lower], tree.heads[limb.upper]) + math.dist(limb.tip, tree.heads[limb.lower])
        for limb in (pair.one, pair.other)
    ]
    direction /= max(float(np.linalg.norm(direction)), 1e-12)
    length = max(sum(lengths) / 2, 1e-12)
    return Measured((one + other) / 2, across, direction, length, tree.common(pair.one.upper, pair.other.upper))


def _beyond(ratio: float, middle: float, free: float) -> float:
    """Penalty for a ratio: how far its logarithm is outside of middle +- free, squared, in units of 0.4."""
    return (max(0.0, abs(math.log(ratio) - middle) - free) / 0.4) ** 2


def _head(evidence: Evidence, leg: Pair, arm: Pair) -> float:
    """Score of the best head: a bone above the shoulders, in the middle, that belongs to no limb."""
    tree = evidence.tree
    shoulders, hips = _heads(tree, (arm.one, arm.other)).mean(0), _heads(tree, (leg.one, leg.other)).mean(0)
    size = float(np.linalg.norm(shoulders - hips))
    up = (shoulders - hips) / max(size, 1e-12)
    offset = tree.heads - shoulders
    height = offset @ up / max(size, 1e-12)
    aside = np.linalg.norm(offset - (offset @ up)[:, None] * up, axis=1) / max(size, 1e-12)
    fits = (height > 0.0) & (height < 1.2) & (aside < 0.4)
    if not fits.any():
        return -2.0
    return float(np.clip(evidence.says["head"][fits].max(), 0.0, 2.0))


def _sided(evidence: Evidence, found: tuple[float, Pair, Pair], margin: float, world: Array) -> Body:
    score, leg, arm = found
    measured_leg, measured_arm = _measured(evidence.tree, leg), _measured(evidence.tree, arm)
    arms = (arm.one, arm.other) if measured_arm.across @ measured_leg.across > 0 else (arm.other, arm.one)
    torso = measured_arm.middle - measured_leg.middle
    size = float(np.linalg.norm(torso))
    up = torso / size
    left = measured_leg.across - (measured_leg.across @ up) * up
    left /= max(float(np.linalg.norm(left)), 1e-12)
    stance = Stance((leg.one, leg.other), arms, up, left, measured_leg.length)
    named, facing = names_say(evidence, stance), faces(evidence, stance, world)
    vote = WEIGHT_NAMES * named + facing
    if vote < 0:
        stance = stance.turned()
    unclear = named * facing < 0 and abs(facing) < WEIGHT_TOES * 0.8 and abs(vote) < WEIGHT_NAMES * 0.8
    sure = 0.0 if unclear else abs(vote)
    return Body(stance.legs, stance.arms, up, stance.left, size, score, margin, sure, named * vote < 0)
