"""Composes songs at random, as notes, with exactly known beats, bars and sections.

They vary in metre, tempo, instruments and form as dance music does; how they sound does not matter.
"""

import itertools
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .grooves import DRUMS, KINDS, Kind, Pattern, draw_kind

Array = NDArray[np.float64]

DRUM_CHANNEL = 9
_DRUM_KEYS = {
    "k": (35, 36),
    "s": (38, 40),
    "h": (42, 42, 44),
    "o": (46,),
    "r": (51, 59),
    "c": (37, 39),
    "p": (54, 56, 60, 61, 62, 63, 64, 69, 70, 75, 76),
}
_KITS = (0, 0, 0, 8, 16, 24, 25, 25, 32, 40, 48)
_CHORD_PROGRAMS = (
    0,
    1,
    2,
    4,
    5,
    6,
    7,
    11,
    12,
    16,
    17,
    18,
    21,
    24,
    25,
    26,
    27,
    28,
    29,
    30,
    48,
    49,
    50,
    51,
    52,
    54,
    61,
    62,
    63,
    80,
    81,
    88,
    89,
    90,
    94,
    104,
    106,
)
_BASS_PROGRAMS = (32, 33, 34, 35, 36, 37, 38, 39, 43, 58)
_LEAD_PROGRAMS = (
    0,
    4,
    9,
    10,
    11,
    12,
    13,
    22,
    24,
    26,
    27,
    29,
    30,
    40,
    41,
    42,
    52,
    53,
    56,
    57,
    59,
    60,
    64,
    65,
    66,
    68,
    71,
    72,
    73,
    74,
    75,
    78,
    79,
    80,
    81,
    82,
    84,
    85,
    87,
    105,
    108,
    110,
)
_STRINGS = (40, 41, 42, 44, 45, 48, 49, 50, 51)
_PIANOS = (0, 1, 2, 3, 4, 6)
_GUITARS = (24, 25, 26, 105, 107)
_GROUPS = {
    2: ((2,), (1, 1)),
    3: ((3,),),
    4: ((2, 2), (4,)),
    5: ((3, 2), (3, 2), (2, 3)),
    6: ((3, 3), (2, 2, 2)),
    7: ((2, 2, 3), (3, 2, 2), (4, 3), (3, 4)),
}
_MAJOR, _MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)


@dataclass(frozen=True)
class Note:
    """A note. Times in seconds; key and velocity as in MIDI."""

    start: float
    end: float
    channel: int
    key: int
    velocity: int


@dataclass(frozen=True)
class Song:
    """A composed song.

    beats: (n, 2) seconds and number in the bar. sections: (start seconds, end seconds, label). programs: MIDI channel
    -> (bank, program).
    """

    kind: str
    metre: int
    beats: Array
    sections: list[tuple[float, float, str]]
    notes: list[Note]
    programs: dict[int, tuple[int, int]]
    notes_on: dict[str, float]
    seconds: float

    def truth(self) -> dict[str, object]:
        """The annotations, as the JSON file beside a song has them."""
        return {
            "kind": self.kind,
            "metre": self.metre,
            "tempo": round(60 / float(np.median(np.diff(self.beats[:, 0]))), 2),
            "beats": [[round(float(second), 4), int(number)] for second, number in self.beats],
            "sections": [[round(start, 4), round(end, 4), label] for start, end, label in self.sections],
            "notes": self.notes_on,
        }


@dataclass
class _Material:
    """The music of all sections with one label: chords, motif and playing styles."""

    groove: Pattern
    roots: list[int]
    chord_style: str
    bass_style: str
    parts: set[str]
    motif: list[tuple[int, int, int]]  # step, length in steps, degree
    energy: float


@dataclass
class _Writer:
    kind: Kind
    rng: np.random.Generator
    times: Array  # of every step, from the first beat on
    notes: list[Note] = field(default_factory=list)
    late: float = 0.0

    def at(self, step: float) -> float:
        return float(np.interp(step, np.arange(len(self.times)), self.times))

    def add(self, step: float, steps: float, channel: int, key: int, velocity: float) -> None:
        start = self.at(step) + float(self.rng.normal(0, self.late))
        end = max(self.at(min(step + steps, len(self.times) - 1)) - 0.01, start + 0.04)
        loud = int(np.clip(velocity + self.rng.normal(0, 5), 10, 127))
        self.notes.append(Note(max(start, 0.0), end, channel, int(np.clip(key, 12, 120)), loud))


