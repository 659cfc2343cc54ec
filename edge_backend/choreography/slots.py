"""A song's bars as slots: stretches of 7 to 12 counts, mostly 8, each of which a phrase of dance fills."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..schema.frames import FPS
from ..schema.song_map import Bar, Section, SongMap

PHRASE_COUNTS = 8  # as dancers count
LEAST_COUNTS = 7  # of a slot; it has 1, 2, 4 or 8 bars: 8 counts in bars of two or four, 12 in bars of three or six
SURE = 0.2  # the sections and bars of a song map with less confidence are not used
_ROUNDING_S = 1e-3


@dataclass(frozen=True, slots=True)
class Slot:
    """A few bars of the song that one phrase fills.

    label: the section's. section: number of the section in the song. place: number of the slot in its section,
    below 0 before its first bar. counts: (n + 1,) seconds of its n counts and of its end, ascending. energy: mean of
    its bars, 0 to 1. bars: of each of them; none in plans that were made without.
    """

    label: str
    section: int
    place: int
    counts: tuple[float, ...]
    energy: float
    bars: tuple[float, ...] = ()

    @property
    def start(self) -> int:
        """Its first frame."""
        return round(self.counts[0] * FPS)

    @property
    def stop(self) -> int:
        """The frame after its last."""
        return round(self.counts[-1] * FPS)


def slots_of(song_map: SongMap, frames: int) -> tuple[Slot, ...]:
    """The slots of a dance of this many frames, in order, without overlaps; the last ends with the dance.

    Bars outside the sections are in no slot, nor is a last count in which the song rings out.
    """
    size = next(bars for bars in (1, 2, 4, 8) if bars * song_map.metre >= LEAST_COUNTS)
    found = []
    for number, section in enumerate(song_map.sections):
        bars = [bar for bar in song_map.bars if within(bar, section)]
        for place, first in enumerate(range(0, len(bars), size)):
            group = bars[first : first + size]
            counts = _counts(song_map, group[0].start, min(group[-1].end, frames / FPS))
            energies = tuple(bar.energy for bar in group)
            slot = Slot(section.label, number, place, counts, sum(energies) / len(energies), energies)
            if slot.stop - slot.start >= FPS // 2:
                found.append(slot)
    if found and len(found[-1].counts) == 2:  # one count has no tempo that a phrase could fit
        found.pop()
    return tuple(found)


def with_slots_beside(slots: Sequence[Slot], frames: int) -> tuple[Slot, ...]:
    """The slots of a dance of this many frames, and more before the first and after the last, as many as are whole.

    There a song has no bars, but phrases can go on in its tempo. These slots are in the section that they lie beside.
    """
    if not slots:
        return ()
    size = max(len(slot.counts) for slot in slots) - 1
    first, last = slots[0], slots[-1]
    count, last_count = _mean_count(first), _mean_count(last)
    before = [first.counts[0] - number * size * count for number in range(int(first.counts[0] / (size * count)) + 1)]
    rest = frames / FPS - last.counts[-1]
    after = [last.counts[-1] + number * size * last_count for number in range(int(rest / (size * last_count)) + 1)]
    return (
        *(_like(first, -number, before[number], before[number - 1], size) for number in range(len(before) - 1, 0, -1)),
        *slots,
        *(_like(last, number, after[number - 1], after[number], size) for number in range(1, len(after))),
    )


def is_clear(song_map: SongMap) -> bool:
    """Whether the song has bars, in a map that is sure enough."""
    return song_map.confidence >= SURE and len(song_map.bars) > 1


def within(bar: Bar, section: Section) -> bool:
    """Whether the bar begins in the section."""
    return section.start - _ROUNDING_S <= bar.start < section.end - _ROUNDING_S


def _counts(song_map: SongMap, start: float, end: float) -> tuple[float, ...]:
    inside = [second for second, _ in song_map.beats if start + _ROUNDING_S < second < end - _ROUNDING_S]
    return (start, *inside, max(end, start))


def _mean_count(slot: Slot) -> float:
    return (slot.counts[-1] - slot.counts[0]) / (len(slot.counts) - 1)


def _like(slot: Slot, away: int, start: float, end: float, size: int) -> Slot:
    """A slot of `size` counts from `start` to `end`, seconds, that is `away` places after the given one."""
    counts = (*(start + (end - start) * number / size for number in range(size)), end)
    return replace(slot, place=slot.place + away, counts=counts)
