"""Finds hips, spine, neck, head and collars of a body whose limbs are known."""

from dataclasses import dataclass

import numpy as np

from ...numerics.array import Array
from .body import Body
from .limbs import Evidence
from .skeleton import BoneTree

_SPINES, _NECKS = 6, 3
_SAME = 0.03
_NAMED = 2.0
_NEAR, _FAR = 0.35, 0.6
"""Shares of the torso: nearer to the hip joints than the first a bone may be the hips, farther than the second not."""
_ABOVE = 0.08
"""Height above the shoulders, in shares of the torso, from which a bone that carries the arms is a neck (Biped's)."""
_NECK, _HEAD, _CROWN = 0.12, 0.2, 0.5
"""Heights above the shoulders in shares of the torso: heads start above the first, necks end above the second, and
crowns are above the third."""


@dataclass(frozen=True)
class Torso:
    """slots: slot -> bone. common: the lowest common ancestor of legs, arms and head, -1 if there is none."""

    slots: dict[str, int]
    common: int


def find_torso(evidence: Evidence, body: Body) -> Torso:
    """Find the torso of a body."""
    tree = evidence.tree
    thighs, arms = [leg.upper for leg in body.legs], [arm.upper for arm in body.arms]
    fork, chest = tree.common(*thighs), tree.common(*arms)
    common = tree.common(*thighs, *arms)
    slots: dict[str, int] = {}
    head = _head(evidence, body, chest if chest >= 0 else common)
    collars = _collars(evidence, body, chest)
    slots |= collars
    line = list(tree.lines[head]) if head >= 0 else list(tree.lines[chest]) if chest >= 0 else []
    hips = _hips(evidence, body, fork, line)
    if hips >= 0:
        slots["hips"] = hips
    start = hips if hips in line else common
    above = line[line.index(start) + 1 :] if start in line else line
    if head >= 0:
        above = above[:-1]
        slots["head"] = head
    if not any(True for _ in above) and start in line and start != hips and start >= 0:
        above = [start]
    if hips >= 0 and tree.is_below(fork, hips):
        above = [bone for bone in above if bone != fork]  # the parent of the thighs rotates with the hips
    above = [bone for bone in above if bone not in slots.values() and not _is_helper(evidence, bone)]
    spine, neck = _split(evidence, body, above, chest)
    if not spine and neck and chest in neck and len(neck) > 1:
        spine, neck = neck[:1], neck[1:]
    if hips not in line and not spine and start in line and start != hips:
        spine = [start]
    slots |= {f"spine{n}": bone for n, bone in enumerate(spine[:_SPINES], start=1)}
    slots |= {f"neck{n}": bone for n, bone in enumerate(neck[:_NECKS], start=1)}
    if common >= 0 and hips >= 0 and not tree.is_below(common, hips):
        slots["travel"] = common
    return Torso(slots, common)


def _is_helper(evidence: Evidence, bone: int) -> bool:
    name = evidence.names[bone]
    says = max(evidence.says[part][bone] for part in ("spine", "neck"))
    pelvis = evidence.says["hips"][bone] >= 2
    return says < 1 and bool(pelvis or name.control or name.end or name.other)


def _hips(evidence: Evidence, body: Body, fork: int, line: list[int]) -> int:
    """The hips: the bone where the legs meet, or one beside it with such a name that is nearer to the hip joints."""
    tree, says = evidence.tree, evidence.says["hips"]
    if fork < 0:
        return -1
    middle = np.mean([tree.heads[leg.upper] for leg in body.legs], axis=0)
    far = np.linalg.norm(tree.heads - middle, axis=1) / body.size
    parent, spine = tree.parents[fork], evidence.says["spine"]
    on_spine = parent >= 0 and says[fork] < 1 < spine[fork]  # as Biped has the thighs
    if on_spine and (says[parent] >= _NAMED or (spine[fork] >= _NAMED and far[parent] < _NEAR)):
        return parent
    if says[fork] < 1 and fork in line and (parent < 0 or far[fork] > _FAR):  # thighs on the root
        above = line[line.index(fork) + 1 :][:2]
        named = [
            bone for bone in (*above, *tree.children[fork]) if says[bone] >= _NAMED and far[bone] < max(_FAR, far[fork])
        ]
        quiet = [bone for bone in above if says[bone] > -1 and far[bone] < _NEAR and far[fork] > _FAR]
        return (named or quiet or [fork])[0]
    return fork


def _head(evidence: Evidence, body: Body, chest: int) -> int:
    """The head: a bone above the shoulders, in the middle, by name, or the end of the chain from the chest upwards."""
    tree, says = evidence.tree, evidence.says["head"]
    shoulders = np.mean([tree.heads[arm.upper] for arm in body.arms], axis=0)
    offset = tree.heads - shoulders
    height = offset @ body.up / body.size
    aside = np.linalg.norm(offset - (offset @ body.up)[:, None] * body.up, axis=1) / body.size
    limbs = _limb_bones(tree, body)
    depth = [len(line) for line in tree.lines]
    named = [
        bone
        for bone in range(len(tree))
        if says[bone] >= 2 and bone not in limbs and -0.1 < height[bone] < 1.5 and aside[bone] < 0.6
    ]
    if named:
        root = tree.lines[chest][0] if chest >= 0 else -1
        return min(named, key=lambda bone: (tree.lines[bone][0] != root, -says[bone], depth[bone]))
    return _climb(evidence, chest, limbs, height, aside) if chest >= 0 else -1


