"""Generates a short dance when the worker starts, which initialises libraries and loads weights for the first job."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from ..audio.clicks import write_clicks
from ..errors import EdgeError
from ..generation.model_cache import ModelCache
from ..generation.pipeline import generate
from ..schema.progress import Stage
from ..schema.requests import GenerateRequest

SECONDS = 6.0  # two windows, so that their blending is initialised too


class _StopWarmup(Exception):  # noqa: N818 - it is no error
    """A job is waiting."""


def warm_up(model_cache: ModelCache, should_stop: Callable[[], bool]) -> bool:
    """Make a short dance with the bundled weights and discard it. False where it was stopped or failed.

    should_stop: is called before every network evaluation; the warmup stops when it returns True. EdgeErrors, such as
    for missing weights, are ignored here: the job that needs the weights reports them.
    """

    def report(_stage: Stage, _done: int, _total: int) -> None:
        if should_stop():
            raise _StopWarmup

    try:
        with tempfile.TemporaryDirectory(prefix="edge_dance_") as folder:
            song = write_clicks(Path(folder) / "clicks.wav", SECONDS)
            generate(GenerateRequest(str(song), duration=SECONDS, steps=2, sequential=True), report, model_cache)
    except (_StopWarmup, EdgeError, OSError):
        return False
    return True
