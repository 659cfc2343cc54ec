"""The song map: tempo, beats, bars, phrases, sections, energy and breaks of a song, and its JSON.

Standard library only: Blender reads and edits it.
"""

import itertools
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

PHRASE = 4  # bars


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar. start, end: seconds. energy: 0 to 1, loudness and onset strength relative to the song's maximum."""

    start: float
    end: float
    energy: float


@dataclass(frozen=True, slots=True)
class Section:
    """A section of whole bars. start, end: seconds. label: equal for the same music. energy: the mean of its bars'."""

    start: float
    end: float
    label: str
    energy: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a song. start, end: seconds."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class SongMap:
    """The map of a song; times are seconds from the start of the analysed sound.

    tempo: bpm, the median. metre: beats in a bar. beats: (second, number in the bar), ascending. phrases: of four bars,
    or the rest of a section. breaks: bars without the drums of the bars around them. confidence: 0 to 1, of the beats.
    method: how beats were found: network, onsets (used if the network is unsure), neutral (no beat found, 120 bpm) or
    user. Files have it as `heard_by`.
    """

    duration: float
    tempo: float
    metre: int
    beats: tuple[tuple[float, int], ...]
    bars: tuple[Bar, ...] = ()
    sections: tuple[Section, ...] = ()
    breaks: tuple[Stretch, ...] = ()
    confidence: float = 0.0
    method: str = "network"

    @property
    def tempo_curve(self) -> list[tuple[float, float]]:
        """(second, bpm) at each beat except the last: the median over five beats around it."""
        seconds = [second for second, _ in self.beats]
        steps = [after - before for before, after in itertools.pairwise(seconds)]
        near = [median(steps[max(i - 2, 0) : i + 3]) for i in range(len(steps))]
        return [(second, 60.0 / step) for second, step in zip(seconds, near, strict=False)]

    @property
    def phrases(self) -> list[Stretch]:
        """Stretches of four bars, counted from the start of each section."""
        found = []
        for section in self.sections:
            inside = [bar for bar in self.bars if section.start - 1e-6 <= bar.start < section.end - 1e-6]
            groups = (inside[i : i + PHRASE] for i in range(0, len(inside), PHRASE))
            found += [Stretch(group[0].start, group[-1].end) for group in groups]
        return found

    def to_json(self) -> str:
        """The map as JSON, times to a tenth of a millisecond."""
        content = {
            "duration": self.duration,
            "tempo": self.tempo,
            "metre": self.metre,
            "beats": [list(beat) for beat in self.beats],
            "tempo_curve": [list(point) for point in self.tempo_curve],
            "sections": [asdict(section) for section in self.sections],
            "bars": [asdict(bar) for bar in self.bars],
            "phrases": [asdict(phrase) for phrase in self.phrases],
            "breaks": [asdict(stretch) for stretch in self.breaks],
            "confidence": self.confidence,
            "heard_by": self.method,
        }
        return json.dumps(_rounded(content), indent=1, allow_nan=False)


def from_json(text: str) -> SongMap:
    """The inverse of to_json. Raises ValueError."""
    try:
        content = json.loads(text)
        return SongMap(
            duration=float(content["duration"]),
            tempo=float(content["tempo"]),
            metre=int(content["metre"]),
            beats=tuple((float(second), int(number)) for second, number in content["beats"]),
            bars=tuple(Bar(**bar) for bar in content["bars"]),
            sections=tuple(Section(**section) for section in content["sections"]),
            breaks=tuple(Stretch(**stretch) for stretch in content["breaks"]),
            confidence=float(content["confidence"]),
            method=str(content["heard_by"]),
        )
    except (TypeError, KeyError) as error:
        raise ValueError(f"no song map: {error}") from None


def bars_of(beats: Iterable[tuple[float, int]], end: float) -> list[tuple[float, float]]:
    """(start, end) in seconds of every bar that starts in the song; the last ends at the song's end, or before."""
    known = list(beats)
    starts = [second for second, number in known if number == 1]
    if not starts:
        return []
    typical = median([b - a for a, b in itertools.pairwise(starts)]) if len(starts) > 1 else end - starts[0]
    ends = [*starts[1:], max(min(starts[-1] + typical, end), starts[-1])]
    return [(start, stop) for start, stop in zip(starts, ends, strict=True) if stop > start]


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    return value
