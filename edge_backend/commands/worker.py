"""`worker`: the subprocess behind Blender."""

import argparse
import os

from ..worker import run as serve


def run(options: argparse.Namespace) -> None:
    """Serve until stdin ends; never returns."""
    if options.threads:
        os.environ["OMP_NUM_THREADS"] = str(options.threads)  # torch, imported later, goes by it
    serve(options.device, options.weights_folder, options.idle_minutes)
