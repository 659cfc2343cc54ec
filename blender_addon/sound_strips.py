"""The sound strips of a scene: when each is audible, why it is not, and which strips are parts of one song."""

import math
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from . import compat
from .lookups import by_session_uid, scene_rate

_NEAR = 0.01  # frames; frames closer than this are equal


@dataclass(frozen=True, slots=True)
class SoundStrip:
    """A sound strip, in frames of its scene.

    first, end: the audible range: inside the meta strips that contain it, and where its file has sound. zero: the frame
    of the file's first sample, trimmed or not. silence: the reason why the strip is not audible, "" if it is.
    """

    strip: Any
    scene: bpy.types.Scene
    first: float
    end: float
    zero: float
    silence: str

    @property
    def name(self) -> str:
        """The strip's name."""
        return str(self.strip.name)

    @property
    def path(self) -> Path:
        """The sound's file; of a packed sound, the file that was packed."""
        sound = self.strip.sound
        return Path(os.path.normpath(bpy.path.abspath(sound.filepath, library=sound.library)))

    def goes_on_in(self, other: "SoundStrip") -> bool:
        """Whether the other strip continues this one without a gap, as the two halves of a strip that was cut do."""
        if abs(self.end - other.first) > _NEAR or abs(self.zero - other.zero) > _NEAR:
            return False
        if self.end <= self.first or other.end <= other.first:  # not audible
            return False
        retimed = compat.is_retimed(self.strip) or compat.is_retimed(other.strip)
        return self.scene == other.scene and self.path == other.path and not retimed


@dataclass(frozen=True, slots=True)
class StripReference:
    """A sound strip that is found again after the user has renamed or moved it; strips have no session_uid.

    scene, sound: session_uids of the strip's scene and sound. name, first, zero: as of SoundStrip.
    """

    scene: int
    sound: int
    name: str
    first: float
    zero: float

    def find(self) -> SoundStrip | None:
        """The strip with the sound and the name, else the one with the sound at the same place; None without one."""
        scene = by_session_uid(bpy.data.scenes, self.scene)
        pieces = sound_strips(scene) if scene else []
        same = [piece for piece in pieces if piece.strip.sound.session_uid == self.sound]
        named = (piece for piece in same if piece.name == self.name)
        return next(named, None) or next(filter(self._at_its_place, same), None)

    def _at_its_place(self, piece: SoundStrip) -> bool:
        return abs(piece.first - self.first) <= _NEAR and abs(piece.zero - self.zero) <= _NEAR


def reference_to(strip: Any, scene: bpy.types.Scene) -> StripReference:
    """A reference to a sound strip of the scene."""
    piece = next(piece for piece in sound_strips(scene) if piece.strip == strip)
    return StripReference(scene.session_uid, strip.sound.session_uid, piece.name, piece.first, piece.zero)


def sound_strips(scene: bpy.types.Scene) -> list[SoundStrip]:
    """All sound strips of the scene's sequencer, including those in meta strips."""
    editor: Any = scene.sequence_editor
    return list(_inside(editor, scene, -math.inf, math.inf, "")) if editor else []


def whole_song(piece: SoundStrip, pieces: Sequence[SoundStrip]) -> list[SoundStrip]:
    """The strips of the song that the piece is part of, in their order: those before and after it that continue it."""
    song = [piece]
    while before := next((other for other in pieces if other.goes_on_in(song[0])), None):
        song.insert(0, before)
    while after := next((other for other in pieces if song[-1].goes_on_in(other)), None):
        song.append(after)
    return song


def song_starts(pieces: Sequence[SoundStrip]) -> list[SoundStrip]:
    """The first strip of each song."""
    beginning = defaultdict(list)
    for piece in pieces:
        beginning[round(piece.first)].append(piece)
    follow = (other for piece in pieces for other in beginning[round(piece.end)] if piece.goes_on_in(other))
    later = {piece.strip.as_pointer() for piece in follow}
    return [piece for piece in pieces if piece.strip.as_pointer() not in later]


def _inside(owner: Any, scene: bpy.types.Scene, first: float, end: float, silence: str) -> Iterator[SoundStrip]:
    """Sound strips in a sequence editor or a meta strip, of which the frames from `first` to `end` are played."""
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
        if compat.is_retimed(strip):  # only Blender knows where the file's samples play
            zero, file_end = begin, stop
        yield SoundStrip(strip, scene, max(begin, zero), min(stop, file_end), zero, why)


def _silence(strip: Any, owner: Any, scene: bpy.types.Scene) -> str:
    """The reason why a strip of this sequence editor or meta strip is not audible, "" if it is."""
    if strip.mute:
        return f"{strip.name} is muted"
    if owner.channels[strip.channel].mute:
        return f"the channel of {strip.name} is muted"
    if getattr(strip, "volume", 1.0) == 0 and not compat.is_animated(scene, strip.path_from_id("volume")):
        return f"the volume of {strip.name} is 0"
    return ""
