"""Previews of a dance without Blender: a video with music, or a sheet of pictures."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from ..audio.loading import Audio, load
from ..errors import EdgeError
from ..fileio.atomic_write import atomic_write
from ..motion.motion import Motion
from ..schema.progress import Report, silent
from .caption import Timeline, clock_time, label
from .scene import Scene
from .video import write_video

TILE = (320, 360)
GAP = 2  # pixels between pictures


def preview_video(
    motion: Motion, song: Path | None, path: Path, size: tuple[int, int] = (1280, 720), report: Report = silent
) -> None:
    """Write an mp4 of the whole dance, atomically, with the part of the song that the dance is for.

    song: audio file, None for a silent video. size: width, height in pixels. Raises EdgeError as `audio.loading.load`
    does; OSError.
    """
    audio = _music(motion, song) if song else None
    timeline = Timeline(_title(motion, song), motion.frames / motion.fps, motion.beats)
    with atomic_write(path) as unfinished:
        write_video(unfinished, _pictures(motion, timeline, size, report), size, motion.fps, audio)


def preview_sheet(motion: Motion, path: Path, moments: int = 12, tile: tuple[int, int] = TILE) -> None:
    """Write a PNG with pictures of `moments` equally spaced frames. Raises EdgeError preview_moments; OSError."""
    if not 1 <= moments <= 400:
        raise EdgeError("preview_moments", f"A sheet of {moments} moments cannot be drawn.", "Choose 1 to 400.")
    frames = np.linspace(0, motion.frames - 1, moments).round().astype(int)
    scene = Scene(motion, tile, follow=False)
    pictures = []
    for frame in frames.tolist():
        picture = scene.draw(frame)
        label(picture, clock_time(frame / motion.fps))
        pictures.append(picture)
    with atomic_write(path) as unfinished:
        tiled(pictures).save(unfinished, format="PNG")


def tiled(pictures: list[Image.Image], columns: int | None = None) -> Image.Image:
    """Pictures of one size in rows of `columns`; None chooses a number for an aspect ratio of about 3 : 2."""
    width, height = pictures[0].size
    columns = columns or min(len(pictures), round((len(pictures) * 1.5 * height / width) ** 0.5) or 1)
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (width + GAP) - GAP, rows * (height + GAP) - GAP))
    for number, picture in enumerate(pictures):
        sheet.paste(picture, (number % columns * (width + GAP), number // columns * (height + GAP)))
    return sheet


def _pictures(motion: Motion, timeline: Timeline, size: tuple[int, int], report: Report) -> Iterator[Image.Image]:
    scene = Scene(motion, size)
    for frame in range(motion.frames):
        report("drawing", frame, motion.frames)
        picture = scene.draw(frame)
        timeline.draw(picture, frame / motion.fps)
        yield picture
    report("drawing", motion.frames, motion.frames)


def _music(motion: Motion, song: Path) -> Audio:
    """The part of the song that the dance is for, by its metadata; without these, from the start of the song."""
    start = motion.meta.get("song", {}).get("start", 0.0)
    return load(song, start, motion.frames / motion.fps)


def _title(motion: Motion, song: Path | None) -> str:
    known = motion.meta.get("song", {}).get("name", "")
    return song.stem if song else Path(known).stem
