"""The files that the command reads and writes, and the preparation of a scene."""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from .. import compat
from ..edge_backend.errors import EdgeError
from ..music import add_song, find_strip, song_of
from ..rig.dancer import add_dancer
from ..rig.obstacles import generated_rig
from ..settings import restore_settings, stored_settings


@dataclass(frozen=True, slots=True)
class Work:
    """The work for one song.

    song: its file, None for the song in the sequencer. scene: the scene's file, None for an empty scene. blend: the
    blend file to write. films: the folder for films, if they are asked for.
    """

    song: Path | None
    scene: Path | None
    blend: Path
    films: Path | None

    @property
    def name(self) -> str:
        """The song's name for messages."""
        return self.song.name if self.song else "the scene's song"

    def film(self, seed: int) -> Path | None:
        """The path of the film of the take with this seed, None without films."""
        return self.films / f"{self.blend.stem} {seed}.mp4" if self.films else None


def works_of(options: argparse.Namespace) -> list[Work]:
    """The work to do, one item for each song. Raises EdgeError."""
    scene = Path(bpy.path.abspath(options.scene or bpy.data.filepath)).absolute()
    scene_file = scene if options.scene or bpy.data.filepath else None
    if scene_file and not scene_file.is_file():
        raise EdgeError("scene_missing", f"There is no blend file at {scene_file}.", "Check the path.")
    if not options.save and not options.render:
        raise EdgeError("save_nowhere", "The dances would not be saved.", "Give --save or --render a folder.")
    if not options.song and scene_file is None:
        raise EdgeError("music_none", "There is no song to dance to.", "Give --song a file, or open a scene with one.")
    films = _folder(options.render, scene_file) if options.render else None
    folder = _folder(options.save or options.render, scene_file)
    songs: list[Path | None] = [Path(song).absolute() for song in options.song]
    works = [Work(song, scene_file, folder / f"{_stem(song, scene_file)}.blend", films) for song in songs or [None]]
    names = Counter(work.blend for work in works)
    if twice := [path.name for path, count in names.items() if count > 1]:
        raise EdgeError("songs_same_name", f"Two songs would be saved as {twice[0]}.", "Rename one of the files.")
    if scene_file in names:
        raise EdgeError("scene_overwritten", f"{scene_file} would be overwritten.", "Give --save another folder.")
    return works


def open_scene(work: Work, options: argparse.Namespace) -> bpy.types.Object:
    """Open the song's blend file, or the scene if there is none yet, and add the song. Returns the armature.

    Settings without an option are the scene's, whatever an earlier run left in the blend file. Raises EdgeError.
    """
    _open(work.scene)
    settings = stored_settings(_settings())
    if work.blend.is_file():
        _open(work.blend)
        restore_settings(_settings(), settings)
    armature = _armature(options.armature, add=work.scene is None)
    layer: Any = bpy.context.view_layer
    layer.objects.active = armature
    if work.song:
        _put_song(work.song)
    _apply(options)
    return armature


def song_title() -> str:
    """The song's name as takes store it. Raises EdgeError."""
    song = song_of(*find_strip(bpy.context, _settings().music))
    return song.path.name if song.packed is None else f"song{song.path.suffix}"


def _open(path: Path | None) -> None:
    if path is None:
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        bpy.context.scene.frame_end = 2  # add_song extends it
        return
    try:
        bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False)
    except RuntimeError as error:
        raise EdgeError("scene_unreadable", f"Blender cannot open {path}: {error}", "Choose another file.") from error


def _settings() -> Any:
    scene: Any = bpy.context.scene
    return scene.edge_dance


def _folder(text: str, scene: Path | None) -> Path:
    """The folder; `//out` is beside the scene's file, as everywhere in Blender."""
    if text.startswith("//") and scene:
        return scene.parent / text[2:]
    return Path(text).absolute()


def _stem(song: Path | None, scene: Path | None) -> str:
    return " ".join([*([scene.stem] if scene else []), song.stem if song else "dance"])


def _armature(name: str | None, add: bool) -> bpy.types.Object:
    found = [ob for ob in bpy.context.scene.objects if ob.type == "ARMATURE" and name in (None, ob.name)]
    if name is None:
        found = [ob for ob in found if not generated_rig(ob, bpy.context)]  # a generated rig replaces its metarig
    if not found and name is None and add:
        return add_dancer(bpy.context.scene.collection, bpy.context.scene.cursor.location)
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(ob.name for ob in found)
        raise EdgeError("armature_ambiguous", f"There are {len(found)} armatures: {names}.", "Name one by --armature.")
    wanted = f"no armature {name}" if name else "no armature"
    raise EdgeError("armature_missing", f"There is {wanted} in the scene.", "Name one that is there by --armature.")


def _put_song(path: Path) -> None:
    """Add the song at the scene's first frame and mute all others. Raises EdgeError."""
    scene: Any = bpy.context.scene
    strips = [strip for strip in compat.all_strips(scene) if strip.type == "SOUND" and strip.sound]
    own = [strip for strip in strips if Path(bpy.path.abspath(strip.sound.filepath)).resolve() == path.resolve()]
    chosen = own[0] if own else add_song(bpy.context, path, scene.frame_start)
    audible = own or [chosen]  # all strips of a song that was cut
    for strip in [*strips, chosen]:
        strip.mute = strip not in audible
    _settings().music = chosen.name


def _apply(options: argparse.Namespace) -> None:
    """Set the options on the panel's properties, which clamp numbers to their range."""
    settings = _settings()
    given: Iterator[tuple[str, Any]] = (
        (name, getattr(options, name)) for name in ("style", "quality", "guidance", "energy")
    )
    for name, value in given:
        if value is not None:
            setattr(settings, name, value)
    if options.energy is not None:
        settings.use_energy = True
    if options.keys:
        settings.density = options.keys.upper()
