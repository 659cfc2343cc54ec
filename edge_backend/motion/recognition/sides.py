"""Determines which side of a body is left, from names and the rest pose."""

from typing import NamedTuple

import numpy as np

from ...numerics.array import Array
from .limbs import Evidence, Limb
from .skeleton import BoneTree

WEIGHT_TOES, _WEIGHT_TIP, WEIGHT_NAMES, _WEIGHT_FACE = 3.0, 1.5, 2.5, 2.0
_WEIGHT_KNEE, _WEIGHT_ELBOW, _WEIGHT_WORLD = 1.0, 0.7, 0.8
_CHOSEN = 10.0
"""Evidence of the user's choice of a side, larger than all other evidence."""
_FACE = ("eye", "nose", "jaw", "chin", "mouth", "lip", "brow", "目", "眉", "口")


class Stance(NamedTuple):
    """A body with assumed sides: legs and arms, the left ones first.

    up, left: (3,) unit, armature space. leg: a leg's length.
    """

    legs: tuple[Limb, Limb]
    arms: tuple[Limb, Limb]
    up: Array
    left: Array
    leg: float

    @property
    def forward(self) -> Array:
        """The direction (3,) that the body faces, if `left` is right."""
        return -np.cross(self.up, self.left)

    def turned(self) -> "Stance":
        """The same body with left and right swapped."""
        return Stance(self.legs[::-1], self.arms[::-1], self.up, -self.left, self.leg)


def names_say(evidence: Evidence, stance: Stance) -> float:
    """Evidence of names: 1 if they call the first limbs left, -1 if right, 0 if neither; more for the user's choice."""
    limbs = (*stance.legs, *stance.arms)
    chosen = [
        (1.0 if side == "L" else -1.0) * (1.0 if number % 2 == 0 else -1.0)
        for number, limb in enumerate(limbs)
        for bone, side in evidence.chosen_sides.items()
        if evidence.tree.is_below(bone, limb.upper)
    ]
    if chosen:
        return _CHOSEN * float(np.sign(sum(chosen)))
    values = []
    for number, limb in enumerate(limbs):
        for bone in (limb.upper, limb.lower):
            side = {"L": 1.0, "R": -1.0, "": 0.0}[evidence.names[bone].side]
            values.append(side if number % 2 == 0 else -side)
    return float(np.mean(values))


def faces(evidence: Evidence, stance: Stance, world: Array) -> float:
    """Evidence of the rest pose that the body faces the stance's forward direction; negative if the opposite.

    world: (3, 3) from armature space to the world, where most characters face -y.
    """
    tree, forward, up, leg = evidence.tree, stance.forward, stance.up, stance.leg
    vote = 0.0
    toes = [_toes(tree, limb) for limb in stance.legs if limb.end >= 0]
    for direction, weight in toes:
        level: Array = direction - (direction @ up) * up
        length = float(np.linalg.norm(level)) / leg
        if length > 0.04 and length > 0.4 * float(np.linalg.norm(direction)) / leg:
            vote += weight / len(toes) * float(level @ forward) / (length * leg)
    knees = np.mean([_bulge(tree, limb) @ forward for limb in stance.legs]) / leg
    elbows = np.mean([_bulge(tree, limb) @ forward for limb in stance.arms]) / leg
    vote += _WEIGHT_KNEE * float(np.clip(knees / 0.02, -1, 1)) - _WEIGHT_ELBOW * float(np.clip(elbows / 0.02, -1, 1))
    vote -= _WEIGHT_WORLD * float((world @ forward)[1])
    heads = [bone for bone, name in enumerate(evidence.names) if name.parts.get("head", 0) > 2 and not name.side]
    face = [bone for bone, name in enumerate(evidence.names) if name.other and set(name.stem.split()) & set(_FACE)]
    if heads and face:
        offset = tree.heads[face].mean(axis=0) - tree.heads[heads[0]]
        ahead = float(offset @ forward) / max(float(np.linalg.norm(offset)), 1e-12)
        vote += _WEIGHT_FACE * float(np.clip(2 * ahead, -1, 1))
    return vote


def _toes(tree: BoneTree, limb: Limb) -> tuple[Array, float]:
    """The direction of a foot (3,), from the ankle to its children or along the bone, and its weight."""
    below = tree.below(limb.end)
    if below:
        offsets = tree.heads[below] - tree.heads[limb.end]
        far = int(np.argmax(np.linalg.norm(offsets, axis=1)))
        if np.linalg.norm(offsets[far]) > 1e-3 * tree.extent:
            return offsets[far], WEIGHT_TOES
    return tree.tails[limb.end] - tree.heads[limb.end], _WEIGHT_TIP


def _bulge(tree: BoneTree, limb: Limb) -> Array:
    """The vector (3,), perpendicular to the limb, from the line between its ends to knee or elbow."""
    start, middle, end = tree.heads[limb.upper], tree.heads[limb.lower], np.array(limb.tip)
    offset = end - start
    bulge = middle - start
    return bulge - offset * float(bulge @ offset) / max(float(offset @ offset), 1e-18)
