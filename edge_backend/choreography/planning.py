"""Choose a phrase for each slot of a song, with a beam search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np

from ..errors import EdgeError
from ..numerics.array import Array
from ..schema.frames import FPS
from .library import FASTEST, Library, unknown_phrase
from .phrases import JOINTS, frames_around, headings, mirrored_pose, pose_at
from .pieces import to_the_front
from .plan import Plan, Step
from .slots import PHRASE_COUNTS, Slot

BEAM = 12
STRETCH = 0.15  # the change of a phrase's tempo that still looks natural
# Costs; a join costs the mean distance of the joints of both poses, metres.
TEMPO = 4.0  # times the squared logarithm of the stretch, over STRETCH
ENERGY = 8.0  # times the mean squared difference of the song's bars, 0 to 1, and their ranks among all that fit
SPREAD = 0.5  # standard deviation of the energies of the bars, so that a dance is as varied as its library
ACCENTS = 3.4  # times the share of counts without a stop
AGAIN_HERE = 1.0  # for dance that is in this section already
AGAIN = 0.7  # for dance that is in an earlier section
CUT = 3.2  # for leaving the clip, over the seconds of the slot: joins last as long in quick songs
STYLE = 0.4  # for another style than that of the phrase before
AWAY = 1.0  # times the square of the mean angle to the audience, radians
OFF_STAGE = 2.0  # times the squared metres beyond STAGE
STAGE = 1.2  # metres from the middle
SAME_FRAME = 0.5  # frames; phrases of a clip whose ends are this near follow on
AROUND = 0.5  # where the clip cannot be shown before the first phrase, or after the last one, and for each such second
CHANCE = 0.1  # the most that the seed adds


@dataclass(frozen=True)
class PlanSettings:
    """How to make a plan.

    style: of the phrases, or "any". mirrored: whether to mirror every second section of a label. originality: of all
    phrases. pinned: number of a slot -> id of its phrase, or "" for one that the model dances.
    """

    style: str = "any"
    mirrored: bool = False
    originality: float = 0.0
    pinned: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _PartialPlan:
    """A plan for the first slots. chosen: a phrase's number for each, plus the number of phrases if mirrored; or -1.

    facing: radians from the audience. at: (x, y) metres on the stage. Both are those at the end of the last phrase.
    """

    cost: float
    chosen: tuple[int, ...]
    facing: float = 0.0
    at: tuple[float, float] = (0.0, 0.0)


def plan_by_library(
    slots: Sequence[Slot], library: Library, seed: int, settings: PlanSettings | None = None, frames: int = 0
) -> Plan:
    """The plan of a dance of `frames` frames with phrases from a library; the seed varies it.

    Phrases are chosen for smooth joins, the tempo (within STRETCH) and energy of the song, variety, and a place on the
    stage that faces the audience; sections with the same label get the same phrases. Where no phrase of the style fits
    the tempo, other styles may, and where none does, the model dances. Raises EdgeError phrase_unknown for a pinned
    phrase that the library lacks; phrases_missing if it is empty.
    """
    settings = settings or PlanSettings()
    search = _Search(library, slots, seed, settings, frames)
    origins = first_slots(slots)
    partials = [_PartialPlan(0.0, ())]
    for number, slot in enumerate(slots):
        origin = origins[number]
        if number in settings.pinned or origin == number:
            partials = search.best(partials, number, slot)
        else:
            turn = settings.mirrored and search.is_odd_return(number, origin)
            partials = [search.returned(partial, origin, turn) for partial in partials]
    best = min(partials, key=lambda partial: partial.cost)
    return tuple(search.step(best, number, slot) for number, slot in enumerate(slots))


def phrases_for(
    plan: Plan, number: int, library: Library, style: str = "any", level: str = "any"
) -> list[tuple[str, bool]]:
    """The phrases (id, mirrored) that fit a slot of a plan, each once, best first.

    style, level: of the phrases, or "any". Raises EdgeError phrases_missing.
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
    """For each slot the number of the first one with the same label and place, perhaps itself."""
    first: dict[tuple[str, int], int] = {}
    return [first.setdefault((slot.label, slot.place), number) for number, slot in enumerate(slots)]


