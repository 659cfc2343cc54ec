"""`worker`: the subprocess behind Blender."""

import argparse
import os

from ...worker.server import run as serve

_POOLS = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip
"""Torch, numpy, scipy and librosa, imported later, go by these variables."""


def run(options: argparse.Namespace) -> None:
    """Serve until stdin ends; never returns."""
    if options.threads:
        os.environ |= dict.fromkeys(_POOLS, str(options.threads))
    serve(options.device, options.weights_folder, options.idle_minutes, options.ahead)
