"""Long computations in steps: Python's collection of garbage passes over what was there before, and no longer."""

import gc
from collections.abc import Generator

import pytest

from edge_backend.motion.steps import at_once, uncollected


def counting() -> Generator[float, None, int]:
    yield gc.get_freeze_count()
    return 3


def test_what_is_in_memory_is_left_out_until_the_end_of_the_steps() -> None:
    steps = uncollected(counting())
    assert gc.get_freeze_count() == 0 and next(steps) > 1000
    assert at_once(steps) == 3
    assert gc.get_freeze_count() == 0


def test_steps_that_are_abandoned_leave_nothing_out_afterwards() -> None:
    steps = uncollected(counting())
    next(steps)
    steps.close()
    assert gc.get_freeze_count() == 0
    with pytest.raises(ValueError, match="one"):
        next(uncollected(failing()))
    assert gc.get_freeze_count() == 0


def failing() -> Generator[float, None, int]:
    yield from ()
    raise ValueError("one")
