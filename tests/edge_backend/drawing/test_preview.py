"""Pictures of a dance: what is on them, and that video and music keep together."""

from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from edge_backend.drawing.body import COLOURS, CORAL, TEAL
from edge_backend.drawing.camera import Camera
from edge_backend.drawing.caption import clock_time
from edge_backend.drawing.figure import to_bytes
from edge_backend.drawing.preview import GAP, preview_sheet, preview_video
from edge_backend.drawing.scene import Scene
from edge_backend.errors import EdgeError
from edge_backend.motion.motion import Motion
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.skeleton import Y_UP_TO_Z_UP, Joint

SIZE = (320, 180)


def standing(frames: int = 30, x: float = 0.0, y: float = 0.0, **extra: object) -> Motion:
    """A dancer at rest, arms spread, facing -y."""
    rotations = np.tile(np.eye(3, dtype=np.float32), (frames, 24, 1, 1))
    rotations[:, 0] = Y_UP_TO_Z_UP
    root = np.tile(np.array([x, y, 0.93], np.float32), (frames, 1))
    return Motion(rotations, root, np.zeros((frames, 4), np.float32), **extra)  # type: ignore[arg-type]


def centre_of(picture: Image.Image, material: int) -> tuple[float, float]:
    """Where the picture is nearest to a limb's colour: (column, row)."""
    pixels = np.asarray(picture, np.float32)
    hue = pixels / np.maximum(pixels.sum(axis=-1, keepdims=True), 1)
    wanted = to_bytes(COLOURS[material]).astype(np.float32)
    near = (np.abs(hue - wanted / wanted.sum()).max(axis=-1) < 0.05) & (pixels.max(axis=-1) > 120)
    rows, columns = np.nonzero(near)
    assert len(rows) > 50
    return float(columns.mean()), float(rows.mean())


def draw_figure(motion: Motion) -> Image.Image:
    """The first frame, centred on the dancer."""
    return Scene(motion, (320, 360), follow=False).draw(0)


def test_the_dancers_left_is_on_the_viewers_right_and_the_figure_fills_the_picture() -> None:
    picture = draw_figure(standing())
    left, right = centre_of(picture, TEAL), centre_of(picture, CORAL)
    assert left[0] > right[0] + 40
    assert 120 < (left[0] + right[0]) / 2 < 200  # the dancer stands in the middle
    bright = np.asarray(picture.convert("L")) > 140
    rows = np.flatnonzero(bright.any(axis=1))
    assert rows.min() > 20  # nothing is cut off
    assert rows.max() < 340
    assert np.ptp(rows) > 150


def test_raised_arms_stay_in_the_picture() -> None:
    motion = standing()
    for joint, angle in ((Joint.LEFT_SHOULDER, np.pi / 2), (Joint.RIGHT_SHOULDER, -np.pi / 2)):
        motion.rotations[:, joint] = axis_angle_to_matrix(np.array([0.0, 0.0, angle]))
    pixels = np.asarray(draw_figure(motion).convert("L"))
    assert pixels[:8].max() < 100


def test_the_camera_goes_along_softly_with_a_dancer_who_walks() -> None:
    motion = standing(90)
    motion.root[:, 0] = np.linspace(0, 3, 90)
    scene = Scene(motion, SIZE)
    columns = [sum(centre_of(scene.draw(frame), side)[0] for side in (TEAL, CORAL)) / 2 for frame in (0, 30, 60, 89)]
    assert max(abs(column - SIZE[0] / 2) for column in columns) < 45  # 3 m would be 200 pixels


def test_a_standing_foot_glows_in_its_sides_colour_and_the_floor_pulses_on_the_beat() -> None:
    free, planted = standing(), standing(beats=np.array([0.0], np.float32))
    planted.contacts[:, 0] = 1  # left ankle
    ankle = planted.joints()[0, Joint.LEFT_ANKLE]
    quiet, glowing = (np.asarray(draw_figure(m), np.float32) for m in (free, planted))
    more = (glowing - quiet).clip(0)
    rows, columns = np.nonzero((more[..., 1] > 15) & (more[..., 1] > 1.5 * more[..., 0]))  # greener
    assert len(rows) > 10
    assert columns.mean() > 160  # on the viewer's right, where the dancer's left is
    assert (more.max(axis=-1) > 5).mean() > 0.01  # grid lines all over the floor
    assert ankle[0] > 0


