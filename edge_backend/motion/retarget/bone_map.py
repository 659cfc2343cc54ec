"""Finds a rig's bone map: which bone fills which slot, from bone names and hierarchy, or chosen by the user.

A family is a naming convention, described by a JSON file in bone_maps/; docs/retargeting.md explains the format.
"""

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from .slots import HEAD, HIPS, NECKS, REQUIRED, SIDES, SPINES, TRAVEL

FAMILIES = Path(__file__).parent / "bone_maps"
_FEWEST = 7
"""The least number of required slots that a family has to fill to be chosen."""

_WORDS = {
    TRAVEL: "root control", HIPS: "hips", HEAD: "head", "collar": "collar", "upper_arm": "upper arm",
    "upper_arm_twist": "upper arm twist", "forearm": "forearm", "forearm_twist": "forearm twist", "hand": "hand",
    "thigh": "thigh", "shin": "shin", "foot": "foot", "toes": "toes",
}  # fmt: skip
_SIDE_WORDS = {"L": "left", "R": "right"}
_LIMBS = (("upper_arm", "forearm", "hand"), ("thigh", "shin", "foot", "toes"))


class BoneName(NamedTuple):
    """A bone and its parent, None for roots."""

    name: str
    parent: str | None


class Switch(NamedTuple):
    """A custom property of a bone and the value that it needs for the dance to be visible."""

    bone: str
    property: str
    value: float


@dataclass(frozen=True, slots=True)
class Note:
    """A remark about one slot of the map. serious: the rig cannot dance until it is resolved."""

    slot: str
    text: str
    serious: bool


@dataclass(frozen=True, slots=True)
class BoneMap:
    """Slots and their bones.

    family: the file's name, "" if none fits. label: the family's name for the user. travel_turns: whether the bone of
    the slot `travel` rotates with the hips. rest: bones that must be at rest. parents: bones that follow another bone
    than their parent, and that bone. read: slot -> the bone whose pose is read for it, where it is not the slot's own.
    switches: custom properties with the values that they need. ik_constraints: whether IK constraints on the legs are
    disabled; otherwise rigs with such constraints are refused.
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

    @property
    def problems(self) -> list[Note]:
        """The serious notes: reasons why the rig cannot dance."""
        return [note for note in self.notes if note.serious]


def slot_words(slot: str) -> str:
    """The slot's name in messages: "left forearm" for `forearm.L`."""
    part, _, side = slot.partition(".")
    if slot in SPINES:
        return f"spine bone {SPINES.index(slot) + 1}"
    if slot in NECKS:
        return f"neck bone {NECKS.index(slot) + 1}"
    return f"{_SIDE_WORDS[side]} {_WORDS[part]}" if side else _WORDS[part]


def find_bone_map(bones: Sequence[BoneName], chosen: Mapping[str, str] | None = None) -> BoneMap:
    """The rig's bone map, with notes on slots that are missing or ambiguous.

    chosen: slot -> bone, set by the user; "" leaves a slot empty. It overrides what is found.
    """
    return _find(tuple(bones), tuple(sorted((chosen or {}).items())))


@lru_cache(maxsize=16)  # the panel calls this at every redraw
def _find(bones: tuple[BoneName, ...], chosen: tuple[tuple[str, str], ...]) -> BoneMap:
    found = max((_Match.best(family, bones) for family in families()), key=lambda match: match.score)
    bone_map = found.bone_map() if found.required >= _FEWEST else BoneMap("", "", {})
    slots = dict(bone_map.bones) | dict(chosen)
    slots = {slot: bone for slot, bone in slots.items() if bone}
    undecided = [] if not bone_map.family else [note for note in bone_map.notes if note.slot not in dict(chosen)]
    return replace(bone_map, bones=slots, notes=(*undecided, *_notes(slots, bones, bone_map.family)))


# --- Families -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Family:
    """A family's file. central, sided: slot -> possible bone names. sides: (left, right) templates for sided names."""

    name: str
    label: str
    sides: tuple[tuple[str, str], ...]
    central: Mapping[str, tuple[str, ...]]
    sided: Mapping[str, tuple[str, ...]]
    more: Mapping[str, Any]


