"""The demo on a short song: the same way through Blender, with little to film."""

import subprocess
import sys
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import build_addon

FILMED_S = 0.1
MOMENTS = 2


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with what the demo made."""
    folder = tmp_path_factory.mktemp("demo")
    song = folder / "four on the floor.wav"
    time = np.arange(4 * 22050) / 22050
    kicks = np.sin(2 * np.pi * 60 * time) * np.exp(-12 * (time % 0.5))
    with wave.open(str(song), "wb") as file:
        file.setparams((1, 2, 22050, 0, "NONE", ""))
        file.writeframes((kicks * 30000).astype("<i2").tobytes())
    command = [sys.executable, build_addon.ROOT / "demo/make_demo.py", build_addon.build_zip(folder), folder]
    subprocess.run([*command, "--song", song, "--film", "0", str(FILMED_S), "--moments", str(MOMENTS)], check=True)
    return folder


def test_it_leaves_a_file_that_blender_opens_with_the_song_inside(demo: Path) -> None:
    program = (
        "import bpy, os, sys; bpy.ops.wm.open_mainfile(filepath=sys.argv[1]); scene = bpy.context.scene;"
        "sound = next(strip.sound for strip in scene.sequence_editor.strips_all);"
        "action = scene.objects['Dancer'].animation_data.action;"
        "print(bool(sound.packed_file), scene.frame_end, scene.camera.name, action.name);"
        "sys.stdout.flush(); os._exit(0)"
    )
    opened = subprocess.check_output([sys.executable, "-c", program, demo / "dance.blend"], text=True)
    assert opened.splitlines()[-1] == "True 120 Dance Camera four on the floor 1"


def test_it_leaves_a_film_with_sound(demo: Path) -> None:
    with av.open(str(demo / "dance.mp4")) as film:
        picture, sound = film.streams.video[0], film.streams.audio[0]
        assert (picture.width, picture.height, picture.average_rate) == (640, 360, 30)
        assert picture.frames == round(FILMED_S * 30)
        loudest = max(np.abs(frame.to_ndarray()).max() for frame in film.decode(sound))
    assert loudest > 0.1  # full scale is 1, and the song begins with a kick


def test_every_picture_of_its_sheet_shows_the_whole_dancer(demo: Path) -> None:
    with Image.open(demo / "sheet.png") as sheet:
        assert sheet.size == (MOMENTS * 300, 400)
        pixels = np.asarray(sheet.convert("RGB")).astype(int)
    for number in range(MOMENTS):
        picture = pixels[:360, number * 300 :][:, :300]  # above the caption
        body = picture.min(axis=2) > 200  # the mannequin's shell; floor and backdrop are darker and bluer
        rows, columns = np.nonzero(body)
        assert body.sum() > 500
        assert rows.min() > 4
        assert columns.min() > 4
        assert columns.max() < 295


def test_git_ignores_all_that_it_leaves(demo: Path) -> None:
    """Where the command has it written: so that the folder is as clean after the demo as before."""
    left = [f"demo/{path.name}" for path in demo.iterdir() if path.suffix not in (".wav", ".zip")]
    assert {"demo/dance.blend", "demo/dance.mp4", "demo/sheet.png", "demo/blender.log"} <= set(left)
    if not (build_addon.ROOT / ".git").exists():
        pytest.skip("the sources are not in a git repository")
    asked = ["git", "check-ignore", *left]
    ignored = subprocess.run(asked, cwd=build_addon.ROOT, capture_output=True, text=True, check=False).stdout
    assert ignored.split() == left  # what is ignored and under version control is not named
