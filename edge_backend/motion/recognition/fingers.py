"""Finds the fingers of a hand, two to five chains of one to four bones, by names and positions."""

from collections.abc import Sequence

import numpy as np

from ...numerics.array import Array
from .limbs import Evidence
from .names import DIGITS
from .skeleton import BoneTree

_LONGEST = 3
"""The number of bones of a finger; a fourth is a metacarpal or only marks the tip."""
_SAME = 0.03


def fingers_of(evidence: Evidence, hands: Sequence[tuple[int, Array]]) -> list[dict[str, list[int]]]:
    """For each hand: digit -> bones from the knuckle to the tip, without metacarpals and bones that mark an end.

    hands: the parent of the fingers, a hand, or a forearm without a hand, and the position of the wrist (3,). A single
    finger beside the thumb, as of mittens, is the middle one.
    """
    split = [_split(evidence, base) for base, _ in hands]
    ends = any(_only_marks(evidence, chain) for found, loose in split for chain in (*found.values(), *loose))
    fingers = []
    for (named, chains), (_, wrist) in zip(split, hands, strict=True):
        found = {digit: _trimmed(evidence, chain, wrist, ends, digit) for digit, chain in named.items()}
        found = {digit: chain for digit, chain in found.items() if chain}
        loose = [chain for chain in (_trimmed(evidence, chain, wrist, ends, "") for chain in chains) if chain]
        called = _called(evidence, found, loose, wrist)
        fingers.append({digit: called[digit] for digit in DIGITS if digit in called})
    return fingers


def _split(evidence: Evidence, base: int) -> tuple[dict[str, list[int]], list[list[int]]]:
    """The bones below a hand: digit -> bones whose names say so, and chains of the others."""
    tree, names = evidence.tree, evidence.names
    below = [bone for bone in tree.below(base) if not (names[bone].twist or names[bone].other)]
    named: dict[str, list[int]] = {}
    for bone in below:
        if names[bone].digit in DIGITS and not _is_palm(evidence, bone):
            named.setdefault(names[bone].digit, []).append(bone)
    found = {digit: _one_way(tree, bones) for digit, bones in named.items()}
    taken = {bone for bones in named.values() for bone in bones}
    return found, _chains(evidence, [bone for bone in below if bone not in taken], base)


def _is_palm(evidence: Evidence, bone: int) -> bool:
    """Whether a bone named as a finger belongs to the palm: its children are generic fingers, or have the number 1."""
    tree, names = evidence.tree, evidence.names
    if names[bone].digit == "thumb":
        return False
    children = [names[child] for child in tree.children[bone]]
    if names[bone].palm or names[bone].control or (names[bone].parts.get("hand", 0) > 2 and not names[bone].digit):
        return True
    if names[bone].digit not in DIGITS:
        return False
    if any(child.digit == "finger" for child in children):
        return True
    return not names[bone].numbers and any(
        child.digit == names[bone].digit and child.numbers[:1] == (1,) for child in children
    )


def _one_way(tree: BoneTree, bones: list[int]) -> list[int]:
    """Of a digit's bones, those from the first to the deepest one."""
    deepest = max(bones, key=lambda bone: len(tree.lines[bone]))
    return [bone for bone in tree.lines[deepest] if bone in bones]


def _chains(evidence: Evidence, loose: Sequence[int], base: int) -> list[list[int]]:
    """Bones without a digit's name as chains; a bone with several children is part of the palm."""
    tree, names = evidence.tree, evidence.names
    rest = set(loose)
    found = []
    for bone in loose:
        children = [child for child in tree.children[bone] if child in rest]
        parent = tree.parents[bone]
        starts = parent == base or parent not in rest or len([c for c in tree.children[parent] if c in rest]) > 1
        if not starts or len(children) > 1:
            continue
        chain = [bone]
        while len(children) == 1:
            chain.append(children[0])
            children = [child for child in tree.children[chain[-1]] if child in rest]
        real = [bone for bone in chain if not names[bone].end]
        if len(real) > 1 or any(names[bone].digit == "finger" and not names[bone].palm for bone in real):
            found.append(chain)
    return found


def _only_marks(evidence: Evidence, chain: Sequence[int]) -> bool:
    """Whether the last of four bones only marks the tip: importers give it the length of the bone before."""
    tree = evidence.tree
    real = [bone for bone in chain if not evidence.names[bone].end]
    if len(real) <= _LONGEST:
        return False
    last = real[-1]
    length = float(np.linalg.norm(tree.tails[last] - tree.heads[last]))
    before = float(np.linalg.norm(tree.heads[last] - tree.heads[real[-2]]))
    return length < _SAME * before or abs(length - before) < _SAME * before


def _trimmed(evidence: Evidence, chain: Sequence[int], wrist: Array, ends: bool, digit: str) -> list[int]:
    """A chain without metacarpals and end bones."""
    tree, names = evidence.tree, evidence.names
    bones = [bone for bone in chain if not (names[bone].end or names[bone].control)]
    if digit != "thumb":
        while bones and _is_palm(evidence, bones[0]):
            bones = bones[1:]
        if len(bones) > _LONGEST:
            first, second = (float(np.linalg.norm(tree.heads[bone] - wrist)) for bone in bones[:2])
            sections = np.linalg.norm(np.diff(tree.heads[bones], axis=0), axis=1)
            if first < 0.4 * second and sections[0] > 1.3 * sections[1]:
                bones = bones[1:]
    if len(bones) > _LONGEST and ends:
        bones = bones[:_LONGEST]
    return bones


def _called(
    evidence: Evidence, found: dict[str, list[int]], loose: list[list[int]], wrist: Array
) -> dict[str, list[int]]:
    """Assign the remaining digits to the chains without a name, from the thumb across the hand."""
    tree = evidence.tree
    if not loose:
        return found
    if "thumb" not in found and len(loose) + len(found) > 1 and (thumb := _thumb(tree, loose, wrist)) is not None:
        found["thumb"] = loose.pop(thumb)
    free = [digit for digit in DIGITS[1:] if digit not in found]
    if len(loose) == 1 and not any(digit in found for digit in DIGITS[1:]):
        return found | {"middle": loose[0]}
    if "thumb" in found:
        near = tree.heads[found["thumb"][0]]
        loose.sort(key=lambda chain: float(np.linalg.norm(tree.heads[chain[0]] - near)))
    return found | dict(zip(free, loose, strict=False))


def _thumb(tree: BoneTree, loose: Sequence[list[int]], wrist: Array) -> int | None:
    """The index of the thumb: its direction differs from the others', and it starts nearer to the wrist."""
    bases = np.array([tree.heads[chain[0]] for chain in loose])
    directions = np.array([tree.heads[c[-1]] - tree.heads[c[0]] if len(c) > 1 else tree.tails[c[0]] - tree.heads[c[0]]
                     for c in loose])  # fmt: skip
    directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-12)
    mean = directions.mean(axis=0)
    aside = 1 - directions @ (mean / max(float(np.linalg.norm(mean)), 1e-12))
    near = np.linalg.norm(bases - wrist, axis=1)
    score = aside + 0.5 * (1 - near / max(float(near.max()), 1e-12))
    best = int(np.argmax(score))
    return best if score[best] > 0.2 else None
