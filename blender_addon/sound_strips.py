"""The sound strips of a scene: when each is heard, why one is not, and which of them are pieces of one song."""

import math
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from . import compat
from .lookups import scene_rate

_NEAR = 0.01  # frames; what lies closer together is at the same place


@dataclass(frozen=True, slots=True)
class SoundStrip:
    """A sound strip, in frames of its scene.

    first, end: from where to where it is heard: inside the meta strips that it lies in, and where its file has sound.
    zero: where its file's first sample is or would be heard. silence: why nothing is heard of it, "" where it is.
    """

    strip: Any
    scene: bpy.types.Scene
    first: float
    end: float
    zero: float
    silence: str

    @property
    def name(self) -> str:
        """The strip's."""
        return str(self.strip.name)

    @property
    def path(self) -> Path:
        """Its file's; for a packed sound where it once was."""
        sound = self.strip.sound
        return Path(os.path.normpath(bpy.path.abspath(sound.filepath, library=sound.library)))

    def goes_on_in(self, other: "SoundStrip") -> bool:
        """Whether the other strip plays on where this one ends, as the two halves of a strip that was cut do."""
        if abs(self.end - other.first) > _NEAR or abs(self.zero - other.zero) > _NEAR:
            return False
        if self.end <= self.first or other.end <= other.first:  # nothing is heard of it
            return False
        retimed = compat.is_retimed(self.strip) or compat.is_retimed(other.strip)
        return self.scene == other.scene and self.path == other.path and not retimed


def sound_strips(scene: bpy.types.Scene) -> list[SoundStrip]:
    """Every sound strip of the scene's sequencer, those in meta strips too."""
    editor: Any = scene.sequence_editor
    return list(_inside(editor, scene, -math.inf, math.inf, "")) if editor else []


def whole_song(piece: SoundStrip, pieces: Sequence[SoundStrip]) -> tuple[float, float]:
    """The first frame and the end of the song that the piece is a part of, through those that lead to it and on."""
    first, last = piece, piece
    while before := next((other for other in pieces if other.goes_on_in(first)), None):
        first = before
    while after := next((other for other in pieces if last.goes_on_in(other)), None):
        last = after
    return first.first, last.end


def song_starts(pieces: Sequence[SoundStrip]) -> list[SoundStrip]:
    """The first piece of each song."""
    beginning = defaultdict(list)
    for piece in pieces:
        beginning[round(piece.first)].append(piece)
    follow = (other for piece in pieces for other in beginning[round(piece.end)] if piece.goes_on_in(other))
    later = {piece.strip.as_pointer() for piece in follow}
    return [piece for piece in pieces if piece.strip.as_pointer() not in later]


def _inside(owner: Any, scene: bpy.types.Scene, first: float, end: float, silence: str) -> Iterator[SoundStrip]:
    """Those in a sequence editor or a meta strip, of which the frames from first to end are heard."""
    for strip in compat.strips_in(owner):
        if strip.type not in ("SOUND", "META") or (strip.type == "SOUND" and strip.sound is None):
            continue
        frames = compat.strip_frames(strip)
        begin, stop = max(first, frames.first), min(end, frames.end)
        why = silence or _silence(strip, owner, scene)
        if strip.type == "META":
            yield from _inside(strip, scene, begin, stop, why)
            continue
        later = compat.sound_offset(strip) * scene_rate(scene)
        zero, file_end = frames.content_first + later, frames.content_end + later
        yield SoundStrip(strip, scene, max(begin, zero), min(stop, file_end), zero, why)


def _silence(strip: Any, owner: Any, scene: bpy.types.Scene) -> str:
    """Why nothing is heard of a strip in its sequence editor or meta strip."""
    if strip.mute:
        return f"{strip.name} is muted"
    if owner.channels[strip.channel].mute:
        return f"the channel of {strip.name} is muted"
    if getattr(strip, "volume", 1.0) == 0 and not compat.is_animated(scene, strip.path_from_id("volume")):
        return f"the volume of {strip.name} is 0"
    return ""
