"""The plan of a dance: what is danced in which slot."""

from collections.abc import Sequence
from dataclasses import dataclass

from .slots import Slot


@dataclass(frozen=True, slots=True)
class Step:
    """What is danced in a slot.

    phrase: id of a phrase of a library, or "". again: number of an earlier slot whose dance returns here, or -1; the
    model dances a step with neither. mirrored: left and right exchanged, relative to that phrase or slot. originality:
    from 0, unchanged, to 1, danced anew by the model. pinned: whether it stays when the plan is made anew.
    """

    slot: Slot
    phrase: str = ""
    again: int = -1
    mirrored: bool = False
    originality: float = 0.0
    pinned: bool = False


Plan = tuple[Step, ...]
"""A step for each slot of the song, in the order of the song."""


def plan_by_form(slots: Sequence[Slot], mirrored: bool = False, originality: float = 0.0) -> Plan:
    """The plan of a dance by the model alone, in which sections that come back have the same dance.

    A slot repeats the first one with its label and place. mirrored: mirror every second section of a label.
    originality: of the repeated slots.
    """
    first: dict[tuple[str, int], int] = {}
    sections: dict[str, list[int]] = {}
    steps = []
    for number, slot in enumerate(slots):
        origin = first.setdefault((slot.label, slot.place), number)
        met = sections.setdefault(slot.label, [])
        if slot.section not in met:
            met.append(slot.section)
        turned = mirrored and met.index(slot.section) % 2 != met.index(slots[origin].section) % 2
        steps.append(Step(slot) if origin == number else Step(slot, "", origin, turned, originality))
    return tuple(steps)
