"""The entry point of the recognition: limbs, torso, hands and feet of a skeleton, with reasons."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ...numerics.array import Array
from .body import Body, find_body
from .extremities import hand_of, toes_of, twists_of
from .fingers import fingers_of
from .judgement import doubts, part_of, problems, reasons, sureness
from .limbs import Evidence
from .names import read_names
from .skeleton import Bone, BoneTree
from .torso import find_torso

_HINT, _CHOICE = 2.5, 20.0
"""Evidence that is added for a family's name of a bone, and for the user's choice."""
_FEWEST_BONES = 7


@dataclass(frozen=True)
class Recognition:
    """The result of a recognition.

    slots: slot -> bone; empty if nothing is recognised. sure: slot -> confidence, 0 to 1. reasons: slot -> words.
    fingers: "thumb.L" -> bones from base to tip. doubts: slot -> words, for bones that the user should check.
    problems: reasons, as sentences, why the skeleton cannot dance.
    """

    slots: Mapping[str, str]
    sure: Mapping[str, float] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    fingers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def recognise(
    bones: Iterable[Bone],
    hints: Mapping[str, str] | None = None,
    chosen: Mapping[str, str] | None = None,
    world: Array | None = None,
) -> Recognition:
    """Recognise the bones of a skeleton.

    hints: slot -> bone, by the names of a family of rigs; strong evidence. chosen: slot -> bone, by the user; always
    used. world: (3, 3) or (4, 4) from armature space to the world, used if up and forward cannot be determined
    otherwise.
    """
    tree = BoneTree.of(bones)
    if len(tree) < _FEWEST_BONES:
        return Recognition({}, problems=("It has too few bones for a body.",))
    hints, chosen = hints or {}, chosen or {}
    evidence = _evidence(tree, hints, chosen)
    body = find_body(evidence, upright(np.eye(3) if world is None else np.asarray(world, dtype=np.float64)[:3, :3]))
    if body is None:
        return Recognition({}, problems=("Two arms and two legs, a left and a right one each, were not found in it.",))
    return _put_together(evidence, body, {**hints, **chosen})


def _evidence(tree: BoneTree, hints: Mapping[str, str], chosen: Mapping[str, str]) -> Evidence:
    names = read_names(tree.names)
    number = {name: bone for bone, name in enumerate(tree.names)}
    chosen_sides = {}
    for slot, bone in chosen.items():
        side = slot.partition(".")[2]
        if bone in number and side:
            chosen_sides[number[bone]] = side
            names[number[bone]] = replace(names[number[bone]], side=side, other=False, control=False)
    evidence = Evidence.of(tree, names, chosen_sides)
    for slots, bonus in ((hints, _HINT), (chosen, _CHOICE)):
        for slot, bone in slots.items():
            part = part_of(slot)
            if part in evidence.says and bone in number:
                evidence.says[part][number[bone]] = max(evidence.says[part][number[bone]], 0.0) + bonus
    return evidence


def upright(world: Array) -> Array:
    """A rotation (3, 3) to the world without its part about the vertical, by which users place characters."""
    turn = world / np.maximum(np.linalg.norm(world, axis=0), 1e-12)
    about = np.arctan2(turn[1, 0] - turn[0, 1], turn[0, 0] + turn[1, 1])
    c, s = np.cos(about), np.sin(about)
    return np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]]) @ turn


def _put_together(evidence: Evidence, body: Body, hinted: Mapping[str, str]) -> Recognition:
    tree = evidence.tree
    torso = find_torso(evidence, body)
    slots: dict[str, int] = dict(torso.slots)
    hands: list[tuple[int, Array]] = []
    for side, leg, arm in zip("LR", body.legs, body.arms, strict=True):
        slots[f"thigh.{side}"], slots[f"shin.{side}"] = leg.upper, leg.lower
        if leg.end >= 0:
            slots[f"foot.{side}"] = leg.end
            if (toes := toes_of(evidence, body, leg)) >= 0:
                slots[f"toes.{side}"] = toes
        slots[f"upper_arm.{side}"], slots[f"forearm.{side}"] = arm.upper, arm.lower
        hand = hand_of(evidence, arm)
        hands.append((hand, tree.heads[hand]) if hand >= 0 else (arm.lower, np.array(arm.tip)))
        if hand >= 0:
            slots[f"hand.{side}"] = hand
        slots |= {f"{part}.{side}": bone for part, bone in twists_of(evidence, arm, hand).items()}
    sure = sureness(evidence, body, slots, hinted)
    why = reasons(evidence, slots, hinted)
    return Recognition(
        {slot: tree.names[bone] for slot, bone in slots.items()},
        sure,
        why,
        _named_fingers(evidence, hands),
        doubts(body, sure, why),
        tuple(problems(evidence, body, torso, slots)),
    )


def _named_fingers(evidence: Evidence, hands: Sequence[tuple[int, Array]]) -> dict[str, tuple[str, ...]]:
    return {
        f"{digit}.{side}": tuple(evidence.tree.names[bone] for bone in chain)
        for side, found in zip("LR", fingers_of(evidence, hands), strict=True)
        for digit, chain in found.items()
    }