def _climb(evidence: Evidence, chest: int, limbs: set[int], height: Array, aside: Array) -> int:
    """The head of a skeleton without meaningful names: up from the chest, in the middle, to the first bone with several
    children, or to the last bone that does not merely mark the head's end."""
    tree, names = evidence.tree, evidence.names
    top = height.copy()
    for bone in range(len(tree) - 1, -1, -1):
        if tree.parents[bone] >= 0:
            top[tree.parents[bone]] = max(top[tree.parents[bone]], top[bone])
    here, climbed = chest, [chest]
    while True:
        up = [
            bone
            for bone in tree.children[here]
            if bone not in limbs
            and top[bone] > height[here] + 0.01
            and height[bone] > height[here] - 0.1
            and aside[bone] < 0.35
            and not (names[bone].other or names[bone].digit)
        ]
        crossing = len(up) > 1 or (
            len(up) == 1 and len(tree.children[up[0]]) > 1 and height[up[0]] < height[here] + 0.02
        )
        if not up or (crossing and (len(climbed) > 2 or (len(climbed) > 1 and height[here] > _HEAD))):
            break
        here = min(up, key=lambda bone: float(aside[bone]) - 0.02 * min(len(tree.below(bone)), 10))
        climbed.append(here)
    climbed = climbed[1:]
    if len(climbed) > 1 and names[climbed[-1]].end:
        climbed = climbed[:-1]
    while _is_top(tree, climbed, height):
        climbed = climbed[:-1]
    if not climbed or evidence.says["neck"][climbed[-1]] > 1:
        return -1
    return climbed[-1]


def _is_top(tree: BoneTree, climbed: list[int], height: Array) -> bool:
    """Whether the last bone is the top of the head: behind a neck and a head, at the height of a crown, or a mark."""
    if len(climbed) < 3 or height[climbed[-2]] < _NECK:
        return False
    return _marks_end(tree, climbed[-1]) or bool(height[climbed[-1]] > _CROWN and tree.descendants[climbed[-1]] <= 1)


def _marks_end(tree: BoneTree, last: int) -> bool:
    """Whether a bone only marks the end of its parent: importers give it the parent's length, or none."""
    if tree.children[last] or tree.parents[last] < 0:
        return False
    before = float(np.linalg.norm(tree.heads[last] - tree.heads[tree.parents[last]]))
    length = float(np.linalg.norm(tree.tails[last] - tree.heads[last]))
    return before > 0 and (length < _SAME * before or abs(length - before) < _SAME * before)


def _limb_bones(tree: BoneTree, body: Body) -> set[int]:
    found: set[int] = set()
    for one, other in (body.legs, body.arms):
        fork = tree.common(one.upper, other.upper)
        for limb in (one, other):
            found |= {*tree.between(fork, limb.upper), limb.upper, *tree.below(limb.upper)} if fork >= 0 else set()
    return found


def _collars(evidence: Evidence, body: Body, chest: int) -> dict[str, int]:
    """The collars: bones between chest and upper arms."""
    tree, says = evidence.tree, evidence.says["collar"]
    found = {}
    middle = np.mean([tree.heads[arm.upper] for arm in body.arms], axis=0)
    for side, arm in zip("LR", body.arms, strict=True):
        between = tree.between(chest, arm.upper)
        good = [bone for bone in between if says[bone] > 0.5]
        if not good:
            # Without a name: a bone that starts nearer to the middle than the arm.
            wide = abs(float((tree.heads[arm.upper] - middle) @ body.left))
            good = [
                bone
                for bone in between
                if says[bone] > -0.5
                and not evidence.names[bone].control
                and abs(float((tree.heads[bone] - middle) @ body.left)) < 0.9 * wide
            ][-1:]
        if good:
            found[f"collar.{side}"] = max(good, key=lambda bone: (says[bone], -len(tree.lines[bone])))
    return found


def _split(evidence: Evidence, body: Body, line: list[int], chest: int) -> tuple[list[int], list[int]]:
    """Divide the bones between hips and head into spine and neck, by names, by the arms' parent, by height."""
    tree, says = evidence.tree, evidence.says
    shoulders = np.mean([tree.heads[arm.upper] for arm in body.arms], axis=0)
    spine: list[int] = []
    neck: list[int] = []
    hung = line.index(chest) if chest in line else -1
    for place, bone in enumerate(line):
        height = float((tree.heads[bone] - shoulders) @ body.up) / body.size
        is_neck = place > hung or height > _ABOVE if hung >= 0 else height > -0.05
        lead = says["neck"][bone] - says["spine"][bone]
        if abs(lead) >= 2 and not (hung >= 0 and _says_nothing_apart(evidence, line)):
            is_neck = lead > 0
        (neck if is_neck or neck else spine).append(bone)
    return spine, neck


def _says_nothing_apart(evidence: Evidence, line: list[int]) -> bool:
    """Whether all bones of the line have the same name with numbers, as Rigify's spine.001 to spine.006."""
    return len({evidence.names[bone].stem for bone in line}) == 1
