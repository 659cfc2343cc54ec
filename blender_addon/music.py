"""The scene's song: its sound strip, the part of the file that is played, and the frame at which it starts."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy

from . import compat
from .edge_backend.errors import EdgeError
from .edge_backend.errors.from_exception import explain
from .lookups import scene_rate
from .sound_render import render
from .sound_strips import SoundStrip, song_starts, sound_strips, whole_song


@dataclass(frozen=True, slots=True)
class Song:
    """The part of a sound file that a strip plays.

    path: the file, which Blender may have rendered; of a packed sound, the file that was packed. name: that of the
    song's own file, rendered or not. packed: the bytes of a packed sound, where they were asked for. start, duration:
    seconds in the file. first_frame: the frame of the scene at which `start` is played.
    """

    path: Path
    name: str
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
                "music_missing", f"The song's file does not exist: {self.path}.", "Choose it again with Add Music."
            )
        return self.path


def find_strip(context: bpy.types.Context, chosen: str = "") -> tuple[Any, bpy.types.Scene]:
    """The sound strip to dance to, and its scene.

    It is the strip that song_names calls `chosen`, else the only audible song, else the active strip. Where a chosen
    strip no longer exists and there are several songs, none is guessed. Raises EdgeError music_none, music_in_scene,
    music_ambiguous, music_gone, music_no_sound, music_unheard.
    """
    scenes = compat.sequencer_scenes(context)
    found = list(_named_strips(context))
    if chosen:
        for name, piece in found:
            if name == chosen:
                return piece.strip, piece.scene
        _refuse_without_sound(scenes, chosen)
    audible = [piece for _, piece in found if not piece.silence]
    songs = song_starts(audible)
    if not songs:
        raise _inaudible(found[0][1]) if found else _no_music(scenes)
    if len(songs) == 1:
        return songs[0].strip, songs[0].scene
    if chosen:
        raise EdgeError("music_gone", f"There is no strip {chosen} any more.", "Choose another one as Music.")
    active = [scene.sequence_editor.active_strip for scene in scenes if scene.sequence_editor]
    for piece in audible:
        if piece.strip in active:
            return piece.strip, piece.scene
    raise EdgeError("music_ambiguous", f"There are {len(songs)} songs in the sequencer.", "Choose one as Music.")


def song_names(context: bpy.types.Context) -> list[str]:
    """Names of the sound strips to choose from, one for each audible song, no two the same.

    A strip of another scene that is called like one before it has that scene's name behind its own.
    """
    audible = [(name, piece) for name, piece in _named_strips(context) if not piece.silence]
    songs = {piece.strip.as_pointer() for piece in song_starts([piece for _, piece in audible])}
    return [name for name, piece in audible if piece.strip.as_pointer() in songs]


def _named_strips(context: bpy.types.Context) -> Iterator[tuple[str, SoundStrip]]:
    """All sound strips of the scenes that may be meant, each with a name of its own."""
    taken: set[str] = set()
    for scene in compat.sequencer_scenes(context):
        pieces = sound_strips(scene)
        for piece in pieces:
            yield (f"{piece.name} ({scene.name})" if piece.name in taken else piece.name), piece
        taken.update(piece.name for piece in pieces)


def song_of(strip: Any, scene: bpy.types.Scene, take_packed: bool = True) -> Song:
    """The part of the song that the strip plays, including strips that continue it without a gap.

    Trims, offsets and the scene's frame rate are taken into account. take_packed: copy the bytes of a packed sound;
    False for what is asked at every redraw. `start` of a retimed strip means nothing: use rendered_song. Raises
    EdgeError music_unheard, music_no_length, music_silent_strip.
    """
    pieces = _pieces(strip, scene)
    frames = compat.strip_frames(strip)
    if frames.content_end - frames.content_first <= 1:
        raise EdgeError(
            "music_no_length",
            f"The strip {strip.name} is one frame long: its file is not there or does not say how long it is.",
            "Add the song again with Add Music, or convert it to wav first.",
        )
    first, end = pieces[0].first, pieces[-1].end
    if end <= first:
        raise EdgeError("music_silent_strip", f"The strip {strip.name} plays nothing of its song.", "Change its trim.")
    rate = scene_rate(scene)
    packed = strip.sound.packed_file
    return Song(
        path=pieces[0].path,
        name=pieces[0].path.name,
        packed=bytes(packed.data) if take_packed and packed else None,
        start=(first - pieces[0].zero) / rate,
        duration=(end - first) / rate,
        first_frame=first,
    )


def rendered_song(strip: Any, scene: bpy.types.Scene, everything: bool = False) -> Song:
    """The song as Blender plays it, in a file that Blender renders; if it cannot, the strip's own file.

    everything: with all else that plays at the same time. Blender waits, about 0.1 s for each minute, the first time.
    Raises EdgeError as song_of, music_retimed, disk_full.
    """
    song, pieces = song_of(strip, scene), _pieces(strip, scene)
    try:
        done = render(pieces, song.first_frame, pieces[-1].end, not everything, song.path.stem)
    except OSError as error:
        raise explain(error) from error
    if done:
        start = (song.first_frame - done.first_frame) / scene_rate(scene)
        return replace(song, path=done.path, packed=None, start=start)
    if compat.is_retimed(strip):
        raise EdgeError(
            "music_retimed",
            f"The strip {strip.name} is retimed, and this Blender cannot render what it plays.",
            "Reset its retiming, or render the audio and dance to that file.",
        )
    return song


def _pieces(strip: Any, scene: bpy.types.Scene) -> list[SoundStrip]:
    """The strips of the song that this strip is part of. Raises EdgeError music_unheard."""
    pieces = sound_strips(scene)
    piece = next(piece for piece in pieces if piece.strip == strip)
    if piece.silence:
        raise _inaudible(piece)
    return whole_song(piece, [piece for piece in pieces if not piece.silence])


def _inaudible(piece: SoundStrip) -> EdgeError:
    return EdgeError(
        "music_unheard",
        f"The sound strip {piece.name} is not audible: {piece.silence}.",
        "Make it audible, or choose another one as Music.",
    )


def _refuse_without_sound(scenes: Sequence[bpy.types.Scene], name: str) -> None:
    """Raise EdgeError music_in_scene or music_no_sound if a strip with this name exists and is not a sound strip."""
    for strip in (strip for scene in scenes for strip in compat.all_strips(scene) if strip.name == name):
        if strip.type == "SCENE" and strip.scene:
            raise _in_scene(strip.scene)
        raise EdgeError(
            "music_no_sound",
            f"The strip {name} is no sound strip, and plays no sound.",
            "Choose a sound strip as Music; Add Music makes one of a movie's sound.",
        )


def _no_music(scenes: Sequence[bpy.types.Scene]) -> EdgeError:
    for strip in (strip for scene in scenes for strip in compat.all_strips(scene)):
        if strip.type == "SCENE" and strip.scene and sound_strips(strip.scene):
            return _in_scene(strip.scene)
    return EdgeError(
        "music_none", "There is no music in the sequencer.", "Add a song, or a movie's sound, with Add Music."
    )


def _in_scene(scene: bpy.types.Scene) -> EdgeError:
    return EdgeError(
        "music_in_scene",
        f"The music is in the scene {scene.name}, which a scene strip shows here.",
        "Dance in that scene, or add the song here with Add Music.",
    )


def add_song(context: bpy.types.Context, path: Path, frame: int) -> Any:
    """Add a sound strip with the file on a free channel, starting at `frame`, and let playback follow the sound.

    Returns the strip. Raises EdgeError music_missing, music_unreadable.
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
    strip.sound.filepath = _as_preferred(path)
    scene.sync_mode = "AUDIO_SYNC"
    scene.use_audio_scrub = True
    scene.frame_end = max(scene.frame_end, int(compat.strip_frames(strip).end) - 1)
    return strip


def _as_preferred(path: Path) -> str:
    """The path as Blender would store it: by default from the blend file's folder on, so that both can be moved."""
    if not bpy.data.filepath or not bpy.context.preferences.filepaths.use_relative_paths:
        return str(path)
    with contextlib.suppress(ValueError):  # on another drive
        return bpy.path.relpath(str(path))
    return str(path)
