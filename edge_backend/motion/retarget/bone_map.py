"""The bone map of a rig: slots and their bones, recognised from names and shape together, or chosen by the user.

Families of rigs are evidence for the recognition. For control rigs, whose shape means little, they are the map itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..recognition import Bone, Recognition, recognise, upright
from .families import FamilyMatch, IkLegs, Note, Switch, by_plain_name, families
from .slots import HEAD, REQUIRED, SIDES, TRAVEL, slot_words

_FEWEST = 7
"""Number of required slots that a family has to fill to count as the rig's family."""
_LIMBS = (("upper_arm", "forearm", "hand"), ("thigh", "shin", "foot", "toes"))

Point = tuple[float, float, float]


class BoneName(NamedTuple):
    """A bone at rest, armature space. parent: None for roots. head, tail: (x, y, z), None if unknown.

    constrained: whether constraints move it.
    """

    name: str
    parent: str | None
    head: Point | None = None
    tail: Point | None = None
    constrained: bool = False


@dataclass(frozen=True, slots=True)
class BoneMap:
    """Slots and their bones.

    family: the file's name, "" if none fits. label: the family's name for the user. travel_turns: whether the bone of
    the slot `travel` rotates with the hips. rest: bones that must be at rest. parents: bones that follow another bone
    than their parent, and that bone. read: slot -> the bone whose pose is read for it, where it is not the slot's own.
    switches: custom properties with the values that they need. ik_constraints: whether IK constraints on the legs are
    disabled; otherwise rigs with such constraints are refused. fingers: "thumb.L" -> bones from base to tip. reasons:
    slot -> why it has its bone. doubts: slot -> why the user should check its bone. ik_legs: the controls of the legs'
    IK, None where there are none.
    """

    family: str
    label: str
    bones: Mapping[str, str]
    notes: tuple[Note, ...] = ()
    travel_turns: bool = True
    rest: tuple[str, ...] = ()
    parents: Mapping[str, str] = field(default_factory=dict)
    read: Mapping[str, str] = field(default_factory=dict)
    switches: tuple[Switch, ...] = ()
    ik_constraints: bool = False
    fingers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)
    ik_legs: IkLegs | None = None

    @property
    def problems(self) -> list[Note]:
        """The serious notes: reasons why the rig cannot dance."""
        return [note for note in self.notes if note.serious]


Matrix = tuple[tuple[float, ...], ...]


def find_bone_map(
    bones: Sequence[BoneName], chosen: Mapping[str, str] | None = None, world: Matrix | None = None
) -> BoneMap:
    """The rig's bone map, with notes on missing and doubtful bones.

    chosen: slot -> bone, by the user; "" leaves a slot empty. It overrides recognition. world: rows of the matrix
    (4, 4) from armature space to the world. Bones of unknown position are recognised by families' names only.
    """
    # Rounded and without rotation about the vertical, so that a moving character keeps its cache entry.
    turn = np.round(upright(np.array(world)[:3, :3]), 3) if world else np.eye(3)
    return _find(tuple(bones), tuple(sorted((chosen or {}).items())), tuple(map(tuple, turn.tolist())))


@lru_cache(maxsize=16)  # asked for the same rig by panels, buttons and takes
def _find(bones: tuple[BoneName, ...], chosen: tuple[tuple[str, str], ...], world: Matrix) -> BoneMap:
    names = by_plain_name(bone.name for bone in bones)
    match = max((FamilyMatch.best(family, names) for family in families()), key=lambda match: match.score)
    known = match if match.required >= _FEWEST else None
    choice = dict(chosen)
    found = None if _trusted(known, bones) else _recognised(bones, known, choice, world)
    bone_map = _of_family(known) if known else BoneMap("", "", {})
    if found is not None:
        bone_map = _with_shape(bone_map, found)
    slots = {slot: bone for slot, bone in (dict(bone_map.bones) | choice).items() if bone}
    notes = [note for note in bone_map.notes if note.slot not in choice]
    doubts = {slot: words for slot, words in bone_map.doubts.items() if slot not in choice}
    notes += _notes(slots, bones, bone_map.parents, choice)
    return replace(bone_map, bones=slots, notes=tuple(notes), doubts=doubts)


def _trusted(match: FamilyMatch | None, bones: Sequence[BoneName]) -> bool:
    """Whether the family's names alone decide: for complete control rigs, and if no positions are known."""
    if any(bone.head is None or bone.tail is None for bone in bones):
        return True
    return match is not None and match.family.more.get("controls", False) and match.required == len(REQUIRED)


def _recognised(
    bones: Sequence[BoneName], match: FamilyMatch | None, chosen: Mapping[str, str], world: Matrix
) -> Recognition:
    placed = [
        Bone(bone.name, bone.parent, bone.head or (0, 0, 0), bone.tail or (0, 0, 0), bone.constrained) for bone in bones
    ]
    return recognise(placed, match.slots if match else {}, {s: b for s, b in chosen.items() if b}, np.array(world))


def _of_family(match: FamilyMatch) -> BoneMap:
    more = match.family.more
    return BoneMap(
        match.family.name, match.family.label, match.slots, tuple(match.notes), more.get("travel_turns", True),
        match.rest, match.parents, match.read, match.switches, more.get("ik_constraints", False), match.fingers,
        ik_legs=match.ik_legs,
    )  # fmt: skip


