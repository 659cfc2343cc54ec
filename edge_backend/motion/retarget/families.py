"""Families of rigs: which names their bones have, and what no shape tells of them: control bones and switches.

A family is a JSON file in bone_maps/; docs/retargeting.md says how to write one.
"""

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from .slots import HEAD, HIPS, NECKS, REQUIRED, SIDES, SPINES, TRAVEL, slot_words

FAMILIES = Path(__file__).parent / "bone_maps"


class Switch(NamedTuple):
    """A custom property of a bone that has to have this value for the dance to be seen."""

    bone: str
    property: str
    value: float


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know about the map. serious: with this the rig cannot dance."""

    slot: str
    text: str
    serious: bool


@dataclass(frozen=True, slots=True)
class Family:
    """What a family's file says. central, sided: slot -> names it may have. sides: pairs of templates for the sided."""

    name: str
    label: str
    sides: tuple[tuple[str, str], ...]
    central: Mapping[str, tuple[str, ...]]
    sided: Mapping[str, tuple[str, ...]]
    more: Mapping[str, Any]


@cache
def families() -> tuple[Family, ...]:
    """Every family, by file name."""
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
    """A name without what people spell differently: case, full-width letters, spaces, dots and hyphens."""
    return re.sub(r"[ .\-]", "_", unicodedata.normalize("NFKC", name).casefold())


# --- One family against one rig -------------------------------------------------------------------------------------


def by_plain_name(bones: Iterable[str]) -> dict[str, list[str]]:
    """Bones by their plain names."""
    names: dict[str, list[str]] = defaultdict(list)
    for bone in bones:
        names[plain(bone)].append(bone)
    return names


class FamilyMatch:
    """What a family finds under one prefix and one way to name the sides."""

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
        """The best of all prefixes and spellings; two prefixes that fit alike are noted as a doubt.

        names: the rig's bones by their plain names, from `by_plain_name`.
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
        """How many of the required slots it fills."""
        return sum(slot in self.slots for slot in REQUIRED)

    @property
    def score(self) -> float:
        """Required slots first, then the others; a family that had more to offer than it finds comes last."""
        numbered = sum(slot in (*SPINES[3:], *NECKS[2:]) for slot in self.family.central)
        offered = len(self.family.central) - numbered + 2 * len(self.family.sided)
        return self.required + 0.1 * len(self.slots) - 0.01 * offered

    @property
    def switches(self) -> tuple[Switch, ...]:
        """The family's switches as this rig has them."""
        return tuple(
            Switch(bone, switch["property"], switch["value"])
            for switch in self.family.more.get("switches", ())
            for bone in self._existing(switch["bone"])
        )

    @property
    def read(self) -> dict[str, str]:
        """Slot -> the bone that shows its pose however the rig is driven."""
        return {
            f"{part}.{side}": bone
            for part, name in self.family.more.get("read", {}).items()
            for side, template in zip(SIDES, self.sides, strict=True)
            if (bone := self._one(template.format(name)))
        }

    @property
    def rest(self) -> tuple[str, ...]:
        """Bones that have to stay at rest."""
        return tuple(bone for name in self.family.more.get("rest", ()) if (bone := self._one(name)))

    @property
    def parents(self) -> dict[str, str]:
        """Bones that really hang on another bone than their parent."""
        return {
            bone: parent
            for name, above in self.family.more.get("parents", {}).items()
            for template in ("{}", *self.sides)
            if (bone := self._one(template.format(name))) and (parent := self._one(template.format(above)))
        }

    @property
    def fingers(self) -> dict[str, tuple[str, ...]]:
        """Digit and side -> control bones from base to tip, for families that say so."""
        found = {}
        for digit, names in self.family.more.get("fingers", {}).items():
            for side, template in zip(SIDES, self.sides, strict=True):
                chain = tuple(bone for name in names if (bone := self._one(template.format(name))))
                if chain:
                    found[f"{digit}.{side}"] = chain
        return found

    def _fill(self, slot: str, alternatives: Iterable[str]) -> None:
        """Take the first name that the rig has and that no slot has taken before."""
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
    """What may stand before every name of the rig: "" and what stands before the hips' names."""
    endings = [plain(name) for name in hips]
    found = {name[: -len(ending)] for name in names for ending in endings if name.endswith(ending)}
    return sorted(found | {""}, key=len)


def _closed_up(slots: Mapping[str, str], numbered: Sequence[str]) -> dict[str, str]:
    """The bones of numbered slots moved down to the lowest numbers; "" for the rest."""
    bones = [slots[slot] for slot in numbered if slot in slots]
    return dict(zip(numbered, [*bones, *[""] * (len(numbered) - len(bones))], strict=True))
