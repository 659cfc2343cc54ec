"""Renders sound strips to a file by Blender's own sound system, however they are cut or retimed.

The operator Mixdown does it; where it fails, and for songs that begin before frame 0, where its frames begin, Blender's
mixer is asked through Python (`aud`), which knows nothing of retiming. Blender waits meanwhile, since neither lets go
of its main thread: about 0.1 s for each minute of song. It is rendered in one piece: in the middle of an Ogg file
Blender's decoder begins up to 900 samples off, and in an MP3 file with wrong ones, so that pieces do not join.
"""

import contextlib
import hashlib
import importlib
import math
import shutil
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from . import compat
from .disk_room import ask_for_room
from .lookups import scene_rate
from .sound_strips import SoundStrip

KEPT = 3
"""Number of rendered songs whose files are kept until Blender ends."""

_QUIETEST = 3  # of 32768, -80 dB; a quieter file has not been rendered
_WHOLE = 0.9  # the least share of the requested length
_BUFFER = 4096  # samples; Blender's writer refuses some other sizes


@dataclass(frozen=True, slots=True)
class Render:
    """A wav file, and the frame of the scene where it begins."""

    path: Path
    first_frame: int


def render(pieces: Sequence[SoundStrip], first: float, end: float, alone: bool, stem: str) -> Render | None:
    """Render what the pieces play between two frames of their scene; None if Blender cannot.

    alone: mute all other strips. stem: of the file's name; it is rendered again only if the sequencer has changed.
    Raises OSError, also where the disk has no room for the file.
    """
    scene = pieces[0].scene
    begin, stop = math.floor(first), math.ceil(end)
    folder = _folder(_fingerprint(scene, [piece.name for piece in pieces], begin, stop, alone))
    path = folder / f"{stem}.wav"
    if path.is_file():
        return Render(path, begin)
    seconds = (stop - begin) / scene_rate(scene)
    ask_for_room(folder, seconds * _samples(pieces))
    part = path.with_suffix(".part.wav")
    own = [piece.strip for piece in pieces]
    muted = [strip for strip in compat.all_strips(scene) if alone and strip.type == "SOUND" and strip not in own]
    with contextlib.suppress(RuntimeError):
        if begin >= 0:
            _mixdown(scene, muted, (begin, stop), _samples(pieces), part)
    if not _sounds(part, seconds) and not any(compat.is_retimed(piece.strip) for piece in pieces):
        _mix(pieces, begin, stop, part)
    if not _sounds(part, seconds):
        return None
    part.replace(path)
    return Render(path, begin)


def _mixdown(scene: Any, muted: Sequence[Any], frames: tuple[int, int], samples: int, path: Path) -> None:
    """Render by the operator, at the song's own sample rate; another one takes six times as long.

    muted: strips to mute. frames: the first, and the one after the last.
    """
    before = scene.frame_start, scene.frame_end, scene.use_preview_range
    mute = [strip.mute for strip in muted]
    try:
        for strip in muted:
            strip.mute = True
        scene.use_preview_range = False
        scene.frame_start, scene.frame_end = frames
        compat.mixdown(scene, path, samples)
    finally:
        scene.frame_start, scene.frame_end, scene.use_preview_range = before
        for strip, value in zip(muted, mute, strict=True):
            strip.mute = value


def _mix(pieces: Sequence[SoundStrip], begin: int, stop: int, path: Path) -> None:
    """Render by Blender's mixer: these pieces, each at its strip's current volume."""
    try:
        aud: Any = importlib.import_module("aud")
    except ImportError:  # the bpy package of 4.2, some Linux distributions
        return
    rate, samples = scene_rate(pieces[0].scene), _samples(pieces)
    with contextlib.suppress(aud.error, OSError):
        sequence = aud.Sequence(aud.CHANNELS_STEREO, samples, rate, False)
        for piece in pieces:
            sound = aud.Sound(str(_file(piece, path.parent))).volume(max(piece.strip.volume, _QUIETEST / 32768))
            first, end = ((frame - begin) / rate for frame in (piece.first, piece.end))
            sequence.add(sound, first, end, (piece.first - piece.zero) / rate)
        sequence.limit(0, (stop - begin) / rate).write(
            str(path), samples, aud.CHANNELS_STEREO, aud.FORMAT_S16, aud.CONTAINER_WAV, aud.CODEC_PCM, 0, _BUFFER
        )


def _file(piece: SoundStrip, folder: Path) -> Path:
    """The piece's file; a packed one is written to the folder."""
    packed = piece.strip.sound.packed_file
    if not packed:
        return piece.path
    path = folder / f"packed{piece.path.suffix}"
    path.write_bytes(bytes(packed.data))
    return path


def _samples(pieces: Sequence[SoundStrip]) -> int:
    return int(pieces[0].strip.sound.samplerate) or 48000


def _sounds(path: Path, seconds: float) -> bool:
    """Whether there is a wav file of about the requested length that is not silent.

    After a film has been rendered, Mixdown of Blender 5.2 writes only a click.
    """
    with contextlib.suppress(OSError, EOFError, wave.Error), wave.open(str(path)) as file:
        if file.getnframes() < _WHOLE * seconds * file.getframerate():
            return False
        while len(block := np.frombuffer(file.readframes(1 << 20), "<i2")):
            if block.max() > _QUIETEST:
                return True
    return False


def _fingerprint(scene: Any, *what: object) -> str:
    """A hash of everything that determines the sound of the scene's sequencer."""
    strips = [_facts(strip) for strip in compat.all_strips(scene) if strip.type in ("SOUND", "META")]
    channels = [channel.mute for channel in scene.sequence_editor.channels]
    curves = [
        (curve.data_path, [(*point.co, *point.handle_right) for point in curve.keyframe_points])
        for curve in compat.fcurves_of(scene.animation_data.action, scene)
        if curve.data_path.startswith("sequence_editor")
    ] if scene.animation_data and scene.animation_data.action else []  # fmt: skip
    return hashlib.sha256(repr((strips, channels, curves, scene_rate(scene), what)).encode()).hexdigest()[:16]


def _facts(strip: Any) -> tuple[object, ...]:
    sound = getattr(strip, "sound", None)
    file: tuple[object, ...] = ()
    if sound:
        path = Path(bpy.path.abspath(sound.filepath, library=sound.library))
        packed = sound.packed_file
        file = (path, packed.size if packed else _state(path))
    keys = [key.timeline_frame for key in getattr(strip, "retiming_keys", ())]
    more = (getattr(strip, name, None) for name in ("volume", "pan", "pitch_correction"))
    return (strip.name, compat.strip_frames(strip), strip.mute, compat.sound_offset(strip), keys, *more, *file)


def _state(path: Path) -> tuple[int, int]:
    """Size and modification time of a file."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _folder(key: str) -> Path:
    """The folder of one render; the oldest others are removed."""
    songs = Path(bpy.app.tempdir) / "song_renders"
    folder = songs / key
    folder.mkdir(parents=True, exist_ok=True)
    folder.touch()
    others = sorted((path for path in songs.iterdir() if path != folder), key=lambda path: path.stat().st_mtime)
    for path in others[: 1 - KEPT]:
        shutil.rmtree(path, ignore_errors=True)
    return folder
