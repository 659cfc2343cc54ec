"""Which phrase at which counts: a beam search over the slots of a song."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..errors import EdgeError
from ..numerics.array import Array
from .library import Library, unknown_phrase
from .phrases import JOINTS, mirrored_pose
from .pieces import to_the_front
from .plan import Plan, Step
from .slots import Slot

BEAM = 12
STRETCH = 0.15  # of a phrase's tempo that still looks natural
# Costs; a join costs the mean distance of the joints of both poses, metres.
TEMPO = 4.0  # of the squared logarithm of the stretch, over STRETCH
ENERGY = 3.0  # of the squared difference of the ranks in the song and among the phrases that fit, 0 to 1
ACCENTS = 0.6  # of the share of counts without a stop
AGAIN_HERE = 1.0  # of dance that was seen in this section already
AGAIN = 0.25  # of dance that was seen earlier in the song
STYLE = 0.4  # of another style than the phrase before
AWAY = 1.0  # of the squared mean facing away from the audience, radians
OFF_STAGE = 2.0  # of the squared metres beyond STAGE
STAGE = 1.2  # metres from the middle
SAME_FRAME = 0.5
CHANCE = 0.1  # what the seed adds


@dataclass(frozen=True)
class PlanSettings:
    """What a user wants of a plan.

    style: of the phrases, "any" for all. mirrored: every second return of a section. originality: of all phrases.
    pinned: number of a slot -> id of its phrase, or "" for one that the model dances.
    """

    style: str = "any"
    mirrored: bool = False
    originality: float = 0.0
    pinned: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _PartialPlan:
    """A plan as far as it is made. chosen: of each slot the number of a phrase, n more where mirrored; -1 = none.

    facing: radians from the audience, at: (x, y) metres on the stage, both at the end of the last phrase.
    """

    cost: float
    chosen: tuple[int, ...]
    facing: float = 0.0
    at: tuple[float, float] = (0.0, 0.0)


def plan_by_library(slots: Sequence[Slot], library: Library, seed: int, settings: PlanSettings | None = None) -> Plan:
    """The plan of a dance of a library's phrases: poses that follow each other well, tempo within STRETCH, energy as
    the song's, on the stage, to the audience; the same section has the same phrases. The seed varies it.

    Phrases of another style stand in where none of the style fits the tempo; a slot to whose tempo no phrase can be
    danced is left to the model. Raises EdgeError phrase_unknown for a pinned phrase that the library lacks;
    phrases_missing where it has none.
    """
    settings = settings or PlanSettings()
    search = _Search(library, slots, seed, settings)
    origins = first_slots(slots)
    ways = [_PartialPlan(0.0, ())]
    for number, slot in enumerate(slots):
        origin = origins[number]
        if number in settings.pinned or origin == number:
            ways = search.best(ways, number, slot)
        else:
            turn = settings.mirrored and search.is_odd_return(number, origin)
            ways = [search.returned(way, origin, turn) for way in ways]
    best = min(ways, key=lambda way: way.cost)
    return tuple(search.step(best, number, slot) for number, slot in enumerate(slots))


def phrases_for(
    plan: Plan, number: int, library: Library, style: str = "any", level: str = "any"
) -> list[tuple[str, bool]]:
    """Phrases that fit a slot of a plan, (id, mirrored), each once, best first: tempo, energy, accents, and the
    phrases before and behind it. style, level: of the phrases, "any" for all. Raises EdgeError phrases_missing.
    """
    search = _Search(library, [step.slot for step in plan], 0, PlanSettings(style))
    of = {phrase.id: phrase for phrase in library.phrases}
    best: dict[str, bool] = {}
    for name, mirrored in search.ranked(plan, number):
        best.setdefault(name, mirrored)
    return [
        (name, mirrored)
        for name, mirrored in best.items()
        if style in ("any", of[name].style) and level in ("any", of[name].level)
    ]


def first_slots(slots: Sequence[Slot]) -> list[int]:
    """Of each slot the number of the first one with its label and place: its own, where it is new."""
    first: dict[tuple[str, int], int] = {}
    return [first.setdefault((slot.label, slot.place), number) for number, slot in enumerate(slots)]


class _Search:
    def __init__(self, library: Library, slots: Sequence[Slot], seed: int, settings: PlanSettings) -> None:
        self._library, self._slots, self._settings = library, slots, settings
        phrases = library.phrases
        self._number = {phrase.id: number for number, phrase in enumerate(phrases)}
        for name in settings.pinned.values():
            if name and name not in self._number:
                raise unknown_phrase(name)
        if not phrases:
            raise EdgeError("phrases_missing", "The phrase libraries have no phrases.", "Add some: phrases add.")
        self._of_style = np.array([settings.style in ("any", phrase.style) for phrase in phrases], dtype=bool)
        starts, ends = library.starts.astype(np.float32), library.ends.astype(np.float32)
        self._starts = np.concatenate([starts, mirrored_pose(starts)])
        self._ends = np.concatenate([ends, mirrored_pose(ends)])
        self._start_sizes = (self._starts**2).sum(axis=1)
        sign = np.repeat([1.0, -1.0], len(phrases))
        self._move = np.tile([phrase.move for phrase in phrases], (2, 1)) * np.stack([sign, np.ones_like(sign)], axis=1)
        self._turn = sign * np.tile([phrase.turn for phrase in phrases], 2)
        self._facing = sign * np.tile([phrase.facing for phrase in phrases], 2)
        self._tempo = np.log([phrase.tempo for phrase in phrases])
        self._counts = np.array([len(phrase.counts) - 1 for phrase in phrases])
        self._energy = np.array([phrase.energy for phrase in phrases])
        self._wanted = _ranks(np.array([slot.energy for slot in slots]))
        self._off_beat = np.array([1 - len(phrase.accents) / (len(phrase.counts) - 1) for phrase in phrases])
        styles = {style: number for number, style in enumerate(sorted({phrase.style for phrase in phrases}))}
        self._style = np.array([styles[phrase.style] for phrase in phrases])
        clips = {clip: number for number, clip in enumerate(sorted({phrase.clip for phrase in phrases}))}
        self._clip = np.array([clips[phrase.clip] for phrase in phrases])
        self._members = [np.flatnonzero(self._clip == number) for number in range(len(clips))]
        self._span = np.array([(phrase.counts[0], phrase.counts[-1]) for phrase in phrases])
        self._chance = CHANCE * np.random.default_rng(seed).random((len(slots), len(self._starts)))

    def best(self, ways: Sequence[_PartialPlan], number: int, slot: Slot) -> list[_PartialPlan]:
        """The BEAM best ways that go on with any phrase in this slot, or with the pinned one."""
        usable, stretch = self._usable(number, slot)
        if not len(usable):
            return [_PartialPlan(way.cost, (*way.chosen, -1), way.facing, way.at) for way in ways]
        base = self._suits(number, usable, stretch)
        ends = np.stack([self._ends[self._last(way)] for way in ways])
        apart = self._apart(ends, usable)
        costs = np.stack(
            [way.cost + base + self._step_costs(way, usable, number, row) for way, row in zip(ways, apart, strict=True)]
        )
        flat = np.argpartition(costs, min(BEAM, costs.size) - 1, axis=None)[:BEAM]
        rows, columns = np.unravel_index(flat, costs.shape)
        return [
            self._extended(ways[row], int(usable[column]), float(costs[row, column]))
            for row, column in zip(rows, columns, strict=True)
        ]

    def ranked(self, plan: Plan, number: int) -> list[tuple[str, bool]]:
        """The phrases that fit a slot of the plan, (id, mirrored), best first, between those of its neighbours."""
        usable, stretch = self._usable(number, plan[number].slot)
        if not len(usable):
            return []
        chosen = [self._chosen(step) for step in plan]
        way = _PartialPlan(0.0, tuple(chosen[:number]))
        apart = self._apart(self._ends[[self._last(way)]], usable)[0]
        costs = self._suits(number, usable, stretch) + self._step_costs(way, usable, number, apart)
        if number + 1 < len(plan) and chosen[number + 1] >= 0:
            costs = costs + self._apart(self._ends[usable], np.array([chosen[number + 1]]))[:, 0]
        phrases = self._library.phrases
        return [
            (phrases[one % self._count].id, one >= self._count)
            for one in usable[np.argsort(costs, kind="stable")].tolist()
        ]

    def returned(self, way: _PartialPlan, origin: int, turn: bool) -> _PartialPlan:
        """The way that goes on with what was chosen for the slot `origin`, mirrored if `turn`."""
        chosen = way.chosen[origin]
        if chosen < 0:
            return _PartialPlan(way.cost, (*way.chosen, -1), way.facing, way.at)
        if turn:
            chosen = (chosen + self._count) % (2 * self._count)
        here = np.array([chosen])
        join = float(self._join_costs(way, here, self._apart(self._ends[[self._last(way)]], here)[0])[0])
        return self._extended(way, chosen, way.cost + join)

    def is_odd_return(self, number: int, origin: int) -> bool:
        """Whether the slot's section is the second, fourth ... of its label."""
        label = self._slots[number].label
        sections = sorted({slot.section for slot in self._slots if slot.label == label})
        return bool((sections.index(self._slots[number].section) - sections.index(self._slots[origin].section)) % 2)

    def step(self, way: _PartialPlan, number: int, slot: Slot) -> Step:
        """The step of a finished way."""
        chosen = way.chosen[number]
        if chosen < 0:
            return Step(slot)
        phrase = self._library.phrases[chosen % self._count].id
        return Step(slot, phrase, -1, chosen >= self._count, self._settings.originality)

    @property
    def _count(self) -> int:
        return len(self._library.phrases)

    def _usable(self, number: int, slot: Slot) -> tuple[Array, Array]:
        """Numbers of the phrases that can be danced to the slot, and the logarithms of their stretch."""
        counts = len(slot.counts) - 1
        tempo = np.log(60 * counts / (slot.counts[-1] - slot.counts[0]))
        stretch = np.abs(tempo - self._tempo)
        pinned = self._settings.pinned.get(number)
        if pinned is not None:
            fits = np.arange(self._count) == self._number.get(pinned, -1)
        else:
            fits = (stretch <= np.log1p(STRETCH)) & (self._counts >= counts)
            if (fits & self._of_style).any():
                fits &= self._of_style
        numbers = np.flatnonzero(fits)
        return np.concatenate([numbers, numbers + self._count]), np.tile(stretch[numbers], 2)

    def _suits(self, number: int, usable: Array, stretch: Array) -> Array:
        """What phrases cost in a slot whatever its neighbours are. stretch: of `_usable`."""
        plain = usable % self._count
        cost = TEMPO * (stretch / STRETCH) ** 2 * STRETCH
        cost = cost + ENERGY * (_ranks(self._energy[plain]) - self._wanted[number]) ** 2
        return cost + ACCENTS * self._off_beat[plain] + self._chance[number, usable]

    def _chosen(self, step: Step) -> int:
        """The number of a step's phrase, as in `_PartialPlan`."""
        found = self._number.get(step.phrase, -1)
        return found + self._count if found >= 0 and step.mirrored else found

    def _last(self, way: _PartialPlan) -> int:
        """The last chosen phrase; any, where there is none, whose join costs nothing."""
        return way.chosen[-1] if way.chosen else -1

    def _apart(self, ends: Array, usable: Array) -> Array:
        """(ways, n) metres: mean distance of JOINTS in poses (ways, POSE) and in the first ones of the phrases."""
        square = (ends**2).sum(axis=1)[:, None] - 2 * ends @ self._starts[usable].T + self._start_sizes[usable]
        return np.sqrt(np.maximum(square, 0.0) / len(JOINTS))

    def _step_costs(self, way: _PartialPlan, usable: Array, number: int, apart: Array) -> Array:
        """What it costs to go on from a way with each of the phrases. apart: of the way, see `_apart`."""
        plain = usable % self._count
        seen = np.zeros(self._count)
        for before, chosen in enumerate(way.chosen):
            if chosen >= 0:
                here = self._slots[before].section == self._slots[number].section
                seen[self._overlapping(chosen % self._count)] += AGAIN_HERE if here else AGAIN
        start = self._facings(way, usable)
        away = AWAY * np.minimum(_wrapped(start + self._facing[usable]) ** 2, 4.0)
        end = np.array(way.at) + _rotated(self._move[usable], start)
        beyond = np.maximum(np.linalg.norm(end, axis=1) - STAGE, 0.0)
        return self._join_costs(way, usable, apart) + seen[plain] + away + OFF_STAGE * beyond**2

    def _join_costs(self, way: _PartialPlan, usable: Array, apart: Array) -> Array:
        """What joins cost: 0 behind what is no phrase, and where the clip goes on."""
        last = self._last(way)
        if last < 0:
            return np.zeros(len(usable))
        other = self._style[usable % self._count] != self._style[last % self._count]
        return np.where(self._continues(last)[usable], 0.0, apart + STYLE * other)

    def _continues(self, last: int) -> Array:
        """(2n,) bool: the phrases that go on where a phrase ends, in the same clip and on the same side."""
        found = np.zeros(2 * self._count, dtype=bool)
        before = last % self._count
        clip = self._members[self._clip[before]]
        follows = clip[np.abs(self._span[clip, 0] - self._span[before, 1]) < SAME_FRAME]
        found[follows + (last - before)] = True
        return found

    def _overlapping(self, known: int) -> Array:
        """Numbers of the phrases that share dance with a phrase."""
        clip = self._members[self._clip[known]]
        first, last = self._span[known]
        return clip[np.minimum(self._span[clip, 1], last) - np.maximum(self._span[clip, 0], first) > 1.0]

    def _facings(self, way: _PartialPlan, usable: Array) -> Array:
        """Facing at the start of each phrase: as before where the clip goes on, else to the audience."""
        front = np.full(len(usable), to_the_front(np.array(way.facing)))
        if way.chosen and way.chosen[-1] >= 0:
            front[self._continues(way.chosen[-1])[usable]] = way.facing
        return front

    def _extended(self, way: _PartialPlan, chosen: int, cost: float) -> _PartialPlan:
        start = float(self._facings(way, np.array([chosen]))[0])
        x, y = np.array(way.at) + _rotated(self._move[[chosen]], np.array([start]))[0]
        return _PartialPlan(cost, (*way.chosen, chosen), start + float(self._turn[chosen]), (float(x), float(y)))


def _ranks(values: Array) -> Array:
    """Ranks from 0 to 1; equal values have neighbouring ranks."""
    order = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return order / max(len(values) - 1, 1)


def _wrapped(angles: Array) -> Array:
    return (angles + np.pi) % (2 * np.pi) - np.pi


def _rotated(moves: Array, angles: Array) -> Array:
    cosine, sine = np.cos(angles), np.sin(angles)
    return np.stack([cosine * moves[:, 0] - sine * moves[:, 1], sine * moves[:, 0] + cosine * moves[:, 1]], axis=1)
