"""The user's changes of a song map: split, merged and moved sections, renumbered and tapped beats.

Each function takes a map and returns a changed copy. Seconds are those of the map. Standard library only.
"""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from .song_map import Bar, Section, SongMap, Stretch, bars_of

LEVELS = (1 / 3, 1 / 2, 2 / 3, 1.0, 3 / 2, 2.0, 3.0)  # beats of the map in one that is tapped
NEAR_LEVEL = 0.06  # of a tapped beat's length, in which it is one of these levels and follows the song's tempo
FEWEST_TAPS = 3
BY_USER = "user"


def section_at(song_map: SongMap, second: float) -> int:
    """The number of the section at that second, the nearest one outside all. The map must have sections."""
    starts = [section.start for section in song_map.sections]
    return max(sum(start <= second + 1e-6 for start in starts) - 1, 0)


def split_section(song_map: SongMap, second: float) -> SongMap:
    """Split a section at the bar nearest to that second; both parts have its label.

    Returns the map unchanged if a section begins there. The map must have sections.
    """
    start = _nearest_bar(song_map, second)
    number = section_at(song_map, start)
    section = song_map.sections[number]
    if start - section.start < 1e-3:
        return song_map
    parts = (replace(section, end=start), replace(section, start=start))
    return _with_sections(song_map, (*song_map.sections[:number], *parts, *song_map.sections[number + 1 :]))


def merge_sections(song_map: SongMap, number: int) -> SongMap:
    """Merge the section with the next one, under its label. Returns the map unchanged if it is the last one."""
    if number + 1 >= len(song_map.sections):
        return song_map
    first, second = song_map.sections[number : number + 2]
    joined = replace(first, end=second.end)
    return _with_sections(song_map, (*song_map.sections[:number], joined, *song_map.sections[number + 2 :]))


def move_section(song_map: SongMap, number: int, second: float) -> SongMap:
    """Move the section's start, and the end of the one before it, to the bar nearest to that second.

    Both have at least one bar afterwards. Returns the map unchanged for the first section, and if there is no such bar.
    """
    if not 0 < number < len(song_map.sections):
        return song_map
    before, section = song_map.sections[number - 1 : number + 1]
    places = [bar.start for bar in song_map.bars if before.start + 1e-3 < bar.start < section.end - 1e-3]
    if not places:
        return song_map
    start = min(places, key=lambda place: abs(place - second))
    moved = (replace(before, end=start), replace(section, start=start))
    return _with_sections(song_map, (*song_map.sections[: number - 1], *moved, *song_map.sections[number + 1 :]))


def begin_bar(song_map: SongMap, second: float) -> SongMap:
    """Renumber the beats so that a bar begins at the beat nearest to that second, with `metre` beats in every bar."""
    seconds = [beat for beat, _ in song_map.beats]
    nearest = min(range(len(seconds)), key=lambda number: abs(seconds[number] - second))
    beats = [(beat, (number - nearest) % song_map.metre + 1) for number, beat in enumerate(seconds)]
    return with_beats(song_map, beats)


def tapped(song_map: SongMap, taps: Sequence[float], *, in_song: bool) -> SongMap:
    """The map with beats at the tempo of at least FEWEST_TAPS taps.

    taps: seconds of the map if in_song, else of any clock; these determine the tempo only, not the phase. If the tapped
    tempo is near one of LEVELS times the map's, the beats follow the map's changes of tempo; otherwise they are even.
    """
    seconds = [beat for beat, _ in song_map.beats]
    period = median([after - before for before, after in itertools.pairwise(taps)])
    usual = median([after - before for before, after in itertools.pairwise(seconds)])
    level = min(LEVELS, key=lambda level: abs(period / usual - level))
    follows = abs(period / usual - level) < NEAR_LEVEL * level
    step = level * usual if follows else period
    offset = _phase(seconds, taps, step, level if follows else None) if in_song else 0.0
    beats = _resampled(seconds, level, offset) if follows else _even(song_map, period, seconds[0] + offset)
    first = next((beat for beat, number in song_map.beats if number == 1), beats[0])
    anchor = min(range(len(beats)), key=lambda number: abs(beats[number] - first))
    metre = song_map.metre
    return with_beats(song_map, [(beat, (number - anchor) % metre + 1) for number, beat in enumerate(beats)])


