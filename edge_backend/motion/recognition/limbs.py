"""Candidates for arms and legs: triples of a bone, one of its descendants, and one of that one's, left and right.

All triples of a skeleton are scored at once, by names, proportions and the bones in between; the best are paired with
similar ones on the other side. `body` chooses among the pairs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...numerics.array import Array
from ...numerics.vectors import dots, lengths
from .names import PARTS, NameEvidence
from .skeleton import BoneTree

ARM = ("upper_arm", "forearm", "hand")
LEG = ("thigh", "shin", "foot")

_SECTION = 5
"""The largest number of bones into which a section of a limb may be split."""
_SHORTEST = 0.02
"""The shortest section of a limb, as a share of the skeleton's extent."""
_KEPT, _KEPT_NAMELESS, _PAIRS = 90, 160, 20
_SEEN, _ALIKE = 4000, 6
"""Number of best pairs that are kept, and how many of them may be variants of the same two limbs."""
_CONSTRAINED = 0.6
"""Score of bones that constraints move: others are keyed by the animator."""
_CROSSED = 5.0
_LOOSE = 2.0
"""The least evidence of the name for a foot that is not a child of its shin."""
_FORK, _HAND = 0.8, 0.6
"""Cost of skipping a bone from which several chains go on, and score of one as a hand."""
_MARK = 1.5
"""Cost of a foot that only marks the end of the shin."""
_DETOUR = 4.0
"""Cost of the way through skipped bones, per share by which it is longer than the straight line."""


class Limb(NamedTuple):
    """The three bones of a limb. end: -1 for none; the limb then ends in `tip`."""

    upper: int
    lower: int
    end: int
    tip: tuple[float, float, float]
    score: float


class Pair(NamedTuple):
    """Two similar limbs, of which the sides are not determined."""

    one: Limb
    other: Limb
    score: float


@dataclass(frozen=True)
class Evidence:
    """Evidence for every one of N bones.

    says: part -> (N,) evidence of the names for that part, positive or negative, including the family's hints and the
    user's choices.
    chosen_sides: bone -> "L" or "R", the user's choice.
    """

    tree: BoneTree
    names: Sequence[NameEvidence]
    says: dict[str, Array]
    chosen_sides: Mapping[int, str]

    @classmethod
    def of(
        cls, tree: BoneTree, names: Sequence[NameEvidence], chosen_sides: Mapping[int, str] | None = None
    ) -> "Evidence":
        """The evidence of names alone. A bone that continues its parent (arm02 below arm01) has less."""
        table = np.array([name.row() for name in names])
        table[tree.constrained] -= _CONSTRAINED
        goes_on = [
            parent >= 0 and bool(names[bone].stem) and names[bone].stem == names[parent].stem
            for bone, parent in enumerate(tree.parents)
        ]
        said = table[goes_on, 4:]
        table[goes_on, 4:] = np.minimum(said, np.maximum(said - 1.0, 0.2))
        says = {part: table[:, column] for column, part in enumerate(PARTS)}
        return cls(tree, names, says, chosen_sides or {})


def limb_pairs(evidence: Evidence, kind: tuple[str, str, str]) -> list[Pair]:
    """The most probable pairs of limbs of a kind (ARM or LEG), the best first."""
    limbs = _triples(evidence, kind)
    return _paired(evidence, kind, limbs)


