"""The scene's song: which sound strip it is, and which part of which file it plays from which frame on."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from . import compat
from .edge_backend.errors import EdgeError


@dataclass(frozen=True, slots=True)
class Song:
    """What a sound strip plays.

    path: the file; for a packed sound where it once was. packed: that sound's bytes, where they were asked for.
    start, duration: seconds in it. first_frame: the scene's frame where `start` sounds.
    """

    path: Path
    packed: bytes | None
    start: float
    duration: float
    first_frame: float

    def file(self, folder: Path) -> Path:
        """A file that the backend can read: the song's own, or the packed sound written to `folder`.

        Raises EdgeError music_missing, disk_full.
        """
        if self.packed is not None:
            copy = folder / f"song{self.path.suffix}"
            copy.write_bytes(self.packed)
            return copy
        if not self.path.is_file():
            raise EdgeError(
                "music_missing", f"The song's file is not there: {self.path}.", "Choose it anew with Add Music."
            )
        return self.path


def find_strip(context: bpy.types.Context, chosen: str = "") -> tuple[Any, bpy.types.Scene]:
    """The sound strip to dance to, and its scene: the chosen one, else the active one, else the only one.

    chosen: a strip's name, or nothing. Raises EdgeError music_none, music_ambiguous.
    """
    scenes = compat.sequencer_scenes(context)
    found = [(strip, scene) for scene in scenes for strip in compat.all_strips(scene) if strip.type == "SOUND"]
    for strip, scene in found:
        if strip.name == chosen:
            return strip, scene
    for scene in scenes:
        active = scene.sequence_editor.active_strip if scene.sequence_editor else None
        if active and active.type == "SOUND":
            return active, scene
    if len(found) == 1:
        return found[0]
    if found:
        raise EdgeError("music_ambiguous", f"There are {len(found)} sound strips.", "Choose one as Music.")
    raise EdgeError("music_none", "There is no music in the sequencer.", "Add a song with Add Music.")


def song_of(strip: Any, scene: bpy.types.Scene, take_packed: bool = True) -> Song:
    """What the strip plays, its trim and offset and the scene's frame rate honoured.

    take_packed: with a packed sound's bytes, which are copied: not for what is asked at every redraw. Raises EdgeError
    music_retimed, music_silent_strip.
    """
    if compat.is_retimed(strip):
        raise EdgeError(
            "music_retimed",
            f"The strip {strip.name} is retimed, so its beats are not where the song's file has them.",
            "Reset its retiming, or render the audio and dance to that file.",
        )
    frames = compat.strip_frames(strip)
    first, end = max(frames.first, frames.content_first), min(frames.end, frames.content_end)
    if end <= first:
        raise EdgeError("music_silent_strip", f"The strip {strip.name} plays nothing of its song.", "Trim it anew.")
    rate = scene.render.fps / scene.render.fps_base
    offset = getattr(strip, "sound_offset", 0.0)  # seconds by which the strip plays later
    sound = strip.sound
    return Song(
        path=Path(os.path.normpath(bpy.path.abspath(sound.filepath, library=sound.library))),
        packed=bytes(sound.packed_file.data) if take_packed and sound.packed_file else None,
        start=max(0.0, (first - frames.content_first) / rate - offset),
        duration=(end - first) / rate,
        first_frame=first,
    )


def add_song(context: bpy.types.Context, path: Path, frame: int) -> Any:
    """Put a sound strip with the file on a free channel, starting at `frame`, and let playback follow the sound.

    Raises EdgeError music_missing, music_unreadable.
    """
    if not path.is_file():
        raise EdgeError("music_missing", f"There is no file at {path}.", "Choose a song.")
    scene: Any = context.scene
    taken = {strip.channel for strip in compat.all_strips(scene)}
    channel = next(number for number in range(1, len(taken) + 2) if number not in taken)
    try:
        strip = compat.new_sound_strip(context, str(path), path.stem, channel, frame)
    except RuntimeError as error:
        raise EdgeError(
            "music_unreadable", f"Blender cannot play {path.name}: {str(error).strip()}.", "Choose another file."
        ) from error
    scene.sync_mode = "AUDIO_SYNC"
    scene.use_audio_scrub = True
    scene.frame_end = max(scene.frame_end, int(compat.strip_frames(strip).end) - 1)
    return strip
