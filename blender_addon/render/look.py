"""Render settings: the engine, for previews or the final film, and H.264 with sound in an mp4 file."""

from pathlib import Path
from typing import Any

import bpy

from .. import compat
from ..edge_backend.fileio.atomic_write import take_place
from .film_set import BACKDROP

LOOKS = (
    ("WORKBENCH", "Workbench", "First preview: flat colours without lights, many frames per second"),
    ("EEVEE", "EEVEE", "Preview with lights, on the graphics card"),
    ("CYCLES", "Cycles", "Final film: soft shadows, slow; also without a graphics card"),
)
SAMPLES = {"WORKBENCH": 8, "EEVEE": 16, "CYCLES": 64}
"""Samples per pixel of each engine."""


def use_look(scene: bpy.types.Scene, look: str, samples: int = 0) -> None:
    """Set the scene's render engine. samples: 0 for the default in SAMPLES."""
    samples = samples or SAMPLES[look]
    {"WORKBENCH": _workbench, "EEVEE": _eevee, "CYCLES": _cycles}[look](scene, samples)


def use_video(scene: bpy.types.Scene, path: str) -> None:
    """Set the scene to render an mp4 file that every player supports: H.264, and the sequencer's sound as AAC."""
    render: Any = scene.render
    compat.use_video_files(render.image_settings)
    render.filepath, render.use_file_extension = path, True
    settings = render.ffmpeg
    settings.format, settings.codec, settings.constant_rate_factor = "MPEG4", "H264", "HIGH"
    settings.gopsize, settings.audio_codec, settings.audio_bitrate = 15, "AAC", 192


def render_film(scene: bpy.types.Scene, path: Path) -> None:
    """Render the scene's frames and write the film, completely or not at all. Raises RuntimeError, OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # The name is always the same, so that the next film replaces the file of a run that was killed.
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
    shading.show_shadows, shading.show_cavity = False, True  # shadows are ten times slower without a graphics card
    shading.background_type, shading.background_color = "VIEWPORT", BACKDROP


def _eevee(scene: Any, samples: int) -> None:
    scene.render.engine = compat.EEVEE
    scene.eevee.taa_render_samples = samples


def _cycles(scene: Any, samples: int) -> None:
    scene.render.engine = "CYCLES"
    cycles = scene.cycles
    cycles.samples, cycles.use_denoising = samples, _has_denoiser(cycles)
    cycles.seed, cycles.use_animated_seed = 1, False  # noise that does not change from frame to frame
    scene.render.use_persistent_data = True


def _has_denoiser(cycles: Any) -> bool:
    """Choose Open Image Denoise. Returns False for Blenders that are built without it, as some Linux distributions'."""
    try:
        cycles.denoiser = "OPENIMAGEDENOISE"
    except TypeError:  # Blender's error for an unknown choice
        return False
    return True