def _triples(evidence: Evidence, kind: tuple[str, str, str]) -> list[Limb]:
    tree, says = evidence.tree, evidence.says
    parents = np.array(tree.parents)
    upper_of, lower_of, end_of, skipped = [], [], [], []
    cost_upper, cost_lower = _passed(evidence, kind[0], kind[1]), _passed(evidence, kind[1], kind[2])
    everyone = np.arange(len(tree))
    usable = np.array([not (name.other or name.digit) for name in evidence.names])
    for steps, lower, cost in _ancestors(everyone, parents, cost_lower):
        near = lengths(tree.heads[everyone] - tree.heads[lower])
        good = (lower >= 0) & (near > _SHORTEST * tree.extent) & usable & usable[lower]
        ends, lowers, costs = everyone[good], lower[good], cost[good]
        del steps
        for _, upper, more in _ancestors(lowers, parents, cost_upper):
            fine = upper >= 0
            fine[fine] &= usable[upper[fine]]
            length = lengths(tree.heads[lowers] - tree.heads[upper])
            fine &= length > _SHORTEST * tree.extent
            upper_of.append(upper[fine])
            lower_of.append(lowers[fine])
            end_of.append(ends[fine])
            skipped.append(costs[fine] + more[fine])
    loose = _loose_ends(evidence, kind, usable, cost_upper)
    upper, lower, end, passed = (
        np.concatenate(parts) if parts else np.zeros(0)
        for parts in zip(
            *[
                [np.concatenate(part) if part else np.zeros(0, int) for part in (upper_of, lower_of, end_of, skipped)],
                loose,
            ],
            strict=True,
        )
    )
    upper, lower, end = upper.astype(int), lower.astype(int), end.astype(int)
    tips = np.where((end >= 0)[:, None], tree.heads[end], tree.tips[lower])
    score = (
        says[kind[0]][upper]
        + says[kind[1]][lower]
        + np.where(end >= 0, says[kind[2]][end], -1.0)
        - passed
        - _detour(tree, upper, lower)
        - np.where(end >= 0, _detour(tree, lower, end), 0.0)
        + (_HAND * (tree.forks[end] & (end >= 0)) if kind == ARM else -_MARK * (_marks(evidence)[end] & (end >= 0)))
        + _shape(tree, upper, lower, tips)
        - _CROSSED * _crossed(evidence, upper, lower, end)
    )
    named = bool(np.any(says[kind[0]] > 0)) and bool(np.any(says[kind[1]] > 0))
    best = np.argsort(-score, kind="stable")[: _KEPT if named else _KEPT_NAMELESS]
    return [Limb(int(upper[n]), int(lower[n]), int(end[n]), tuple(tips[n].tolist()), float(score[n])) for n in best]


def _crossed(evidence: Evidence, upper: Array, lower: Array, end: Array) -> Array:
    """Whether the names of a limb's bones contain both sides."""
    side = np.array([{"L": 1, "R": -1, "": 0}[name.side] for name in evidence.names])
    last = np.where(end >= 0, side[end], 0)
    return (side[upper] * side[lower] < 0) | (side[lower] * last < 0) | (side[upper] * last < 0)


def _ancestors(bones: Array, parents: Array, cost: Array) -> "list[tuple[int, Array, Array]]":
    """The ancestors of bones, with the cost of skipping those in between."""
    found = []
    here, passed = parents[bones], np.zeros(len(bones))
    for steps in range(1, _SECTION + 1):
        found.append((steps, here, passed))
        passed = passed + np.where(here >= 0, cost[here], 0.0)
        here = np.where(here >= 0, parents[here], -1)
        if not np.any(here >= 0):
            break
    return found


def _passed(evidence: Evidence, part: str, next_part: str) -> Array:
    """The cost (N,) of skipping a bone within a section of a limb."""
    cost = 0.4 + _FORK * evidence.tree.forks
    for bone, name in enumerate(evidence.names):
        if name.parts and not (name.twist or name.control or name.end):
            others = [value for key, value in name.parts.items() if key != part]
            cost[bone] += 0.5 * max(others, default=0.0) + 0.25 * name.parts.get(next_part, 0.0)
    return cost


def _marks(evidence: Evidence) -> Array:
    """Whether bones without a name of a foot only mark their parents' ends (N,): importers continue these."""
    tree = evidence.tree
    parents = np.array(tree.parents)
    before = tree.heads - tree.heads[parents]
    off = lengths(tree.tails - tree.heads - before)
    last = (tree.descendants == 0) & (parents >= 0) & (evidence.says["foot"] <= 0)
    marks: Array = last & (off < 0.05 * lengths(before))
    return marks