class _Search:
    def __init__(
        self, library: Library, slots: Sequence[Slot], seed: int, settings: PlanSettings, frames: int = 0
    ) -> None:
        if slots and np.median([len(slot.counts) for slot in slots]) > PHRASE_COUNTS + 1:
            library = library.longer()
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
        self._wanted = _wanted_energy(slots)
        self._accents = np.zeros((len(phrases), self._counts.max()), dtype=bool)
        self._speeds = np.zeros(self._accents.shape)
        for accents, speeds, phrase in zip(self._accents, self._speeds, phrases, strict=True):
            accents[list(phrase.accents)] = True
            speeds[: len(phrase.speeds)] = phrase.speeds
        styles = {style: number for number, style in enumerate(sorted({phrase.style for phrase in phrases}))}
        self._style = np.array([styles[phrase.style] for phrase in phrases])
        clips = {clip: number for number, clip in enumerate(sorted({phrase.clip for phrase in phrases}))}
        self._clip = np.array([clips[phrase.clip] for phrase in phrases])
        self._members = [np.flatnonzero(self._clip == number) for number in range(len(clips))]
        self._span = np.array([(phrase.counts[0], phrase.counts[-1]) for phrase in phrases])
        self._around = np.zeros((len(slots), len(phrases)))  # the costs of phrases before or after which nothing can be
        if slots:
            before, after = frames_around(phrases)
            self._around[0] += _lack(slots[0].start, before)
            self._around[first_slots(slots)[-1]] += _lack(frames - slots[-1].stop, after)
        self._early_ends: dict[tuple[int, int], Array] = {}  # (phrase, count) -> pose, where slots are shorter
        song = [round(1000 * abs(slot.counts[0])) for slot in slots]  # so that songs do not share a seed's favourites
        self._chance = CHANCE * np.random.default_rng([seed, *song]).random((len(slots), len(self._starts)))

    def best(self, partials: Sequence[_PartialPlan], number: int, slot: Slot) -> list[_PartialPlan]:
        """The BEAM best plans that go on with any phrase in this slot, or with the pinned one."""
        usable, stretch = self._usable(number, slot)
        if not len(usable):
            return [
                _PartialPlan(partial.cost, (*partial.chosen, -1), partial.facing, partial.at) for partial in partials
            ]
        base = self._slot_costs(number, usable, stretch)
        ends = np.stack([self._end(partial) for partial in partials])
        apart = self._apart(ends, usable)
        costs = np.stack(
            [
                partial.cost + base + self._step_costs(partial, usable, number, row)
                for partial, row in zip(partials, apart, strict=True)
            ]
        )
        flat = np.argpartition(costs, min(BEAM, costs.size) - 1, axis=None)[:BEAM]
        rows, columns = np.unravel_index(flat, costs.shape)
        return [
            self._extended(partials[row], int(usable[column]), float(costs[row, column]))
            for row, column in zip(rows, columns, strict=True)
        ]

    def ranked(self, plan: Plan, number: int) -> list[tuple[str, bool]]:
        """The phrases (id, mirrored) that fit a slot of the plan between its neighbours, best first."""
        usable, stretch = self._usable(number, plan[number].slot)
        if not len(usable):
            return []
        chosen = [self._chosen(step) for step in plan]
        partial = _PartialPlan(0.0, tuple(chosen[:number]))
        apart = self._apart(self._end(partial)[None], usable)[0]
        costs = self._slot_costs(number, usable, stretch) + self._step_costs(partial, usable, number, apart)
        if number + 1 < len(plan) and chosen[number + 1] >= 0:
            costs = costs + self._apart(self._ends[usable], np.array([chosen[number + 1]]))[:, 0]
        phrases = self._library.phrases
        return [
            (phrases[one % self._count].id, one >= self._count)
            for one in usable[np.argsort(costs, kind="stable")].tolist()
        ]

    def returned(self, partial: _PartialPlan, origin: int, turn: bool) -> _PartialPlan:
        """The plan that goes on with the phrase of the slot `origin`, mirrored if `turn`."""
        chosen = partial.chosen[origin]
        if chosen < 0:
            return _PartialPlan(partial.cost, (*partial.chosen, -1), partial.facing, partial.at)
        if turn:
            chosen = (chosen + self._count) % (2 * self._count)
        here = np.array([chosen])
        join = float(self._join_costs(partial, here, self._apart(self._end(partial)[None], here)[0])[0])
        return self._extended(partial, chosen, partial.cost + join)

    def is_odd_return(self, number: int, origin: int) -> bool:
        """Whether the slot's section is the second, fourth ... of its label."""
        label = self._slots[number].label
        sections = sorted({slot.section for slot in self._slots if slot.label == label})
        return bool((sections.index(self._slots[number].section) - sections.index(self._slots[origin].section)) % 2)

    def step(self, partial: _PartialPlan, number: int, slot: Slot) -> Step:
        """The step of a finished plan for a slot."""
        chosen = partial.chosen[number]
        if chosen < 0:
            return Step(slot)
        phrase = self._library.phrases[chosen % self._count].id
        return Step(slot, phrase, -1, chosen >= self._count, self._settings.originality)

    @property
    def _count(self) -> int:
        return len(self._library.phrases)

    def _usable(self, number: int, slot: Slot) -> tuple[Array, Array]:
        """The numbers (n,) of the phrases that can be danced in the slot, and by how much faster, as a logarithm."""
        counts = len(slot.counts) - 1
        tempo = np.log(60 * counts / (slot.counts[-1] - slot.counts[0]))
        stretch = tempo - self._tempo
        pinned = self._settings.pinned.get(number)
        if pinned is not None:
            fits = np.arange(self._count) == self._number.get(pinned, -1)
        else:
            fits = (np.abs(stretch) <= np.log1p(STRETCH)) & (self._counts >= counts)
            if (fits & self._of_style).any():
                fits &= self._of_style
        numbers = np.flatnonzero(fits)
        return np.concatenate([numbers, numbers + self._count]), np.tile(stretch[numbers], 2)

    def _slot_costs(self, number: int, usable: Array, stretch: Array) -> Array:
        """The costs of phrases in a slot without regard to its neighbours. stretch: from `_usable`."""
        plain = usable % self._count
        cost = TEMPO * (stretch / STRETCH) ** 2 * STRETCH
        danced = min(len(self._slots[number].counts) - 1, self._accents.shape[1])
        wanted = self._wanted[number][:danced]
        bars = np.array_split(self._speeds[plain, :danced], len(wanted), axis=1)
        energy = np.stack([bar.mean(axis=1) for bar in bars], axis=1) * np.exp(stretch)[:, None]  # as it is danced
        cost = cost + ENERGY * ((_ranks(energy) - wanted) ** 2).mean(axis=1)
        off_beat = 1 - self._accents[plain, :danced].mean(axis=1)
        return cost + ACCENTS * off_beat + self._chance[number, usable] + self._around[number, plain]

    def _chosen(self, step: Step) -> int:
        """The number of a step's phrase, as in `_PartialPlan`."""
        found = self._number.get(step.phrase, -1)
        return found + self._count if found >= 0 and step.mirrored else found

    def _last(self, partial: _PartialPlan) -> int:
        """The number of the last phrase; -1 if there is none, and then joins cost nothing."""
        return partial.chosen[-1] if partial.chosen else -1

    def _left_at(self, partial: _PartialPlan) -> int:
        """The count at which the last chosen phrase is left: before its end where its slot has fewer counts."""
        counts = len(self._slots[len(partial.chosen) - 1].counts) - 1
        return min(counts, int(self._counts[self._last(partial) % self._count]))

    def _end(self, partial: _PartialPlan) -> Array:
        """(POSE,): where the last chosen phrase is left; any pose, where there is none, whose join costs nothing."""
        last = self._last(partial)
        plain, left = last % self._count, self._left_at(partial)
        if last < 0 or left == self._counts[plain]:
            return self._ends[last]
        if (plain, left) not in self._early_ends:
            clip = self._library.clip(plain)
            joints, frame = clip.joints().astype(np.float64), self._library.phrases[plain].counts[left]
            self._early_ends[plain, left] = pose_at(joints, headings(clip), frame)
        pose = self._early_ends[plain, left]
        return mirrored_pose(pose[None])[0] if last >= self._count else pose

    def _apart(self, ends: Array, usable: Array) -> Array:
        """Mean distances (m, n), metres, of JOINTS between poses (m, POSE) and the first poses of n phrases."""
        square = (ends**2).sum(axis=1)[:, None] - 2 * ends @ self._starts[usable].T + self._start_sizes[usable]
        return np.sqrt(np.maximum(square, 0.0) / len(JOINTS))

    def _step_costs(self, partial: _PartialPlan, usable: Array, number: int, apart: Array) -> Array:
        """The costs of going on from a plan with each of the phrases. apart: (n,) from `_apart`."""
        plain = usable % self._count
        seen = np.zeros(self._count)
        for before, chosen in enumerate(partial.chosen):
            if chosen >= 0:
                here = self._slots[before].section == self._slots[number].section
                seen[self._overlapping(chosen % self._count)] += AGAIN_HERE if here else AGAIN
        start = self._facings(partial, usable)
        away = AWAY * np.minimum(_wrapped(start + self._facing[usable]) ** 2, 4.0)
        end = np.array(partial.at) + _rotated(self._move[usable], start)
        beyond = np.maximum(np.linalg.norm(end, axis=1) - STAGE, 0.0)
        return self._join_costs(partial, usable, apart) + seen[plain] + away + OFF_STAGE * beyond**2

    def _join_costs(self, partial: _PartialPlan, usable: Array, apart: Array) -> Array:
        """The costs of joins; 0 after a slot without a phrase, and where the clip goes on."""
        last = self._last(partial)
        if last < 0:
            return np.zeros(len(usable))
        other = self._style[usable % self._count] != self._style[last % self._count]
        slot = self._slots[len(partial.chosen)]
        cut = CUT / (slot.counts[-1] - slot.counts[0])
        return np.where(self._continues(partial)[usable], 0.0, cut + apart + STYLE * other)

    def _continues(self, partial: _PartialPlan) -> Array:
        """Which phrases (2n,) bool begin where the last one is left, in the same clip, and mirrored as it is."""
        found = np.zeros(2 * self._count, dtype=bool)
        last = self._last(partial)
        before = last % self._count
        clip = self._members[self._clip[before]]
        left = self._library.phrases[before].counts[self._left_at(partial)]
        follows = clip[np.abs(self._span[clip, 0] - left) < SAME_FRAME]
        found[follows + (last - before)] = True
        return found

    def _overlapping(self, known: int) -> Array:
        """The numbers of the phrases that overlap with a phrase in its clip, itself included."""
        clip = self._members[self._clip[known]]
        first, last = self._span[known]
        return clip[np.minimum(self._span[clip, 1], last) - np.maximum(self._span[clip, 0], first) > 1.0]

    def _facings(self, partial: _PartialPlan, usable: Array) -> Array:
        """The headings at the start of phrases: unchanged where the clip goes on, otherwise as `to_the_front` says."""
        front = np.full(len(usable), to_the_front(np.array(partial.facing)))
        if partial.chosen and partial.chosen[-1] >= 0:
            front[self._continues(partial)[usable]] = partial.facing
        return front

    def _extended(self, partial: _PartialPlan, chosen: int, cost: float) -> _PartialPlan:
        start = float(self._facings(partial, np.array([chosen]))[0])
        x, y = np.array(partial.at) + _rotated(self._move[[chosen]], np.array([start]))[0]
        return _PartialPlan(cost, (*partial.chosen, chosen), start + float(self._turn[chosen]), (float(x), float(y)))


