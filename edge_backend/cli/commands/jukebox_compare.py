"""`jukebox compare SONG`: compares this program's Jukebox features with jukemirlib's."""

import argparse
from dataclasses import replace

import numpy as np

from ...audio.jukebox.song import jukebox_windows
from ...audio.loading import load
from ...generation.model_cache import ModelCache
from ...runtime.threads import use_threads
from ...schema.frames import FPS
from ..console import progress
from .jukebox_options import settings


def run(options: argparse.Namespace) -> None:
    """Print the distances of the two programs' features, per window. Raises EdgeError as jukebox_windows."""
    use_threads(options.threads)
    audio = load(options.song, options.start, options.duration)
    frames = round(audio.duration * FPS)
    own = ModelCache(options.device, options.weights_folder, settings(options)).jukebox
    with progress(options) as report:
        ours, theirs = (
            jukebox_windows(audio, frames, replace(own, provider=provider), report)
            for provider in ("native", "jukemirlib")
        )
    for number, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        distance = np.linalg.norm(mine - other) / max(float(np.linalg.norm(other)), 1e-12)
        print(f"window {number:3}  relative distance {distance:.2e}  largest {np.abs(mine - other).max():.2e}")
