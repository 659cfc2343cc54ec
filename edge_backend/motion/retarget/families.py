"""Families of rigs: naming conventions, and what cannot be found by shape, such as control bones and switches.

A family is described by a JSON file in bone_maps/; docs/retargeting.md explains the format.
"""

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from .slots import HEAD, HIPS, NECKS, REQUIRED, SIDES, SPINES, TRAVEL, slot_words

_COUNTED = re.compile(r"(?<=.)[_.]\d+$")
_NEARLY_ALL = 0.9

FAMILIES = Path(__file__).parent / "bone_maps"


class Switch(NamedTuple):
    """A property of a bone, custom or Blender's own, and the value that it must have during a dance."""

    bone: str
    property: str
    value: float


@dataclass(frozen=True, slots=True)
class IkLeg:
    """The controls of one leg; pole and toes are "" where there are none."""

    foot: str
    pole: str = ""
    toes: str = ""


@dataclass(frozen=True, slots=True)
class IkLegs:
    """The IK controls of a rig's legs.

    legs: side -> its controls. rest: further controls, which must be at rest. switches: properties that make the legs
    follow the controls. guides: parts of the leg (thigh) that are keyed too, on rigs without a pole, whose IK solver
    starts from them.
    """

    legs: Mapping[str, IkLeg]
    rest: tuple[str, ...] = ()
    switches: tuple[Switch, ...] = ()
    guides: tuple[str, ...] = ()

    @property
    def bones(self) -> list[str]:
        """All controls of both legs."""
        return [bone for leg in self.legs.values() for bone in (leg.foot, leg.pole, leg.toes) if bone]


@dataclass(frozen=True, slots=True)
class Note:
    """A remark about one slot of the map. serious: the rig cannot dance until it is resolved."""

    slot: str
    text: str
    serious: bool


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


@lru_cache(maxsize=8192)  # the families' names are compared with every rig
def plain(name: str) -> str:
    """A bone name normalised for comparison: lower case, no full-width letters, _ for spaces, dots and hyphens."""
    return re.sub(r"[ .\-]", "_", unicodedata.normalize("NFKC", name).casefold())


# --- One family against one rig -------------------------------------------------------------------------------------


def by_plain_name(bones: Iterable[str]) -> dict[str, list[str]]:
    """Plain name -> bone names, by `plain`. Numbers that an exporter has appended to nearly all names are removed."""
    bones = list(bones)
    numbered = sum(bool(_COUNTED.search(bone)) for bone in bones) > _NEARLY_ALL * len(bones)
    names: dict[str, list[str]] = defaultdict(list)
    for bone in bones:
        names[plain(_COUNTED.sub("", bone) if numbered else bone)].append(bone)
    return names


class FamilyMatch:
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
    def best(cls, family: Family, names: Mapping[str, list[str]]) -> "FamilyMatch":
        """The match with the highest score over prefixes and side templates; a tie of two prefixes adds a note.

        names: from `by_plain_name`.
        """
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
        """The number of required slots that are filled."""
        return sum(slot in self.slots for slot in REQUIRED)

    @property
    def score(self) -> float:
        """Filled required slots, plus a little for other filled slots, less a little for each slot of the family."""
        numbered = sum(slot in (*SPINES[3:], *NECKS[2:]) for slot in self.family.central)
        offered = len(self.family.central) - numbered + 2 * len(self.family.sided)
        return self.required + 0.1 * len(self.slots) - 0.01 * offered

    @property
    def switches(self) -> tuple[Switch, ...]:
        """The family's switches, for the bones of this rig."""
        return self._switches(self.family.more.get("switches", ()))

    def _switches(self, listed: Iterable[Mapping[str, Any]]) -> tuple[Switch, ...]:
        return tuple(
            Switch(bone, switch["property"], switch["value"])
            for switch in listed
            for bone in self._existing(switch["bone"])
        )

    @property
    def ik_legs(self) -> IkLegs | None:
        """The controls of the legs' IK, None where a leg has none."""
        names = self.family.more.get("ik_legs")
        if not names:
            return None
        legs = {}
        for side, template in zip(SIDES, self.sides, strict=True):
            foot, pole, toes = (self._first(names.get(part, ()), template) for part in ("foot", "pole", "toes"))
            if foot and (pole or names.get("guides")):
                legs[side] = IkLeg(foot, pole, toes)
        if len(legs) < len(SIDES):
            return None
        rest = tuple(bone for name in names.get("rest", ()) for bone in self._existing(name))
        return IkLegs(legs, rest, self._switches(names.get("switches", ())), tuple(names.get("guides", ())))

    @property
    def read(self) -> dict[str, str]:
        """Slot -> the bone whose pose is read for it, where it is not the slot's own."""
        return {
            f"{part}.{side}": bone
            for part, names in self.family.more.get("read", {}).items()
            for side, template in zip(SIDES, self.sides, strict=True)
            if (bone := self._first(names, template))
        }

    @property
    def rest(self) -> tuple[str, ...]:
        """Bones that must be at rest."""
        return tuple(bone for name in self.family.more.get("rest", ()) if (bone := self._one(name)))

    @property
    def parents(self) -> dict[str, str]:
        """Bone -> the bone that it follows, where that is not its parent."""
        return {
            bone: parent
            for name, above in self.family.more.get("parents", {}).items()
            for template in ("{}", *self.sides)
            if (bone := self._one(template.format(name)))
            and (parent := self._one(template.format(above)) or self._one(above))
        }

    @property
    def fingers(self) -> dict[str, tuple[str, ...]]:
        """Digit and side -> control bones from base to tip, for families that define them."""
        found = {}
        for digit, names in self.family.more.get("fingers", {}).items():
            for side, template in zip(SIDES, self.sides, strict=True):
                chain = tuple(bone for name in names if (bone := self._one(template.format(name))))
                if chain:
                    found[f"{digit}.{side}"] = chain
        return found

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

    def _first(self, names: Iterable[str], template: str) -> str:
        """The first of these bones that the rig has on a side; "" for none."""
        return next((bone for name in names if (bone := self._one(template.format(name)))), "")

    def _existing(self, name: str) -> list[str]:
        return [bone for template in ("{}", *self.sides) if (bone := self._one(template.format(name)))]


def _prefixes(names: Mapping[str, Any], hips: Iterable[str]) -> list[str]:
    """Possible common prefixes of bone names: "", and what precedes a name of the hips. hips: the family's names."""
    endings = tuple(plain(name) for name in hips)
    candidates = [name for name in names if name.endswith(endings)]  # one call each: rigs have hundreds of names
    found = {name[: -len(ending)] for name in candidates for ending in endings if name.endswith(ending)}
    return sorted(found | {""}, key=len)


def _closed_up(slots: Mapping[str, str], numbered: Sequence[str]) -> dict[str, str]:
    """The bones of numbered slots moved down to the lowest numbers; "" for the rest."""
    bones = [slots[slot] for slot in numbered if slot in slots]
    return dict(zip(numbered, [*bones, *[""] * (len(numbered) - len(bones))], strict=True))
