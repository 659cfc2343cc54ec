"""Writes tests/data/song_strip.blend with Blender 4.5: a scene at 24 fps with a packed song of six seconds at frame 1.

Blender 4.2's package cannot make sound strips but reads this file. Run by hand:
.venv/bin/python tests/blender_addon/make_song_strip.py
"""

import os
import tempfile
from pathlib import Path

import bpy
from blender_stage import STRIP_FILE, write_song

bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
scene = bpy.context.scene
scene.render.fps = 24
with tempfile.TemporaryDirectory() as folder:
    song = write_song(Path(folder) / "song.wav", seconds=6, rate=8000)
    strip = scene.sequence_editor_create().strips.new_sound("song", str(song), 1, 1)
    strip.sound.pack()
    strip.sound.filepath = "//song.wav"
    scene.sequence_editor.active_strip = None
    bpy.ops.wm.save_as_mainfile(filepath=str(STRIP_FILE), compress=True)
os._exit(0)
