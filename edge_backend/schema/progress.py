"""The progress of a job: its stages and the type of report callbacks. Standard library only."""

from collections.abc import Callable
from typing import Literal

Stage = Literal[
    "loading", "features", "sampling", "feet", "saving", "drawing",
    "preparing", "downloading", "unpacking", "testing",
]  # fmt: skip
"""The last four are those of set-up; done and total are bytes while downloading."""

Report = Callable[[Stage, int, int], None]
"""Callback with (stage, done, total): the job is at `done` of `total` in `stage`. A stage starts with done = 0."""


def silent(stage: Stage, done: int, total: int) -> None:
    """A Report that does nothing."""
