"""Songs, dancers and motions for tests of the extension, and access to the installed extension's modules."""

import importlib
import wave
from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import numpy as np

PACKAGE = "bl_ext.user_default.edge_dance"
STRIP_FILE = Path(__file__).resolve().parents[1] / "data/song_strip.blend"
LONG_STRIP_FILE = STRIP_FILE.with_name("long_song_strip.blend")
CAN_MAKE_STRIPS = bpy.app.version >= (4, 4, 0)  # the bpy package of 4.2 is built without audio


def addon(module: str) -> ModuleType:
    """A module of the installed extension."""
    return importlib.import_module(f"{PACKAGE}.{module}")


def write_song(path: Path, seconds: float, rate: int = 22050) -> Path:
    """Clicks at 120 beats per minute over a quiet tone, written with the standard library."""
    time = np.arange(round(seconds * rate)) / rate
    clicks = np.exp(-(time % 0.5) * 60) * np.sin(2 * np.pi * 150 * (time % 0.5))
    samples = 0.6 * clicks + 0.05 * np.sin(2 * np.pi * 440 * time)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def put_song(path: Path, frame: int = 1, channel: int = 1) -> Any:
    """Add a sound strip with the file to the sequencer. Call it first: for 4.2 it opens a file that 4.5 has saved."""
    if CAN_MAKE_STRIPS:
        editor = bpy.context.scene.sequence_editor_create()
        return editor.strips.new_sound(path.stem, str(path), channel, frame)
    bpy.ops.wm.open_mainfile(filepath=str(STRIP_FILE), load_ui=False)
    strip = bpy.context.scene.sequence_editor.sequences_all[0]
    strip.sound.unpack(method="REMOVE")
    strip.name, strip.channel, strip.frame_start = path.stem, channel, frame
    strip.sound.filepath = str(path)
    return strip


def put_dancer() -> Any:
    """Add a dancer, active and selected."""
    bpy.ops.edge_dance.add_dancer()
    return bpy.context.object


def put_skeleton() -> Any:
    """Add a dancer without its mesh, which is slow to evaluate."""
    dancer = put_dancer()
    bpy.data.objects.remove(dancer.children[0])
    return dancer


def random_motion(frames: int, seed: int = 0, **meta: Any) -> Any:
    """A motion with independent random rotations of every joint in every frame."""
    motion = addon("edge_backend.motion.motion")
    rotations = addon("edge_backend.motion.rotations")
    random = np.random.default_rng(seed)
    turns = random.normal(0, 1.5, (frames, 24, 3)).astype(np.float32)
    root = random.normal(0, 1, (frames, 3)).astype(np.float32)
    beats = np.arange(0, frames / 30, 0.5, dtype=np.float32)
    meta = {"song": {"name": "Test Song.wav"}, "seed": seed, "style": "any"} | meta
    return motion.Motion(rotations.axis_angle_to_matrix(turns), root, np.zeros((frames, 4), np.float32), beats, meta)


def bone_heads(armature: Any, frame: float) -> Any:
    """Heads of the bones at a frame in Blender: (24, 3) in the order of the joints, armature space."""
    bpy.context.scene.frame_set(int(frame // 1), subframe=frame % 1)
    posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array([posed.pose.bones[name].head for name in addon("rig.skeleton").BONE_NAMES])