def test_a_camera_projects_what_it_looks_at_to_the_middle_and_up_is_up() -> None:
    camera = Camera(np.array([1.0, -5.0, 2.0]), np.array([0.0, 0.0, 1.0]), (640, 480))
    assert np.allclose(camera.project(np.array([0.0, 0.0, 1.0])), [320, 240], atol=1e-3)
    assert camera.project(np.array([0.0, 0.0, 1.5]))[1] < 240
    assert camera.project(np.array([0.5, 0.0, 1.0]))[0] > 320
    ray = camera.rays()[240, 320]
    assert np.allclose(ray / np.linalg.norm(ray), np.array([-1, 5, -1]) / np.sqrt(27), atol=2e-3)


def test_a_sheet_has_as_many_pictures_as_asked_for(tmp_path: Path) -> None:
    preview_sheet(standing(), tmp_path / "sheet.png", moments=5, tile=(160, 180))
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (3 * 160 + 2 * GAP, 2 * 180 + GAP)
        pixels = np.asarray(sheet.convert("L"))
    tiles = [
        pixels[row * (180 + GAP) :][:180, column * (160 + GAP) :][:, :160] for row in range(2) for column in range(3)
    ]
    assert [bool(tile.max() > 140) for tile in tiles] == [True] * 5 + [False]
    assert [file.name for file in tmp_path.iterdir()] == ["sheet.png"]
    with pytest.raises(EdgeError, match="0 moments"):
        preview_sheet(standing(), tmp_path / "none.png", moments=0)


def test_the_video_has_every_frame_and_its_music_from_the_right_place(tmp_path: Path) -> None:
    """The song is silent but for a tone from 2.0 s on; the dance begins at 1.5 s: so the tone starts at 0.5 s."""
    rate = 48000
    seconds = np.arange(4 * rate) / rate
    soundfile.write(tmp_path / "song.wav", 0.5 * np.sin(2 * np.pi * 880 * seconds) * (seconds >= 2), rate)
    motion = standing(45, meta={"song": {"name": "song.wav", "start": 1.5}})
    seen: list[int] = []
    preview_video(
        motion, tmp_path / "song.wav", tmp_path / "d.mp4", SIZE, lambda _stage, done, _total: seen.append(done)
    )
    with av.open(str(tmp_path / "d.mp4")) as video:
        pictures = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
        assert video.streams.video[0].codec_context.name == "h264"
        assert video.streams.audio[0].codec_context.name == "aac"
    assert len(pictures) == 45
    assert pictures[0].shape == (SIZE[1], SIZE[0], 3)
    assert seen == list(range(46))
    with av.open(str(tmp_path / "d.mp4")) as video:
        sound = [(float(frame.pts * frame.time_base), frame.to_ndarray()[0]) for frame in video.decode(audio=0)]
    loud = next(time + np.abs(samples).argmax() / 44100 for time, samples in sound if np.abs(samples).max() > 0.2)
    assert abs(loud - 0.5) < 0.04  # about a frame; AAC smears an onset over 1024 samples, 23 ms
    assert abs(sum(len(samples) for _, samples in sound) / 44100 - 1.5) < 0.05


def test_a_video_without_a_song_is_silent_and_colours_survive(tmp_path: Path) -> None:
    preview_video(standing(3), None, tmp_path / "d.mp4", (640, 360))
    with av.open(str(tmp_path / "d.mp4")) as video:
        assert not video.streams.audio
        picture = next(iter(video.decode(video=0))).to_image()
    assert centre_of(picture, TEAL)[0] > centre_of(picture, CORAL)[0]


def test_an_unfinished_video_never_appears(tmp_path: Path) -> None:
    def stop(_stage: str, done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        preview_video(standing(), None, tmp_path / "d.mp4", SIZE, stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0:00.0"), (59.96, "0:59.9"), (0.1 * 3, "0:00.3"), (75.5, "1:15.5")]
)
def test_the_clock(seconds: float, text: str) -> None:
    assert clock_time(seconds) == text