def _with_shape(family: BoneMap, found: Recognition) -> BoneMap:
    """The recognised bones, plus the slots and settings that only the family defines.

    A family whose required bones differ from the recognised ones is ignored.
    """
    problems = tuple(Note("", text, serious=True) for text in found.problems)
    if not found.slots:
        return replace(family, notes=(*family.notes, *problems))
    agreed = sum(family.bones.get(slot) == found.slots.get(slot) for slot in REQUIRED)
    if agreed < _FEWEST:
        family = BoneMap("", "", {})
    of_family = {
        slot: bone
        for slot, bone in family.bones.items()
        if slot == TRAVEL or (slot.partition(".")[0].endswith("_twist") and slot not in found.slots)
    }
    undecided = tuple(note for note in family.notes if "two skeletons" in note.text)
    doubtful = tuple(Note(slot, _doubt_words(slot, found), serious=False) for slot in found.doubts)
    return replace(
        family, bones={**found.slots, **of_family}, notes=(*undecided, *problems, *doubtful), fingers=found.fingers,
        reasons=found.reasons, doubts=found.doubts,
    )  # fmt: skip


def _doubt_words(slot: str, found: Recognition) -> str:
    return f"Is {found.slots[slot]} the {slot_words(slot)}? {found.doubts[slot].capitalize()}."


# --- Notes on a map ---------------------------------------------------------------------------------------------------


def _notes(
    slots: Mapping[str, str], bones: Sequence[BoneName], moved: Mapping[str, str], chosen: Mapping[str, str]
) -> Iterator[Note]:
    if not slots:
        yield Note("", "No body was found in it. Choose its bones in the bone map.", serious=True)
        return
    parents = {bone.name: bone.parent for bone in bones}
    yield from _missing(slots, bones)
    for slot, bone in slots.items():
        if bone not in parents:
            yield Note(slot, f"The {slot_words(slot)}, {bone}, is not in the rig. Choose another bone.", serious=True)
    if all(bone in parents for bone in slots.values()):
        yield from _twice(slots)
        yield from _disordered(slots, parents | dict(moved), chosen)


def _missing(slots: Mapping[str, str], bones: Sequence[BoneName]) -> Iterator[Note]:
    for slot in REQUIRED:
        if slot not in slots:
            likely = _likely(slot, slots, bones)
            maybe = f" (it may be {likely})" if likely else ""
            yield Note(
                slot, f"The {slot_words(slot)} was not found{maybe}. Choose its bone in the bone map.", serious=True
            )
    for part, loss in (
        ("head", "the head moves with the neck"),
        ("hand", "hands move with the forearms"),
        ("collar", "shoulders are not lifted"),
        ("toes", "feet do not bend"),
    ):
        wanted = [part] if part == HEAD else [f"{part}.{side}" for side in SIDES]
        if lacking := [slot for slot in wanted if slot not in slots]:
            who = " and ".join(slot_words(slot) for slot in lacking)
            yield Note(lacking[0], f"No bone for the {who}: {loss}.", serious=False)


def _likely(slot: str, slots: Mapping[str, str], bones: Sequence[BoneName]) -> str:
    """The bone that a missing slot of a limb most likely is: the only child of the slot above's bone that has no slot.

    "" if there is none, or several.
    """
    taken = set(slots.values())
    part, _, side = slot.partition(".")
    for limb in _LIMBS:
        if part in limb and (place := limb.index(part)):
            above = slots.get(f"{limb[place - 1]}.{side}")
            below = [bone.name for bone in bones if above and bone.parent == above and bone.name not in taken]
            if len(below) == 1:
                return below[0]
    return ""


def _twice(slots: Mapping[str, str]) -> Iterator[Note]:
    seen: dict[str, str] = {}
    for slot, bone in slots.items():
        if bone in seen and TRAVEL not in (slot, seen[bone]):
            yield Note(
                slot,
                f"{bone} is both the {slot_words(seen[bone])} and the {slot_words(slot)}. Choose another bone for one.",
                serious=True,
            )
        seen[bone] = slot


def _disordered(
    slots: Mapping[str, str], parents: Mapping[str, str | None], chosen: Mapping[str, str]
) -> Iterator[Note]:
    for side in SIDES:
        for limb in _LIMBS:
            chain = [slot for part in limb if (slot := f"{part}.{side}") in slots]
            for upper, lower in pairwise(chain):
                loose = lower.partition(".")[0] in ("foot", "toes") and lower not in chosen
                if not loose and slots[upper] not in _above(slots[lower], parents):
                    yield Note(
                        lower,
                        f"The {slot_words(lower)}, {slots[lower]}, does not hang below the {slot_words(upper)}, "
                        f"{slots[upper]}. Choose the right bones.",
                        serious=True,
                    )
    travel = slots.get(TRAVEL) or slots.get("hips")
    for slot, bone in slots.items():
        loose = slot.partition(".")[0] in ("foot", "toes")
        if travel and bone != travel and not loose and travel not in _above(bone, parents):
            yield Note(
                slot,
                f"The {slot_words(slot)}, {bone}, does not move with {travel}, which carries the body. "
                f"Choose a {slot_words(TRAVEL)} that is above all others.",
                serious=True,
            )
            return


def _above(bone: str, parents: Mapping[str, str | None]) -> list[str]:
    above = []
    parent = parents.get(bone)
    while parent is not None and parent not in above:
        above.append(parent)
        parent = parents.get(parent)
    return above
