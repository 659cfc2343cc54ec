"""The demo's contact sheet: moments of the dance, rendered upright and put side by side with their times."""

import tempfile
from pathlib import Path

import bpy
import numpy as np
from film_set import film_in_set
from PIL import Image, ImageDraw, ImageFont

COLUMNS = 6
WIDTH, HEIGHT = 300, 400  # pixels of one moment
SAMPLES = 16


def contact_sheet(scene: bpy.types.Scene, path: Path, moments: int) -> None:
    """Render `moments` frames, spread evenly over the scene's range, and write them as one picture."""
    frames = np.linspace(scene.frame_start, scene.frame_end, moments + 2)[1:-1].round().astype(int)
    sheet = Image.new("RGB", (min(moments, COLUMNS) * WIDTH, -(-moments // COLUMNS) * HEIGHT))
    film_in_set(scene, WIDTH, HEIGHT, SAMPLES, video=False)
    scene.render.image_settings.file_format = "PNG"
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = f"{folder}/moment.png"
        for number, frame in enumerate(frames):
            scene.frame_set(int(frame))
            bpy.ops.render.render(write_still=True)
            seconds = (frame - scene.frame_start) * scene.render.fps_base / scene.render.fps
            with Image.open(scene.render.filepath) as picture:
                sheet.paste(_captioned(picture, seconds), (number % COLUMNS * WIDTH, number // COLUMNS * HEIGHT))
    sheet.save(path, optimize=True)


def _captioned(picture: Image.Image, seconds: float) -> Image.Image:
    picture = picture.convert("RGB")
    time = f"{int(seconds // 60)}:{seconds % 60:04.1f}"
    ImageDraw.Draw(picture).text((14, HEIGHT - 30), time, fill=(215, 222, 232), font=ImageFont.load_default(16))
    return picture
