"""Confidence of every slot of a recognised body, the reasons in words, and reasons to refuse the skeleton."""

from collections.abc import Iterator, Mapping

import numpy as np

from ..retarget.slots import slot_words
from .body import Body
from .limbs import Evidence
from .skeleton import BoneTree
from .torso import Torso

_SHAPE, _NAMED, _HINTED = 0.6, 0.3, 0.1
_AGAINST = 0.35
_NAMELESS = 0.5
_CLOSE = 0.55
"""If a body's score exceeds the next one's by less than this, the skeleton is ambiguous."""
_SIMILAR = 0.6
"""The shorter section of a limb is at least this share of the longer one."""
_WEAKEST = -4.0
"""Below this score two pairs of limbs are not a body."""
_STANDS, _LIES = -0.6, 0.4
_ON_FLOOR = 0.2
"""If hands are within this share of a leg's length of the feet's height, they are feet."""
DOUBT = 0.5
"""Slots with a lower confidence are listed as doubtful."""

_SIDE_WORDS = {"L": "left", "R": "right"}
_SHAPES = {
    "travel": "the lowest bone that carries legs, torso and head",
    "hips": "legs and torso meet here",
    "spine": "it lies between the hips and the shoulders",
    "neck": "it lies between the shoulders and the head",
    "head": "it stands above the shoulders, in the middle",
    "collar": "it carries the {side} arm",
    "upper_arm": "the longest chain from the chest to the {side} begins here",
    "forearm": "the {side} arm bends here",
    "hand": "the {side} arm ends here",
    "thigh": "the longest chain below the hips on the {side} begins here",
    "shin": "the {side} leg bends here",
    "foot": "the {side} leg ends here",
    "toes": "it lies before the {side} foot",
    "upper_arm_twist": "it continues the {side} upper arm",
    "forearm_twist": "it continues the {side} forearm",
}


def part_of(slot: str) -> str:
    """The part of a slot: `spine3` is a spine, `thigh.L` a thigh."""
    return slot.partition(".")[0].rstrip("0123456789")


def sureness(evidence: Evidence, body: Body, slots: Mapping[str, int], hinted: Mapping[str, str]) -> dict[str, float]:
    """Confidence of every slot, 0 to 1, from shape, name, and the family's or the user's hint."""
    names = evidence.tree.names
    found = {}
    for slot, bone in slots.items():
        part = part_of(slot)
        named = float(evidence.says[part][bone]) if part in evidence.says else 0.0
        value = _SHAPE + _NAMED * float(np.clip(named / 2, 0, 1)) + _HINTED * (hinted.get(slot) == names[bone])
        if named < -1:
            value -= _AGAINST
        if body.margin < _CLOSE and named < 1:
            value -= 0.15
        found[slot] = round(min(value, 1.0), 2)
    return found


def reasons(evidence: Evidence, slots: Mapping[str, int], hinted: Mapping[str, str]) -> dict[str, str]:
    """The reason for every slot's bone, in words."""
    found = {}
    for slot, bone in slots.items():
        part, side = part_of(slot), slot.partition(".")[2]
        words = _SHAPES[part].format(side=_SIDE_WORDS.get(side, ""))
        named = float(evidence.says[part][bone]) if part in evidence.says else 0.0
        if hinted.get(slot) == evidence.tree.names[bone]:
            words += "; rigs of its kind call it so"
        elif named >= 1:
            words += "; its name says so too"
        elif named < -1:
            words += "; its name says otherwise"
        found[slot] = words
    return found


def doubts(body: Body, sure: Mapping[str, float], why: Mapping[str, str]) -> dict[str, str]:
    """Doubtful slots, with the reason in words."""
    found = {slot: f"not sure: {why[slot]}" for slot, value in sure.items() if value < DOUBT}
    if body.names_mirrored and body.sure_of_sides >= DOUBT:
        words = "its name calls it the other side, but the feet point the other way"
        found |= {slot: words for slot in ("thigh.L", "thigh.R", "upper_arm.L", "upper_arm.R") if slot in sure}
    return found


_CORE = ("upper_arm", "forearm", "thigh", "shin", "foot")


def _limb_words(evidence: Evidence, slots: Mapping[str, int]) -> dict[str, float]:
    """Evidence of the limbs' names for their slots."""
    return {slot: float(evidence.says[part_of(slot)][bone]) for slot, bone in slots.items() if part_of(slot) in _CORE}


_LIMBS = (("upper_arm", "forearm", "hand"), ("thigh", "shin", "foot", "toes"))


