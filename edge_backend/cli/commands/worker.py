"""`worker`: the subprocess of the add-on."""

import argparse

from ...runtime.threads import use_threads
from ...worker.server import run as serve
from ..log_output import log_level


def run(options: argparse.Namespace) -> None:
    """Run the worker until stdin ends; never returns."""
    use_threads(options.threads)
    serve(
        options.device,
        options.weights_folder,
        options.idle_minutes,
        ahead=options.ahead,
        engine=options.engine,
        log_level=log_level(options, least=1),
    )
