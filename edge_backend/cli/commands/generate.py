"""`generate SONG -o DANCE.npz`: generates a dance."""

import argparse
from dataclasses import replace

from ...generation.model_cache import ModelCache
from ...generation.pipeline import write_dance
from ...motion.files import load_motion
from ...runtime.threads import use_threads
from ...schema.requests import GenerateRequest
from ..console import check_target, finish, progress
from . import edit_options
from .dance_options import dancing
from .jukebox_options import settings


def run(options: argparse.Namespace) -> None:
    """Generate a dance. Raises EdgeError as pipeline.generate; OSError."""
    check_target(options.output, ".npz")
    request = _request(options)
    use_threads(options.threads)
    model_cache = ModelCache(options.device, options.weights_folder, settings(options), options.engine)
    with progress(options) as report:
        write_dance(request, options.output, report, model_cache)
    motion = load_motion(options.output)
    finish(options, options.output, f"{motion.frames} frames, {motion.frames / motion.fps:.1f} s, seed {options.seed}")


def _request(options: argparse.Namespace) -> GenerateRequest:
    edit = edit_options.read(options)
    return replace(
        dancing(options),
        song=options.song,
        start=edit.start,
        duration=edit.duration,
        seed=options.seed,
        edit=edit.request,
        song_map=str(options.map or ""),
    )