def _says_neighbour(evidence: Evidence, slots: Mapping[str, int], slot: str) -> bool:
    """Whether a bone's name and another bone's name both mean the same other section of the limb, as Arm1 and Arm2."""
    part, _, side = slot.partition(".")
    parts_of_name = evidence.names[slots[slot]].parts
    named = max(parts_of_name, key=lambda one: parts_of_name[one], default="")
    other = slots.get(f"{named}.{side}", slots[slot])
    same_limb = any(part in limb and named in limb for limb in _LIMBS)
    return same_limb and other != slots[slot] and float(evidence.says[named][other]) >= 1


def _hands_stand(evidence: Evidence, body: Body) -> bool:
    """Whether the arms end at the height of the feet, measured along the legs."""
    tree = evidence.tree
    offsets = [np.array(leg.tip) - tree.heads[leg.upper] for leg in body.legs]
    offset = np.mean(offsets, axis=0)
    length = max(float(np.linalg.norm(offset)), 1e-12)
    feet, hands = (np.mean([limb.tip for limb in limbs], axis=0) for limbs in (body.legs, body.arms))
    return bool((feet - hands) @ offset / length < _ON_FLOOR * length)


def _divided_otherwise(tree: BoneTree, body: Body) -> bool:
    """Whether shape allows another bone of a limb's own chain to begin its upper or lower section."""
    for limbs, between in ((body.legs, False), (body.arms, True)):
        fork = tree.common(limbs[0].upper, limbs[1].upper)
        for limb in limbs:
            below = limb.end if limb.end >= 0 and tree.is_below(limb.end, limb.lower) else limb.lower
            lowers = [*tree.between(limb.upper, limb.lower), *tree.between(limb.lower, below)]
            above = tree.between(fork, limb.upper)
            uppers = above[-1:] if between and len(above) > 1 else []
            if any(_like_a_limb(tree, limb.upper, lower, limb.tip) for lower in lowers):
                return True
            if any(_like_a_limb(tree, upper, limb.lower, limb.tip) for upper in uppers):
                return True
    return False


def _like_a_limb(tree: BoneTree, upper: int, lower: int, tip: tuple[float, float, float]) -> bool:
    """Whether two sections are of a limb's proportions."""
    first, second = (
        float(np.linalg.norm(offset)) for offset in (tree.heads[lower] - tree.heads[upper], tip - tree.heads[lower])
    )
    return min(first, second) > _SIMILAR * max(first, second)


def problems(evidence: Evidence, body: Body, torso: Torso, slots: Mapping[str, int]) -> Iterator[str]:
    """Reasons, as sentences, why the skeleton cannot dance; empty if it can."""
    tree = evidence.tree
    offsets = [np.array(leg.tip) - tree.heads[leg.upper] for leg in body.legs]
    down = float(np.mean([offset @ body.up / max(float(np.linalg.norm(offset)), 1e-12) for offset in offsets]))
    arms = [np.array(arm.tip) - tree.heads[arm.upper] for arm in body.arms]
    along = float(np.mean([offset @ body.up / max(float(np.linalg.norm(offset)), 1e-12) for offset in arms]))
    if body.score < _WEAKEST:
        yield "Nothing in it looks enough like two arms and two legs on one torso."
    elif down > _LIES and along > _LIES:
        yield (
            "Its rest pose is no body: legs and arms point the same way as the torso. Go to a frame in which it stands "
            "and press Use This Pose."
        )
    elif down > _STANDS or _hands_stand(evidence, body):
        yield (
            "Its legs do not hang down from its torso: it stands on four legs, or its rest pose is no body. If it can "
            "stand, go to a frame in which it does, and press Use This Pose."
        )
    elif torso.common < 0 or "hips" not in torso.slots:
        yield "Its arms and legs hang on several roots: nothing carries the whole body."
    elif body.sure_of_sides < DOUBT:
        yield (
            "Left and right cannot be told apart: the names and the rest pose say opposite things, or neither says "
            "anything. Choose the left upper arm in the bone map."
        )
    else:
        named = _limb_words(evidence, slots)
        names = evidence.tree.names
        if against := [
            slot for slot, value in named.items() if value < -1 and not _says_neighbour(evidence, slots, slot)
        ]:
            bones = ", ".join(f"{names[slots[slot]]} ({slot_words(slot)})" for slot in against)
            yield f"The names of some bones say that they are something else: {bones}. Choose them in the bone map."
        elif sum(named.values()) < _NAMELESS * len(named) and (body.margin < _CLOSE or _divided_otherwise(tree, body)):
            yield (
                "Its names say nothing, and more than one of its chains may be the arms or the legs. Look at the bones "
                "proposed in the bone map, and choose the left upper arm and the left thigh."
            )
