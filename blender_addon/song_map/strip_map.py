"""Reads and writes the song map of a strip, and cuts it to the part that a dance needs."""

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import bpy

from .. import compat
from ..edge_backend.errors import EdgeError
from ..edge_backend.schema.requests import BeatsRequest
from ..edge_backend.schema.song_map import Section, SongMap, from_json
from ..edge_backend.schema.song_map_edits import shifted
from ..lookups import scene_rate
from ..music import Song, find_strip, song_of
from .properties import SONG_MAP

_HASHED = 1 << 23
"""Bytes of a file that are hashed, with its size; films may be large."""

_SLACK_S = 0.5
"""Seconds by which a strip may be longer than its map."""


@dataclass(frozen=True, slots=True)
class PlacedMap:
    """A song map in the scene.

    first_frame: at which its second 0 is played. rate: frames per second. library: name of the file from which the
    song's scene is linked, "" if it is not linked.
    """

    song_map: SongMap
    first_frame: float
    rate: float
    library: str = ""

    @property
    def why_locked(self) -> str:
        """Why the map cannot be changed, as a sentence; "" if it can. Blender does not save changes of linked data."""
        if not self.library:
            return ""
        return f"The song is linked from {self.library}: changes of its map would not be saved. Make them in that file."

    def frame(self, second: float) -> float:
        """The frame of the scene at a second of the map."""
        return self.first_frame + second * self.rate

    def second(self, frame: float) -> float:
        """The second of the map at a frame of the scene."""
        return (frame - self.first_frame) / self.rate


def stored(strip: Any) -> Any:
    """The strip's property; its content is empty without a map."""
    return getattr(strip, SONG_MAP)


def read(strip: Any) -> SongMap | None:
    """The strip's map; None without one."""
    item = stored(strip)
    if not item.content:
        return None
    sections = [Section(part.start, part.end, part.label, part.energy) for part in item.sections]
    return replace(_parsed(item.content), sections=tuple(sections))


@lru_cache(maxsize=8)
def _parsed(content: str) -> SongMap:
    return from_json(content)


def write(strip: Any, song_map: SongMap) -> None:
    """Store the map with the strip."""
    item = stored(strip)
    content = json.loads(replace(song_map, sections=()).to_json())
    item.content = json.dumps(content, separators=(",", ":"))
    item.sections.clear()
    for section in song_map.sections:
        part = item.sections.add()
        part.name = uuid.uuid4().hex
        part.start, part.end, part.label, part.energy = section.start, section.end, section.label, section.energy
    item.active = min(item.active, max(len(item.sections) - 1, 0))


def write_detected(strip: Any, part: Mapping[str, Any], song_map: SongMap, correction: BeatsRequest) -> None:
    """Store a new map with the strip, and the data by which `outdated` recognises later changes.

    part: the song_part that was analysed.
    """
    item = stored(strip)
    item.song, item.correction = part["sound"], repr(correction)
    item.start, item.duration = part["start"], part["duration"]
    write(strip, song_map)


def clear(strip: Any) -> None:
    """Remove the strip's map."""
    item = stored(strip)
    item.content = ""
    item.sections.clear()


def sound_hash(strip: Any) -> str:
    """Hash of the strip's sound, packed or in its file; "" if the file is missing."""
    packed = strip.sound.packed_file
    if packed:
        size, head = packed.size, bytes(packed.data)[:_HASHED]
    else:
        path = Path(bpy.path.abspath(strip.sound.filepath, library=strip.sound.library))
        try:
            with path.open("rb") as file:
                size, head = path.stat().st_size, file.read(_HASHED)
        except OSError:
            return ""
    return hashlib.sha256(head + str(size).encode()).hexdigest()


def song_part(strip: Any, owner: bpy.types.Scene) -> dict[str, Any]:
    """The hash of the strip's sound, and start and duration in seconds of what the strip plays of it.

    A take knows its song by them: the file that Blender renders differs with volumes and Blender's version.
    """
    song = song_of(strip, owner, take_packed=False)
    return {"sound": sound_hash(strip), "start": round(song.start, 3), "duration": round(song.duration, 3)}


def placed_map(context: bpy.types.Context) -> PlacedMap | None:
    """The map of the dance's song in the scene; None without one. Fast, because drawing calls it."""
    try:
        strip, owner = find_strip(context, context.scene.edge_dance.music)
        song_map = read(strip)
        if song_map is None:
            return None
        song = song_of(strip, owner, take_packed=False)
    except EdgeError:
        return None
    rate = scene_rate(owner)
    library = Path(owner.library.filepath).name if owner.library else ""
    return PlacedMap(song_map, song.first_frame - (song.start - stored(strip).start) * rate, rate, library)


def outdated(strip: Any, song: Song, correction: BeatsRequest) -> str:
    """Why the strip's map does not match what the strip plays now, as a sentence; "" if it does. Reads no file."""
    item = stored(strip)
    if item.correction != repr(correction):
        return "Tempo, Offset or Bar Begins was changed since."
    moved = song.start < item.start - _SLACK_S or song.start + song.duration > item.start + item.duration + _SLACK_S
    if moved or (compat.is_retimed(strip) and abs(song.duration - item.duration) > _SLACK_S):
        return "The strip plays another part of its song now."
    return ""


def map_for_dance(strip: Any, owner: bpy.types.Scene, correction: BeatsRequest) -> SongMap | None:
    """The strip's map of the part of the song that it plays; None without a map or if it is outdated."""
    song_map = read(strip)
    if song_map is None:
        return None
    song, item = song_of(strip, owner, take_packed=False), stored(strip)
    if outdated(strip, song, correction) or item.song != sound_hash(strip):
        return None
    found = shifted(song_map, song.start - item.start, song.duration)
    return found if len(found.beats) > 1 else None


def write_file(song_map: SongMap | None, folder: Path) -> str:
    """Write the map to a file in the folder, for a request. Returns its path, "" without a map. Raises OSError."""
    if song_map is None:
        return ""
    path = folder / "song_map.json"
    path.write_text(song_map.to_json(), encoding="utf-8")
    return str(path)
