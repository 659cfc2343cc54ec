"""`worker`: the subprocess of the add-on."""

import argparse
import os

from ...worker.server import run as serve
from ..log_output import log_level

_POOLS = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip
"""Thread numbers of torch, numpy, scipy and librosa, which read these variables when they are imported."""


def run(options: argparse.Namespace) -> None:
    """Run the worker until stdin ends; never returns."""
    if options.threads:
        os.environ |= dict.fromkeys(_POOLS, str(options.threads))
    serve(options.device, options.weights_folder, options.idle_minutes, options.ahead, log_level(options, least=1))