def write_song(
    rng: np.random.Generator,
    name: str | None = None,
    seconds: tuple[float, float] = (25, 50),
    *,
    alike: bool = False,
) -> Song:
    """Compose a song of about `seconds` (range) of a kind, None = drawn at random.

    alike: sections differ in chords and melody only.
    """
    name = name or draw_kind(rng)
    kind = KINDS[name]
    bpm = float(np.exp(rng.uniform(*np.log(kind.tempo))))
    bar_s = kind.metre * 60 / bpm
    form = _form(rng, max(6, round(rng.uniform(*seconds) / bar_s)), bar_s)
    bars = sum(count for _, count in form)
    pickup = int(rng.integers(1, kind.metre)) if rng.random() < 0.3 else 0
    beat_times, how = _beat_times(rng, kind, bpm, bars * kind.metre + pickup)
    lead = float(rng.uniform(0.1, 2.2)) if rng.random() < 0.6 else 0.05
    beat_times += lead
    writer = _Writer(kind, rng, _step_times(rng, kind, beat_times), late=float(rng.uniform(0, 0.008)))
    programs = _programs(rng, name, kind)
    sections = _write(rng, writer, form, pickup * kind.steps, alike=alike)
    beats = np.column_stack([beat_times[:-1], (np.arange(len(beat_times) - 1) - pickup) % kind.metre + 1])
    end = float(beat_times[-1])
    how |= {"lead": round(lead, 3), "pickup": pickup}
    return Song(name, kind.metre, beats, sections, writer.notes, programs, how, end + float(rng.uniform(0.3, 2.0)))


