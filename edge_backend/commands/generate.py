"""`generate SONG -o DANCE.npz`."""

import argparse

import torch

from ..motion.files import load_motion
from ..pipeline import write_dance
from ..request import FeetRequest, GenerateRequest
from ..studio import Studio
from . import edit_options
from .jukebox_options import settings
from .output import check_target, finish, progress


def run(options: argparse.Namespace) -> None:
    """Make a dance. Raises EdgeError as pipeline.generate; OSError."""
    check_target(options.output)
    request = _request(options)
    if options.threads:
        torch.set_num_threads(options.threads)
    studio = Studio(options.device, options.weights_folder, settings(options))
    with progress(options) as report:
        write_dance(request, options.output, report, studio)
    motion = load_motion(options.output)
    finish(options, options.output, f"{motion.frames} frames, {motion.frames / motion.fps:.1f} s, seed {options.seed}")


def _request(options: argparse.Namespace) -> GenerateRequest:
    edit = edit_options.read(options)
    return GenerateRequest(
        song=options.song,
        start=edit.start,
        duration=edit.duration,
        seed=options.seed,
        steps=options.steps,
        sampler=options.sampler,
        guidance=options.guidance,
        weights=options.weights,
        style=options.style,
        energy=options.energy,
        sequential=options.sequential,
        feet=FeetRequest(enabled=not options.no_feet, strength=options.feet_strength),
        edit=edit.request,
        eta=options.eta,
        guidance_interval=options.guidance_interval,
        guidance_ramp=options.guidance_ramp,
        on_beat=options.on_beat,
    )
