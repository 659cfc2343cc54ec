"""`features SONG -o F.npz`: extracts music features."""

import argparse

from ...generation.model_cache import ModelCache
from ...generation.pipeline import write_features
from ...runtime.threads import use_threads
from ...schema.requests import FeaturesRequest
from ..console import check_target, finish, progress
from .jukebox_options import settings


def run(options: argparse.Namespace) -> None:
    """Extract features. Raises EdgeError as the room audio does; OSError."""
    check_target(options.output, ".npz")
    use_threads(options.threads)
    model_cache = ModelCache(options.device, options.weights_folder, settings(options), options.engine)
    request = FeaturesRequest(options.song, options.type, options.start, options.duration)
    with progress(options) as report:
        write_features(request, options.output, report, model_cache)
    finish(options, options.output, f"{options.type} features")