def with_beats(song_map: SongMap, beats: Sequence[tuple[float, int]]) -> SongMap:
    """The map with other beats (second, number in the bar), at least two.

    Bars are computed anew, with the energy of the old bars that they overlap; sections are moved to the nearest bars.
    """
    spans = bars_of(beats, song_map.duration)
    bars = tuple(Bar(start, end, _energy(song_map.bars, start, end)) for start, end in spans)
    steps = [after[0] - before[0] for before, after in itertools.pairwise(beats)]
    found = replace(
        song_map, beats=tuple(beats), bars=bars, tempo=round(60.0 / median(steps), 2), confidence=1.0, method=BY_USER
    )
    if not bars:
        return replace(found, sections=(), breaks=())
    cuts = {_nearest_bar(found, section.start): section.label for section in song_map.sections[1:]}
    label = song_map.sections[0].label if song_map.sections else "A"
    edges = [bars[0].start, *sorted(start for start in cuts if start > bars[0].start), bars[-1].end]
    sections = [
        Section(start, end, label if start == edges[0] else cuts[start], 0.0)
        for start, end in itertools.pairwise(edges)
    ]
    breaks = tuple(Stretch(_nearest_bar(found, gap.start), _nearest_bar(found, gap.end)) for gap in song_map.breaks)
    return _with_sections(replace(found, breaks=tuple(gap for gap in breaks if gap.end > gap.start)), sections)


def shifted(song_map: SongMap, seconds: float, duration: float) -> SongMap:
    """The map of the part of the song from `seconds` on, `duration` long; bars that are cut are left out.

    If fewer than two beats lie in that part, all of the map's beats remain.
    """
    beats = [(beat - seconds, number) for beat, number in song_map.beats if -1e-3 <= beat - seconds <= duration + 1e-3]
    if len(beats) < 2:
        beats = [(beat - seconds, number) for beat, number in song_map.beats]
    bars = tuple(
        replace(bar, start=bar.start - seconds, end=bar.end - seconds)
        for bar in song_map.bars
        if bar.start - seconds >= -1e-3 and bar.end - seconds <= duration + 1e-3
    )
    first, last = (bars[0].start, bars[-1].end) if bars else (0.0, 0.0)
    sections = [
        replace(section, start=max(section.start - seconds, first), end=min(section.end - seconds, last))
        for section in song_map.sections
    ]
    breaks = tuple(
        Stretch(gap.start - seconds, gap.end - seconds)
        for gap in song_map.breaks
        if gap.start - seconds >= 0 and gap.end - seconds <= duration
    )
    part = replace(song_map, duration=duration, beats=tuple(beats), bars=bars, breaks=breaks)
    return _with_sections(part, [section for section in sections if section.end - section.start > 1e-3])


def _with_sections(song_map: SongMap, sections: Sequence[Section]) -> SongMap:
    """The map with these sections, each with the mean energy of its bars."""
    return replace(
        song_map,
        sections=tuple(
            replace(section, energy=_energy(song_map.bars, section.start, section.end)) for section in sections
        ),
    )


def _nearest_bar(song_map: SongMap, second: float) -> float:
    """The second nearest to the given one at which a bar begins or the last one ends."""
    edges = [*(bar.start for bar in song_map.bars), song_map.bars[-1].end]
    return min(edges, key=lambda edge: abs(edge - second))


def _energy(bars: Sequence[Bar], start: float, end: float) -> float:
    """Mean energy between two seconds, of the bars there, weighted by their overlap; 0 if there are none."""
    shares = [max(min(bar.end, end) - max(bar.start, start), 0.0) for bar in bars]
    total = sum(shares)
    return round(sum(share * bar.energy for share, bar in zip(shares, bars, strict=True)) / total, 4) if total else 0.0


def _phase(seconds: Sequence[float], taps: Sequence[float], step: float, level: float | None) -> float:
    """The offset by which beats have to be later: in beats if they follow the map (level is not None), else seconds."""
    apart = []
    for tap in taps:
        late = (_count(seconds, tap) % level) / level * step if level else (tap - seconds[0]) % step
        apart.append(late - step if late > step / 2 else late)
    middle = median(apart)
    return middle / step * level if level else middle


def _count(seconds: Sequence[float], moment: float) -> float:
    """Position of a second in beats from the first one, fractional; outside them at the tempo of the nearest two."""
    number = min(max(sum(second <= moment for second in seconds) - 1, 0), len(seconds) - 2)
    return number + (moment - seconds[number]) / (seconds[number + 1] - seconds[number])


def _resampled(seconds: Sequence[float], level: float, offset: float) -> list[float]:
    """Seconds of a beat every `level` beats of the map, the first one `offset` beats after its first."""
    counts, last = [], len(seconds) - 1
    number = offset % level if offset % level < level - 1e-6 else 0.0
    while number <= last + 1e-6:
        counts.append(min(number, float(last)))
        number += level
    found = []
    for count in counts:
        before = min(int(count), last - 1)
        found.append(seconds[before] + (count - before) * (seconds[before + 1] - seconds[before]))
    return found


def _even(song_map: SongMap, period: float, through: float) -> list[float]:
    """Beats over the whole song, `period` seconds apart, one of them at the second `through`."""
    first = through % period
    return [first + number * period for number in range(max(int((song_map.duration - first) / period) + 1, 2))]
