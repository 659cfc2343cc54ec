"""Long work in small steps, so that whoever drives it can do other things between them. Standard library only.

Such work is a generator: each step yields how much is done, 0 to 1, and in the end it returns what it has made.
"""

from collections.abc import Generator
from typing import TypeVar

Made = TypeVar("Made")


def at_once(steps: Generator[float, None, Made]) -> Made:
    """All the steps, one after the other; what they make."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            made: Made = end.value
            return made


def part(steps: Generator[float, None, Made], start: float, end: float) -> Generator[float, None, Made]:
    """The same as a part of larger work, from start to end of it."""
    while True:
        try:
            yield start + (end - start) * next(steps)
        except StopIteration as stop:
            made: Made = stop.value
            return made
