"""How a film is rendered: the engine for a first look or for the final, and H.264 with sound in an mp4 file."""

from pathlib import Path
from typing import Any

import bpy

from .. import compat
from ..edge_backend.fileio.atomic_write import take_place
from .stage import BACKDROP

LOOKS = (
    ("WORKBENCH", "Workbench", "A first look: flat colours, many pictures a second, no lights"),
    ("EEVEE", "EEVEE", "A preview with the lights, on the graphics card"),
    ("CYCLES", "Cycles", "The final film: soft shadows, slow; without a graphics card too"),
)
SAMPLES = {"WORKBENCH": 8, "EEVEE": 16, "CYCLES": 64}
"""Rays for each pixel, or what an engine has instead."""


def use_look(scene: bpy.types.Scene, look: str, samples: int = 0) -> None:
    """Set the scene's engine. samples: 0 = as SAMPLES has it."""
    samples = samples or SAMPLES[look]
    {"WORKBENCH": _workbench, "EEVEE": _eevee, "CYCLES": _cycles}[look](scene, samples)


def use_video(scene: bpy.types.Scene, path: str) -> None:
    """Have the scene's animation rendered to an mp4 file for every player: H.264 and the sequencer's sound as AAC."""
    render: Any = scene.render
    compat.use_video_files(render.image_settings)
    render.filepath, render.use_file_extension = path, True
    settings = render.ffmpeg
    settings.format, settings.codec, settings.constant_rate_factor = "MPEG4", "H264", "HIGH"
    settings.gopsize, settings.audio_codec, settings.audio_bitrate = 15, "AAC", 192


def render_film(scene: bpy.types.Scene, path: Path) -> None:
    """Render the scene's frames and write the film whole or not at all. Raises RuntimeError, OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Its name is the same each time, so that what a kill has left goes with the next film.
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    use_video(scene, str(part))
    try:
        bpy.ops.render.render(animation=True, scene=scene.name)
        take_place(part, path)
    finally:
        part.unlink(missing_ok=True)
        scene.render.filepath = str(path)


def _workbench(scene: Any, samples: int) -> None:
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.display.render_aa = str(min((5, 8, 11, 16, 32), key=lambda choice: abs(choice - samples)))
    shading = scene.display.shading
    shading.light, shading.color_type = "STUDIO", "MATERIAL"
    shading.show_shadows, shading.show_cavity = False, True  # shadows take ten times as long without a graphics card
    shading.background_type, shading.background_color = "VIEWPORT", BACKDROP


def _eevee(scene: Any, samples: int) -> None:
    scene.render.engine = compat.EEVEE
    scene.eevee.taa_render_samples = samples


def _cycles(scene: Any, samples: int) -> None:
    scene.render.engine = "CYCLES"
    cycles = scene.cycles
    cycles.samples, cycles.use_denoising = samples, _has_denoiser(cycles)
    cycles.seed, cycles.use_animated_seed = 1, False  # noise that stands still
    scene.render.use_persistent_data = True


def _has_denoiser(cycles: Any) -> bool:
    """Choose Open Image Denoise, if this Blender has it: those of some Linux distributions are built without."""
    try:
        cycles.denoiser = "OPENIMAGEDENOISE"
    except TypeError:  # Blender's word for a choice that there is not
        return False
    return True