def _wanted_energy(slots: Sequence[Slot]) -> list[Array]:
    """The energies of the bars of each slot, 0 to 1, SPREAD around 0.5 as the song's are; equal for slots with one
    dance.
    """
    origins = first_slots(slots)
    alike: dict[int, list[tuple[float, ...]]] = {}
    for slot, origin in zip(slots, origins, strict=True):
        alike.setdefault(origin, []).append(slot.bars or (slot.energy,))
    means = {
        origin: np.array([np.mean([bar for bar in bars if bar is not None]) for bars in zip_longest(*slots_bars)])
        for origin, slots_bars in alike.items()
    }
    energies = [means[origin][: max(len(slot.bars), 1)] for slot, origin in zip(slots, origins, strict=True)]
    song = np.concatenate([np.zeros(0), *energies])
    middle = song.mean() if len(song) else 0.0
    scale = SPREAD / max(song.std(), 1e-9) if len(song) else 0.0
    return [np.clip(0.5 + scale * (bars - middle), 0.0, 1.0) for bars in energies]


def _lack(wanted: int, there: Array) -> Array:
    """The costs of phrases with `there` (n,) frames of their clips beside them, where the dance has `wanted` frames."""
    missing = np.maximum(wanted - there / FASTEST, 0.0)
    return AROUND * (np.sign(missing) + missing / FPS)


def _ranks(values: Array) -> Array:
    """The ranks of values, from 0 to 1, all different."""
    order = np.argsort(np.argsort(values, axis=None, kind="stable"), kind="stable")
    return order.reshape(values.shape) / max(values.size - 1, 1)


def _wrapped(angles: Array) -> Array:
    return (angles + np.pi) % (2 * np.pi) - np.pi


def _rotated(moves: Array, angles: Array) -> Array:
    cosine, sine = np.cos(angles), np.sin(angles)
    return np.stack([cosine * moves[:, 0] - sine * moves[:, 1], sine * moves[:, 0] + cosine * moves[:, 1]], axis=1)
