"""`features SONG -o F.npz`."""

import argparse

from ..pipeline import write_features
from ..request import FeaturesRequest
from .output import check_target, finish, progress


def run(options: argparse.Namespace) -> None:
    """Extract features. Raises EdgeError as audio does; OSError."""
    check_target(options.output)
    request = FeaturesRequest(options.song, options.type, options.start, options.duration)
    with progress(options) as report:
        write_features(request, options.output, report)
    finish(options, options.output, f"{options.type} features")