def _detour(tree: BoneTree, above: Array, below: Array) -> Array:
    """The cost of a section whose skipped bones lie beside it: a foot between knee and toes. 0 for other branches."""
    straight = np.maximum(lengths(tree.heads[below] - tree.heads[above]), 1e-12)
    return np.clip(_DETOUR * ((tree.path_length[below] - tree.path_length[above]) / straight - 1), 0.0, 2.0)


def _loose_ends(
    evidence: Evidence, kind: tuple[str, str, str], usable: Array, cost_upper: Array
) -> tuple[Array, Array, Array, Array]:
    """Limbs whose lower section has no child that ends it: with a foot elsewhere, by name and position, or without."""
    tree, says = evidence.tree, evidence.says
    everyone = np.arange(len(tree))
    feet = [int(foot) for foot in np.flatnonzero(says[kind[2]] >= _LOOSE)] if kind == LEG else []
    few = tree.descendants <= (60 if kind == ARM else 2)
    found: list[tuple[Array, Array, Array, Array]] = []
    for _, above, passed in _ancestors(everyone, np.array(tree.parents), cost_upper):
        length = lengths(tree.heads - tree.heads[above])
        fine = (above >= 0) & usable & usable[above] & (length > _SHORTEST * tree.extent)
        fine &= few | ((says[kind[0]][above] > 0) & (says[kind[1]] > 0))
        lower, upper, thigh = everyone[fine], above[fine], length[fine]
        found.append((upper, lower, np.full(len(lower), -1), passed[fine] + 1.0))
        for foot in feet:
            distance = lengths(tree.heads[foot] - tree.heads[lower])
            gap = lengths(tree.heads[foot] - tree.tips[lower])
            for number in np.flatnonzero(((distance > 0.3 * thigh) & (distance < 2.5 * thigh)) | (gap < 0.2 * thigh)):
                shin, start = int(lower[number]), int(upper[number])
                if not tree.is_below(foot, shin) and not tree.is_below(shin, foot):
                    cost = passed[shin] + 0.7 + 3.0 * _aside(tree, start, shin, foot)
                    found.append((np.array([start]), np.array([shin]), np.array([foot]), np.array([cost])))
    upper, lower, end, cost = (np.concatenate(part) for part in zip(*found, strict=True))
    return upper, lower, end, cost


def _aside(tree: BoneTree, upper: int, lower: int, foot: int) -> float:
    """Distance of a foot from the line of its leg, in lengths of the thigh, at most 1."""
    thigh = tree.heads[lower] - tree.heads[upper]
    length = float(np.linalg.norm(thigh))
    offset = tree.heads[foot] - tree.heads[lower]
    off = offset - thigh * float(offset @ thigh) / length**2
    return min(float(np.linalg.norm(off)) / length, 1.0)


def _shape(tree: BoneTree, upper: Array, lower: Array, tips: Array) -> Array:
    """Score of three joints as a limb: sections of similar length, not folded, of a limb's length."""
    first, second = tree.heads[lower] - tree.heads[upper], tips - tree.heads[lower]
    a = np.maximum(lengths(first), 1e-12)
    b = np.maximum(lengths(second), 1e-12)
    ratio = np.log(a / b)
    bend = dots(first, second) / (a * b)
    length = np.log((a + b) / (0.35 * tree.extent))
    return -np.minimum((ratio / 0.4) ** 2, 8.0) - 3.0 * np.maximum(0.3 - bend, 0.0) + np.clip(1.5 * length, -4.0, 0.7)