def _form(rng: np.random.Generator, bars: int, bar_s: float) -> list[tuple[str, int]]:
    """Sections as (label, bars): an intro, then A, B and C in turn, breaks and an ending now and then."""
    size = int(rng.choice([4, 8])) if bar_s < 3 else 4
    form = [("I", int(rng.choice([1, 2, 4])))] if rng.random() < 0.85 else []
    label = "A"
    while sum(count for _, count in form) < bars:
        long = size * int(rng.choice([1, 1, 2]))
        form.append((label, long))
        if rng.random() < 0.12:
            form.append(("R", size // 2 if rng.random() < 0.5 else size))
        label = str(rng.choice({"A": ["A", "B", "B", "B"], "B": ["A", "A", "A", "C"], "C": ["A", "B"]}[label]))
    return [*form, ("E", int(rng.choice([1, 2])))] if rng.random() < 0.35 else form


def _beat_times(rng: np.random.Generator, kind: Kind, bpm: float, count: int) -> tuple[Array, dict[str, float]]:
    """Seconds of count + 1 beats from 0: steady, sped up, slowed down, with a jump of tempo, or freely."""
    progress = np.linspace(0, 1, count)
    ramp = float(rng.choice([-0.2, 0.15, 0.25])) if rng.random() < 0.2 else 0.0
    jump = float(rng.choice([-0.2, 0.2, 0.3])) if rng.random() < 0.12 else 0.0
    rubato = kind.rubato * float(rng.uniform(0.3, 1.0)) if rng.random() < 0.8 else 0.0
    tempo = bpm * (1 + ramp * progress) * np.where(progress > rng.uniform(0.3, 0.7), 1 + jump, 1.0)
    drift = np.convolve(rng.normal(0, 1, count + 8), np.ones(9) / 3, "valid") if rubato else np.zeros(count)
    periods = 60 / tempo * (1 + rubato * drift + rng.normal(0, 0.004, count))
    return np.concatenate([[0.0], np.cumsum(periods)]), {"ramp": ramp, "jump": jump, "rubato": round(rubato, 3)}


def _step_times(rng: np.random.Generator, kind: Kind, beats: Array) -> Array:
    steps = np.interp(np.arange((len(beats) - 1) * kind.steps + 1) / kind.steps, np.arange(len(beats)), beats)
    if kind.steps == 4 and rng.random() < 0.2:  # swung sixteenths or eighths
        share = float(rng.uniform(0.1, 0.3))
        if rng.random() < 0.5:
            steps[2:-1:4] += share * (steps[3::4] - steps[2:-1:4])
        else:
            steps[1:-1:2] += share * (steps[2::2] - steps[1:-1:2])
    return steps


def _programs(rng: np.random.Generator, name: str, kind: Kind) -> dict[int, tuple[int, int]]:
    families: dict[str, tuple[int, ...]] = {"piano": _PIANOS, "strings": _STRINGS, "guitar": _GUITARS, "chip": (80, 81)}
    family = next((programs for key, programs in families.items() if name.startswith(key)), None)
    chord = int(rng.choice(family or _CHORD_PROGRAMS))
    bass = chord if family and not kind.grooves else int(rng.choice(_BASS_PROGRAMS))
    lead = int(rng.choice(family or _LEAD_PROGRAMS)) if not (family and family is _PIANOS) else chord
    pad = int(rng.choice((48, 49, 50, 51, 52, 88, 89, 91, 94, 95)))
    return {0: (0, chord), 1: (0, bass), 2: (0, lead), 3: (0, pad), DRUM_CHANNEL: (128, int(rng.choice(_KITS)))}


def _write(
    rng: np.random.Generator, writer: _Writer, form: list[tuple[str, int]], first: int, *, alike: bool
) -> list[tuple[float, float, str]]:
    """Write the notes of all sections. Returns the sections as (start seconds, end seconds, label)."""
    kind = writer.kind
    bar = kind.metre * kind.steps
    key, scale = int(rng.integers(0, 12)), _MAJOR if rng.random() < 0.5 else _MINOR
    materials: dict[str, _Material] = {}
    base = _material(rng, kind, None)
    sections, step = [], first
    drum_key = {part: int(rng.choice(keys)) for part, keys in _DRUM_KEYS.items()}
    loudness = float(rng.uniform(75, 110))
    if first and rng.random() < 0.8:
        _pickup(writer, first, key, scale, loudness)
    groups = _GROUPS[kind.metre][rng.integers(len(_GROUPS[kind.metre]))]
    tone = _Tone(groups, (key, scale), drum_key, loudness)
    for index, (label, bars) in enumerate(form):
        if label not in materials:
            material = _material(rng, kind, base, label)
            materials[label] = _arranged_as(base, material, label) if alike else material
        material = materials[label]
        for number in range(bars):
            start = step + number * bar
            last = number == bars - 1 and label != "E"
            _bar(writer, material, _Place(start, number, last), tone)
        if "drums" in material.parts and index and rng.random() < 0.5:
            writer.add(step, kind.steps, DRUM_CHANNEL, int(rng.choice([49, 57, 55])), loudness + 5)
        sections.append((writer.at(step), writer.at(step + bars * bar), label))
        step += bars * bar
    return sections


def _material(rng: np.random.Generator, kind: Kind, base: _Material | None, label: str = "A") -> _Material:
    drums = bool(kind.grooves)
    groove = _mutated(rng, DRUMS[str(rng.choice(kind.grooves))]) if drums else {}
    if base is not None and drums and rng.random() < 0.6:
        groove = _mutated(rng, base.groove)
    roots = [int(r) for r in rng.choice([0, 0, 3, 4, 5, 5, 2, 1], 4)]
    roots[0] = 0 if rng.random() < 0.6 else roots[0]
    if rng.random() < 0.25:
        roots = [r for r in roots[:2] for _ in range(2)]
    parts = {
        part for part, chance in (("chords", 0.9), ("bass", 0.85), ("lead", 0.6), ("pad", 0.3)) if rng.random() < chance
    }
    if drums:
        parts |= {"drums"} if rng.random() < 0.95 else set()
    else:
        parts |= {"chords"}
    if label == "I":
        parts -= {str(part) for part in rng.choice(["lead", "chords", "bass", "drums"], int(rng.integers(0, 3)))}
    if label == "R":
        parts = (parts | {"chords"}) - {"drums"}
    if label == "E":
        parts = {"chords", "bass", *(("drums",) if drums and rng.random() < 0.5 else ())}
    if not parts & {"chords", "bass", "drums"}:
        parts |= {"drums"} if drums else {"chords"}
    motif, step, length = [], 0, kind.metre * kind.steps * int(rng.choice([1, 2]))
    while step < length:
        long = int(rng.choice([1, 2, kind.steps, kind.steps, kind.steps * 2]))
        if rng.random() < 0.8:
            motif.append((step, long, int(rng.integers(-3, 8))))
        step += long
    return _Material(
        groove,
        roots,
        str(rng.choice(kind.chords)),
        str(rng.choice(kind.bass)),
        parts,
        motif,
        float(rng.uniform(0.7, 0.9) if label in "IRE" else rng.uniform(0.8, 1.05)),
    )


def _arranged_as(base: _Material, material: _Material, label: str) -> _Material:
    """The material's chords and melody with the base's playing styles; intros, breaks and endings are not changed."""
    parts = material.parts & (base.parts | {"chords"}) if label in "IRE" else base.parts
    return replace(
        material,
        groove=base.groove,
        chord_style=base.chord_style,
        bass_style=base.bass_style,
        parts=parts or base.parts,
        energy=material.energy if label in "IRE" else base.energy,
    )


def _mutated(rng: np.random.Generator, groove: Pattern) -> Pattern:
    """The groove with some strokes added or removed, and sometimes without one of its parts."""
    out = {}
    for part, pattern in groove.items():
        marks = list(pattern)
        for _ in range(int(rng.integers(0, 3)) if part in "kshpc" and rng.random() < 0.6 else 0):
            place = int(rng.integers(1, len(marks)))
            if not marks[place].isupper():
                marks[place] = "." if marks[place] != "." else part
        if len(groove) == 1 or part == "k" or rng.random() < 0.88:
            out[part] = "".join(marks)
    return out or groove


def _pickup(writer: _Writer, steps: int, key: int, scale: tuple[int, ...], loudness: float) -> None:
    """Notes or strokes before the first bar, one a beat or one an eighth."""
    rng, apart = writer.rng, int(writer.rng.choice([writer.kind.steps, max(writer.kind.steps // 2, 1)]))
    drums = bool(writer.kind.grooves) and rng.random() < 0.4
    for step in range(0, steps, apart):
        if drums:
            writer.add(step, 1, DRUM_CHANNEL, int(rng.choice([38, 42, 45, 37])), loudness - 10)
        else:
            writer.add(step, apart, 2, 60 + key % 12 + scale[int(rng.integers(7))], loudness - 8)


@dataclass(frozen=True)
class _Place:
    """The position of a bar: its first step, its number in the section, whether it is the section's last."""

    start: int
    number: int
    last: bool


@dataclass(frozen=True)
class _Tone:
    """Parameters of all bars of a song."""

    groups: tuple[int, ...]
    tonality: tuple[int, tuple[int, ...]]
    drum_key: dict[str, int]
    loudness: float


def _bar(writer: _Writer, material: _Material, place: _Place, tone: _Tone) -> None:
    kind, start = writer.kind, place.start
    bar, level = kind.metre * kind.steps, tone.loudness * material.energy
    root = material.roots[place.number % len(material.roots)]
    if "drums" in material.parts:
        _drums(writer, material.groove, place, tone.drum_key, level)
    if "bass" in material.parts:
        for step, long, degree in _bass(writer.rng, kind, material.bass_style, tone.groups):
            accent = 6 if step == 0 else 0
            writer.add(start + step, long, 1, _key(tone.tonality, root + degree, 36), level - 5 + accent)
    if "chords" in material.parts:
        keys = [_key(tone.tonality, root + degree, 52) for degree in (0, 2, 4)]
        _chords(writer, material, (start, tone.groups), keys, level - 18)
    if "pad" in material.parts:
        for degree in (0, 2, 4):
            writer.add(start, bar, 3, _key(tone.tonality, root + degree, 60), level - 30)
    if "lead" in material.parts:
        length = bar * (1 + max((step for step, _, _ in material.motif), default=0) // bar)
        for step, long, degree in material.motif:
            if (place.number * bar) % length == (step // bar) * bar:
                key = _key(tone.tonality, root + degree, 64)
                writer.add(start + step % bar, long, 2, key, level - 8 + (5 if step % bar == 0 else 0))


def _drums(writer: _Writer, groove: Pattern, place: _Place, drum_key: dict[str, int], level: float) -> None:
    """A bar of the groove; in the last bar of a section often with a fill on its last beat."""
    rng, kind = writer.rng, writer.kind
    bar = kind.metre * kind.steps
    fill = place.last and rng.random() < 0.6
    for part, pattern in groove.items():
        for step in range(bar - (kind.steps if fill and part != "k" else 0)):
            if (mark := pattern[(place.number * bar + step) % len(pattern)]) != ".":
                loud = level * (1.1 if mark.isupper() else 0.8)
                writer.add(place.start + step, 1, DRUM_CHANNEL, drum_key[part], loud)
    for step in range(bar - kind.steps, bar) if fill else ():
        if rng.random() < 0.7:
            writer.add(place.start + step, 1, DRUM_CHANNEL, int(rng.choice([38, 45, 47, 48, 50])), level)


def _key(tonality: tuple[int, tuple[int, ...]], degree: int, lowest: int) -> int:
    key, scale = tonality
    return lowest + (key - lowest) % 12 + scale[degree % 7] + 12 * (degree // 7)


def _group_starts(kind: Kind, groups: tuple[int, ...]) -> list[tuple[int, int]]:
    """(step, steps) of the groups of beats in a bar."""
    starts = np.cumsum((0, *groups))
    return [(int(a) * kind.steps, int(b - a) * kind.steps) for a, b in itertools.pairwise(starts)]


def _bass(rng: np.random.Generator, kind: Kind, style: str, groups: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """(step, steps, degree above the root) of a bar."""
    bar, beat = kind.metre * kind.steps, kind.steps
    half = max(beat // 2, 1)
    grouped = [(step, long, 0) for step, long in _group_starts(kind, groups)]
    styles = {
        "roots": [(0, bar, 0)],
        "groups": grouped,
        "fifths": [(step, long, 4 * (i % 2)) for i, (step, long, _) in enumerate(_halved(grouped, beat))],
        "eighths": [(s, half, 0) for s in range(0, bar, half)],
        "sixteenths": [(s, 1, 0) for s in range(bar) if s % beat],
        "offbeat": [(s + half, half, 0) for s in range(0, bar, beat)],
        "octaves": [(s, half, 7 * ((s // half) % 2)) for s in range(0, bar, half)],
        "walking": [(s, beat, int(rng.choice([0, 2, 4, 6, 1]) if s else 0)) for s in range(0, bar, beat)],
        "tresillo": [(s, 3, 0) for s in range(0, bar - 1, 3) if s % 8 in (0, 3, 6)] if beat == 4 else grouped,
        "bossa": [(s + p, q, d) for s in range(0, bar, 8) for p, q, d in ((0, 6, 0), (6, 2, 4))]
        if beat == 4
        else grouped,
        "syncopated": [
            (0, beat, 0),
            *((s, 2, int(rng.choice([0, 0, 4]))) for s in range(beat, bar) if rng.random() < 0.25),
        ],
    }
    return styles[style]


def _halved(groups: list[tuple[int, int, int]], beat: int) -> list[tuple[int, int, int]]:
    """The groups, with those of two beats or more split in two."""
    out = []
    for step, long, degree in groups:
        first = long // beat // 2 * beat
        out += [(step, first, degree), (step + first, long - first, degree)] if first else [(step, long, degree)]
    return out


def _chords(
    writer: _Writer, material: _Material, place: tuple[int, tuple[int, ...]], keys: list[int], level: float
) -> None:
    start, groups = place
    rng, kind = writer.rng, writer.kind
    bar, beat = kind.metre * kind.steps, kind.steps
    half = max(beat // 2, 1)
    if material.chord_style in ("arpeggio", "stride"):
        _arpeggio(writer, start, material.chord_style, keys, level)
        return
    starts = _group_starts(kind, groups)
    places = {
        "held": [(0, bar)],
        "offbeats": [(s + half, half) for s in range(0, bar, beat)],
        "strum": [(s, half) for s in range(0, bar, half)],
        "chug": [(s, half) for s in range(0, bar, half)],
        "groups": starts,
        "marcato": [(s, beat) for s in range(0, bar, beat)],
        "oompah": [(s, half) for group, long in starts for s in range(group + beat, group + long, beat)]
        or [(s + half, half) for s in range(0, bar, beat)],
        "stabs": [(s, 1) for s, _ in starts],
        "syncopated": _syncopation(material, bar, beat),
    }[material.chord_style]
    for step, long in places:
        accent = 8 if step == 0 else 0
        for key in keys:
            writer.add(start + step, long, 0, key, level + accent + float(rng.normal(0, 2)))


def _syncopation(material: _Material, bar: int, beat: int) -> list[tuple[int, int]]:
    """(step, steps) of the section's own rhythm, the same in every bar."""
    rng = np.random.default_rng(abs(hash(tuple(material.roots))) % 2**32)
    steps = [s for s in range(bar) if rng.random() < (0.45 if s % beat else 0.3)] or [0]
    return [(s, 2) for s in steps]


def _arpeggio(writer: _Writer, start: int, style: str, keys: list[int], level: float) -> None:
    kind = writer.kind
    bar, beat = kind.metre * kind.steps, kind.steps
    if style == "stride":
        for step in range(0, bar, beat):
            low = (step // beat) % 2 == 0
            for key in [keys[0] - 12] if low else keys:
                writer.add(start + step, beat, 0, key, level + 10 * low)
        return
    order, apart = (
        [keys[0] - 12, *keys, keys[0] + 12],
        1 if beat == 3 or writer.rng.random() < 0.2 else max(beat // 2, 1),
    )
    for count, step in enumerate(range(0, bar, apart)):
        up_down = [0, 2, 3, 4, 3, 2]
        writer.add(start + step, apart, 0, order[up_down[count % 6] if count else 0], level + (10 if not step else 0))
