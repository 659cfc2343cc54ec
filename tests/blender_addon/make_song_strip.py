"""Writes tests/data/song_strip.blend with Blender 4.5: a scene at 24 fps with a packed song of six seconds at frame 1;
and long_song_strip.blend: at 30 fps, a song of a minute that is not there.

Blender 4.2's package cannot make sound strips but reads these files. Run by hand:
.venv/bin/python tests/blender_addon/make_song_strip.py
"""

import os
import tempfile
from pathlib import Path

import bpy
from blender_fixtures import LONG_STRIP_FILE, STRIP_FILE, write_song


def write_strip(file: Path, seconds: float, fps: int, *, packed: bool) -> None:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps = fps
    with tempfile.TemporaryDirectory() as folder:
        song = write_song(Path(folder) / "song.wav", seconds=seconds, rate=8000)
        strip = scene.sequence_editor_create().strips.new_sound("song", str(song), 1, 1)
        if packed:
            strip.sound.pack()
        strip.sound.filepath = "//song.wav"
        scene.sequence_editor.active_strip = None
        bpy.ops.wm.save_as_mainfile(filepath=str(file), compress=True)


write_strip(STRIP_FILE, 6, 24, packed=True)
write_strip(LONG_STRIP_FILE, 60, 30, packed=False)
os._exit(0)
