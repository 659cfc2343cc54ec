"""The clapperboard: a flash and a click in one frame of the scene are in one frame of the film."""

import json
import subprocess
import wave
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from blender_fixtures import CAN_MAKE_STRIPS, addon, put_song

FPS, FIRST, CLAP, LAST = 30, 16, 31, 40
RATE = 48000

pytestmark = pytest.mark.skipif(not CAN_MAKE_STRIPS, reason="Blender 4.2's package is built without audio")


@pytest.fixture
def clapperboard(tmp_path):
    """A scene that is black and silent except at frame CLAP; the film starts at FIRST."""
    samples = np.zeros(3 * RATE)
    click = round((CLAP - 1) / FPS * RATE)
    samples[click : click + 480] = 0.9 * np.sin(2 * np.pi * 2000 * np.arange(480) / RATE)
    with wave.open(str(tmp_path / "click.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    put_song(tmp_path / "click.wav", frame=1)
    scene = bpy.context.scene
    scene.render.fps, scene.frame_start, scene.frame_end = FPS, FIRST, LAST
    scene.render.resolution_x = scene.render.resolution_y = 64
    bpy.ops.mesh.primitive_plane_add(size=10)
    board = bpy.context.object
    for frame, hidden in ((FIRST, True), (CLAP, False), (CLAP + 1, True)):
        board.hide_render = hidden
        board.keyframe_insert("hide_render", frame=frame)
    bpy.ops.object.camera_add(location=(0, 0, 3))
    scene.camera = bpy.context.object
    addon("render.look").use_look(scene, "WORKBENCH")
    scene.display.shading.background_color = (0, 0, 0)
    return scene


DECODED = """
import json, sys
import av
import numpy as np
with av.open(sys.argv[1]) as film:
    sound, picture = film.streams.audio[0], film.streams.video[0]
    loud = []
    for frame in film.decode(sound):
        levels = np.abs(frame.to_ndarray().astype(float)).max(axis=0)
        loud += [(float(frame.time) + number / frame.sample_rate, level) for number, level in enumerate(levels)]
    film.seek(0)
    bright = [(float(frame.time), frame.to_ndarray(format="gray").mean()) for frame in film.decode(picture)]
half = max(level for _, level in loud) / 2
click = next(time for time, level in loud if level > half)
print(json.dumps([click, max(bright, key=lambda one: one[1])[0], len(bright)]))
"""


def heard_and_seen(path, python):
    """Seconds from the start of the film to the click and to the flash, and the number of frames.

    python: one with PyAV, which Blender's own need not have.
    """
    return json.loads(subprocess.check_output([str(python), "-c", DECODED, str(path)]))


def test_sound_and_picture_are_together_within_a_frame(clapperboard, tmp_path, worker_python):
    path = tmp_path / "films" / "clap.mp4"
    addon("render.look").render_film(clapperboard, path)
    click, flash, pictures = heard_and_seen(path, worker_python)
    assert pictures == LAST - FIRST + 1
    assert flash == pytest.approx((CLAP - FIRST) / FPS, abs=1e-3)
    assert abs(click - flash) < 1 / FPS
    assert [left.name for left in path.parent.iterdir()] == ["clap.mp4"]


def test_a_film_that_fails_leaves_what_was_there(clapperboard, tmp_path):
    path = tmp_path / "clap.mp4"
    path.write_bytes(b"the film of yesterday")
    clapperboard.camera = None
    with pytest.raises(RuntimeError, match="camera"):
        addon("render.look").render_film(clapperboard, path)
    assert path.read_bytes() == b"the film of yesterday"
    assert sorted(left.name for left in tmp_path.iterdir()) == ["clap.mp4", "click.wav"]


class Cycles(SimpleNamespace):
    """Cycles' settings in a Blender without denoisers, as Debian's 5.2."""

    def __setattr__(self, name, value):
        if name == "denoiser":
            raise TypeError(f'enum "{value}" not found in ()')
        super().__setattr__(name, value)


def test_a_blender_without_denoiser_films_without():
    scene = SimpleNamespace(render=SimpleNamespace(), cycles=Cycles())
    addon("render.look").use_look(scene, "CYCLES", 3)
    assert (scene.cycles.samples, scene.cycles.use_denoising) == (3, False)
    addon("render.look").use_look(bpy.context.scene, "CYCLES")
    assert bpy.context.scene.cycles.use_denoising and bpy.context.scene.cycles.denoiser == "OPENIMAGEDENOISE"