def _paired(evidence: Evidence, kind: tuple[str, str, str], limbs: Sequence[Limb]) -> list[Pair]:
    """Pairs of similar limbs: equal lengths, mirrored directions, names that differ in the side alone."""
    tree = evidence.tree
    if len(limbs) < 2:
        return []
    upper, lower = np.array([limb.upper for limb in limbs]), np.array([limb.lower for limb in limbs])
    end = np.array([limb.end for limb in limbs])
    tips = np.array([limb.tip for limb in limbs])
    score = np.array([limb.score for limb in limbs])
    first = lengths(tree.heads[lower] - tree.heads[upper])
    second = np.maximum(lengths(tips - tree.heads[lower]), 1e-9)
    total, offset = first + second, tips - tree.heads[upper]
    one, other = _disjoint(limbs)
    unlike = np.abs(np.log(first[one] / first[other])) + np.abs(np.log(second[one] / second[other]))
    together = score[one] + score[other] - np.minimum((unlike / 0.25) ** 2, 6.0)
    across = tree.heads[upper[one]] - tree.heads[upper[other]]
    apart = lengths(across)
    across /= np.maximum(apart, 1e-12)[:, None]
    length = np.maximum(total[other], 1e-12)
    mirrored = offset[one] - 2 * dots(offset[one], across)[:, None] * across
    together -= np.minimum(2.0 * lengths(mirrored - offset[other]) / length, 2.5)
    together -= np.where(apart < 0.02 * total[other], 6.0, 0.0)
    together -= np.where(apart > 3.0 * total[other], 2.0, 0.0)
    if kind == ARM:  # collars start near the middle, arms beside the chest
        together -= 2.0 * np.maximum(0.3 - apart / total[other], 0.0) / 0.3
    depth = np.array([len(tree.lines[bone]) for bone in lower])
    together -= 0.5 * np.minimum(np.abs(depth[one] - depth[other]), 4)
    together -= np.where((end[one] < 0) != (end[other] < 0), 2.0, 0.0)
    together += _names_agree(evidence, limbs, one, other)
    pairs: list[Pair] = []
    like: dict[tuple[int, int], int] = {}
    for best in np.argsort(-together, kind="stable")[:_SEEN]:
        if len(pairs) == _PAIRS:
            break
        a, b = limbs[one[best]], limbs[other[best]]
        branch = _branches(tree, a.upper, b.upper)
        like[branch] = like.get(branch, 0) + 1
        if like[branch] <= _ALIKE:
            pairs.append(Pair(a, b, float(together[best])))
    return pairs


def _disjoint(limbs: Sequence[Limb]) -> tuple[Array, Array]:
    """All pairs of limbs that share no bone: the numbers (P,) of the first and of the second, ascending."""
    one, other = np.triu_indices(len(limbs), 1)
    bones = np.array([limb[:3] for limb in limbs])
    shared = np.zeros(len(one), dtype=bool)
    for bone in bones.T:
        for another in bones.T:
            shared |= (bone[one] == another[other]) & (bone[one] >= 0)
    return one[~shared], other[~shared]


def _branches(tree: BoneTree, one: int, other: int) -> tuple[int, int]:
    """The two bones below the common ancestor; pairs for which they are equal are variants of the same limbs."""
    fork = tree.common(one, other)
    place = tree.lines[one].index(fork) + 1 if fork >= 0 else 0
    a, b = tree.lines[one], tree.lines[other]
    if place >= min(len(a), len(b)):
        return one, other
    return min(a[place], b[place]), max(a[place], b[place])


def _names_agree(evidence: Evidence, limbs: Sequence[Limb], one: Array, other: Array) -> Array:
    """Score (P,) of pairs by names: positive if they differ in the side alone, negative if both are of one side.

    one, other: (P,), the numbers of each pair's limbs.
    """
    found = np.zeros(len(one))
    for bones in ([limb.upper for limb in limbs], [limb.lower for limb in limbs]):
        number: dict[str, int] = {}
        stem = np.array([number.setdefault(evidence.names[bone].stem, len(number)) for bone in bones])
        side = np.array([{"L": 1, "R": -1, "": 0}[evidence.names[bone].side] for bone in bones])
        opposite = side[one] * side[other]
        same = stem[one] == stem[other]
        found += np.where(same & (opposite < 0), 0.8, 0.0) - np.where(opposite > 0, 2.5, 0.0)
    return found