@cache
def families() -> tuple[Family, ...]:
    """All families, sorted by file name."""
    return tuple(_read_family(path) for path in sorted(FAMILIES.glob("*.json")))


def _read_family(path: Path) -> Family:
    data = json.loads(path.read_text(encoding="utf-8"))
    central: dict[str, tuple[str, ...]] = {}
    sided: dict[str, tuple[str, ...]] = {}
    for part, names in data["bones"].items():
        if part in ("spine", "neck"):
            numbered = SPINES if part == "spine" else NECKS
            central |= {slot: tuple(alternatives) for slot, alternatives in zip(numbered, names, strict=False)}
        elif part in (TRAVEL, HIPS, HEAD):
            central[part] = tuple(names)
        else:
            sided[part] = tuple(names)
    sides = tuple((left, right) for left, right in data["sides"])
    return Family(path.stem, data["label"], sides, central, sided, data)


def plain(name: str) -> str:
    """A bone name normalised for comparison: lower case, no full-width letters, _ for spaces, dots and hyphens."""
    return re.sub(r"[ .\-]", "_", unicodedata.normalize("NFKC", name).casefold())


# --- One family against one rig -------------------------------------------------------------------------------------


class _Match:
    """The slots that a family fills with one prefix and one pair of side templates."""

    def __init__(self, family: Family, prefix: str, sides: tuple[str, str], names: Mapping[str, list[str]]) -> None:
        self.family, self.prefix, self.sides, self.names = family, prefix, sides, names
        self.slots: dict[str, str] = {}
        self.notes: list[Note] = []
        for slot in (HEAD, *(slot for slot in family.central if slot != HEAD)):
            self._fill(slot, family.central.get(slot, ()))
        for part, alternatives in family.sided.items():
            for side, template in zip(SIDES, sides, strict=True):
                self._fill(f"{part}.{side}", [template.format(name) for name in alternatives])
        self.slots |= _closed_up(self.slots, SPINES) | _closed_up(self.slots, NECKS)
        self.slots = {slot: bone for slot, bone in self.slots.items() if bone}

    @classmethod
    def best(cls, family: Family, bones: Sequence[BoneName]) -> "_Match":
        """The match with the highest score over prefixes and side templates; a tie of two prefixes adds a note."""
        names = defaultdict(list)
        for bone in bones:
            names[plain(bone.name)].append(bone.name)
        matches = [
            cls(family, prefix, sides, names)
            for prefix in _prefixes(names, family.central[HIPS])
            for sides in family.sides
        ]
        best = max(matches, key=lambda match: match.score)
        for other in matches:
            if other.prefix != best.prefix and other.score == best.score and other.slots != best.slots:
                best.notes.append(
                    Note(
                        HIPS,
                        f"There are two skeletons in the rig: {best.slots.get(HIPS)} and {other.slots.get(HIPS)}. "
                        "Choose the hips of one, and its other bones, in the bone map.",
                        serious=True,
                    )
                )
                break
        return best

    @property
    def required(self) -> int:
        return sum(slot in self.slots for slot in REQUIRED)

    @property
    def score(self) -> float:
        """Filled required slots, plus a little for other filled slots, less a little for each slot of the family."""
        offered = len(self.family.central) + 2 * len(self.family.sided)
        return self.required + 0.1 * len(self.slots) - 0.01 * offered

    def bone_map(self) -> BoneMap:
        more = self.family.more
        switches = [
            Switch(bone, switch["property"], switch["value"])
            for switch in more.get("switches", ())
            for bone in self._existing(switch["bone"])
        ]
        read = {
            f"{part}.{side}": bone
            for part, name in more.get("read", {}).items()
            for side, template in zip(SIDES, self.sides, strict=True)
            if (bone := self._one(template.format(name)))
        }
        rest = tuple(bone for name in more.get("rest", ()) if (bone := self._one(name)))
        parents = {
            bone: parent
            for name, above in more.get("parents", {}).items()
            for template in ("{}", *self.sides)
            if (bone := self._one(template.format(name))) and (parent := self._one(template.format(above)))
        }
        return BoneMap(
            self.family.name, self.family.label, self.slots, tuple(self.notes), more.get("travel_turns", True), rest,
            parents, read, tuple(switches), more.get("ik_constraints", False),
        )  # fmt: skip

    def _fill(self, slot: str, alternatives: Iterable[str]) -> None:
        """Fill the slot with the first of the names that is in the rig and in no other slot."""
        for name in alternatives:
            bones = [bone for bone in self.names.get(self.prefix + plain(name), ()) if bone not in self.slots.values()]
            if len(bones) > 1:
                self.notes.append(
                    Note(
                        slot,
                        f"Two bones may be the {slot_words(slot)}: {' and '.join(bones)}. Choose one in the bone map.",
                        serious=True,
                    )
                )
            if bones:
                self.slots[slot] = bones[0]
                return

    def _one(self, name: str) -> str | None:
        return next(iter(self.names.get(self.prefix + plain(name), ())), None)

    def _existing(self, name: str) -> list[str]:
        return [bone for template in ("{}", *self.sides) if (bone := self._one(template.format(name)))]


