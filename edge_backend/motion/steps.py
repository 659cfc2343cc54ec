"""Long computations as generators, so that Blender stays responsive between their steps. Standard library only.

Such a generator yields the fraction that is done, 0 to 1, and returns its result.
"""

import gc
from collections.abc import Generator
from typing import TypeVar

Made = TypeVar("Made")


def at_once(steps: Generator[float, None, Made]) -> Made:
    """Run the generator to its end and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            made: Made = end.value
            return made


def part(steps: Generator[float, None, Made], start: float, end: float) -> Generator[float, None, Made]:
    """The same generator with its fractions 0 to 1 mapped to start to end, as a part of a longer computation."""
    while True:
        try:
            yield start + (end - start) * next(steps)
        except StopIteration as stop:
            made: Made = stop.value
            return made


def uncollected(steps: Generator[float, None, Made]) -> Generator[float, None, Made]:
    """The same generator; until its end Python's collection of garbage leaves out what is in memory at its start.

    With a large rig, going through all of that takes 50 ms, in one of the steps.
    """
    gc.freeze()
    try:
        return (yield from steps)
    finally:
        gc.unfreeze()
