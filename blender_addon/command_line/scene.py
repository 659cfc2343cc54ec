"""Which files the command line reads and writes, and a scene that is ready to be danced in."""

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
from ..settings import restore_settings, settings_to_keep


@dataclass(frozen=True, slots=True)
class Work:
    """One song: its file, None = the one in the sequencer; the scene's file, None = an empty one; the blend file that
    is to have its takes; and the folder for films, if any."""

    song: Path | None
    scene: Path | None
    blend: Path
    films: Path | None

    @property
    def name(self) -> str:
        """The song's, for people."""
        return self.song.name if self.song else "the scene's song"

    def film(self, seed: int) -> Path | None:
        """The film of the take with this seed."""
        return self.films / f"{self.blend.stem} {seed}.mp4" if self.films else None


def works_of(options: argparse.Namespace) -> list[Work]:
    """What there is to do, a song each. Raises EdgeError."""
    scene = Path(bpy.path.abspath(options.scene or bpy.data.filepath)).absolute()
    scene_file = scene if options.scene or bpy.data.filepath else None
    if scene_file and not scene_file.is_file():
        raise EdgeError("scene_missing", f"There is no blend file at {scene_file}.", "Check the path.")
    if not options.save and not options.render:
        raise EdgeError("save_nowhere", "The dances would be kept nowhere.", "Give --save or --render a folder.")
    if not options.song and scene_file is None:
        raise EdgeError("music_none", "There is no song to dance to.", "Give --song a file, or open a scene with one.")
    films = _folder(options.render, scene_file) if options.render else None
    folder = _folder(options.save or options.render, scene_file)
    songs: list[Path | None] = [Path(song).absolute() for song in options.song]
    works = [Work(song, scene_file, folder / f"{_stem(song, scene_file)}.blend", films) for song in songs or [None]]
    names = Counter(work.blend for work in works)
    if twice := [path.name for path, count in names.items() if count > 1]:
        raise EdgeError("songs_same_name", f"Two songs would be kept as {twice[0]}.", "Rename one of the files.")
    if scene_file in names:
        raise EdgeError("scene_overwritten", f"{scene_file} would be written over.", "Give --save another folder.")
    return works


def open_scene(work: Work, options: argparse.Namespace) -> bpy.types.Object:
    """Open the song's blend file, or the scene where there is none yet, put the song in; returns who dances.

    What is not asked for is as the scene has it, whatever an earlier run has left in the blend file. Raises EdgeError.
    """
    _open(work.scene)
    settings = settings_to_keep(_settings())
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
    """What takes to the scene's song call it. Raises EdgeError."""
    song = song_of(*find_strip(bpy.context, _settings().music))
    return song.path.name if song.packed is None else f"song{song.path.suffix}"


def _open(path: Path | None) -> None:
    if path is None:
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        bpy.context.scene.frame_end = 2  # grows with the song
        return
    try:
        bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False)
    except RuntimeError as error:
        raise EdgeError("scene_unreadable", f"Blender cannot open {path}: {error}", "Choose another file.") from error


def _settings() -> Any:
    scene: Any = bpy.context.scene
    return scene.edge_dance


def _folder(text: str, scene: Path | None) -> Path:
    """`//out` lies beside the scene's file, as everywhere in Blender."""
    if text.startswith("//") and scene:
        return scene.parent / text[2:]
    return Path(text).absolute()


def _stem(song: Path | None, scene: Path | None) -> str:
    return " ".join([*([scene.stem] if scene else []), song.stem if song else "dance"])


def _armature(name: str | None, add: bool) -> bpy.types.Object:
    found = [ob for ob in bpy.context.scene.objects if ob.type == "ARMATURE" and name in (None, ob.name)]
    if name is None:
        found = [ob for ob in found if not generated_rig(ob, bpy.context)]  # the rig stands for its metarig
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
    """The song at the scene's first frame, as the only one that is heard. Raises EdgeError."""
    scene: Any = bpy.context.scene
    strips = [strip for strip in compat.all_strips(scene) if strip.type == "SOUND" and strip.sound]
    own = [strip for strip in strips if Path(bpy.path.abspath(strip.sound.filepath)).resolve() == path.resolve()]
    chosen = own[0] if own else add_song(bpy.context, path, scene.frame_start)
    heard = own or [chosen]  # all the pieces of one that was cut
    for strip in [*strips, chosen]:
        strip.mute = strip not in heard
    _settings().music = chosen.name


def _apply(options: argparse.Namespace) -> None:
    """Set what is asked for on the panel, which keeps numbers in their range."""
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