def _prefixes(names: Mapping[str, Any], hips: Iterable[str]) -> list[str]:
    """Possible common prefixes of bone names: "", and what precedes a name of the hips. hips: the family's names."""
    endings = [plain(name) for name in hips]
    found = {name[: -len(ending)] for name in names for ending in endings if name.endswith(ending)}
    return sorted(found | {""}, key=len)


def _closed_up(slots: Mapping[str, str], numbered: Sequence[str]) -> dict[str, str]:
    """The bones of numbered slots moved down to the lowest numbers; "" for the rest."""
    bones = [slots[slot] for slot in numbered if slot in slots]
    return dict(zip(numbered, [*bones, *[""] * (len(numbered) - len(bones))], strict=True))


# --- What is wrong with a map -----------------------------------------------------------------------------------------


def _notes(slots: Mapping[str, str], bones: Sequence[BoneName], family: str) -> Iterator[Note]:
    if not slots:
        yield Note("", "Its bones have no names that are known. Choose its bones in the bone map.", serious=True)
        return
    yield from _missing(slots, family)
    parents = {bone.name: bone.parent for bone in bones}
    for slot, bone in slots.items():
        if bone not in parents:
            yield Note(slot, f"The {slot_words(slot)}, {bone}, is not in the rig. Choose another bone.", serious=True)
    if all(bone in parents for bone in slots.values()):
        yield from _twice(slots)
        yield from _disordered(slots, parents)


def _missing(slots: Mapping[str, str], family: str) -> Iterator[Note]:
    names = {family.name: family for family in families()}
    for slot in REQUIRED:
        if slot not in slots:
            known = _usual_name(names[family], slot) if family else ""
            usual = f" (it is usually called {known})" if known else ""
            yield Note(
                slot, f"The {slot_words(slot)} was not found{usual}. Choose its bone in the bone map.", serious=True
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


def _usual_name(family: Family, slot: str) -> str:
    part, _, side = slot.partition(".")
    if not side:
        return family.central[slot][0] if slot in family.central else ""
    return family.sides[0][SIDES.index(side)].format(family.sided[part][0]) if part in family.sided else ""


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


def _disordered(slots: Mapping[str, str], parents: Mapping[str, str | None]) -> Iterator[Note]:
    for side in SIDES:
        for limb in _LIMBS:
            chain = [slot for part in limb if (slot := f"{part}.{side}") in slots]
            for upper, lower in pairwise(chain):
                if slots[upper] not in _above(slots[lower], parents):
                    yield Note(
                        lower,
                        f"The {slot_words(lower)}, {slots[lower]}, does not hang below the {slot_words(upper)}, "
                        f"{slots[upper]}. Choose the right bones.",
                        serious=True,
                    )
    travel = slots.get(TRAVEL) or slots.get(HIPS)
    for slot, bone in slots.items():
        if travel and bone != travel and travel not in _above(bone, parents):
            yield Note(
                slot,
                f"The {slot_words(slot)}, {bone}, does not move with {travel}, which carries the body. "
                f"Choose a {_WORDS[TRAVEL]} that is above all others.",
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
