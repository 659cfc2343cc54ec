"""Long computations in short steps, by a thread that runs only while it is waited for."""

import threading
import time

import numpy as np
import pytest
from blender_fixtures import addon

STEPS = 4


def in_turns(work):
    return addon("backend.in_turns").in_turns(work)


def long_work(seen=None):
    """Some steps with a tenth of a second of numpy calls each."""
    values = np.zeros(1000)
    for step in range(STEPS):
        end = time.perf_counter() + 0.1
        while time.perf_counter() < end:
            values = np.sin(values + step)
            if seen is not None:
                seen.append(threading.current_thread().name)
        yield (step + 1) / STEPS
    return values


def test_a_long_step_becomes_short_ones_with_the_same_result():
    steps, fractions = in_turns(long_work()), []
    while True:
        try:
            fractions.append(next(steps))
        except StopIteration as end:
            assert end.value.shape == (1000,)
            break
    assert len(fractions) > 3 * STEPS  # a turn is 0.015 s, a step of the work 0.1 s
    assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] >= 1 - 1 / STEPS


def test_nothing_runs_between_two_steps():
    seen = []
    steps = in_turns(long_work(seen))
    next(steps)
    done = len(seen)
    time.sleep(0.1)
    assert done and len(seen) == done and set(seen) == {"edge_dance turns"}
    steps.close()


@pytest.mark.parametrize("fails", [False, True])
def test_a_turn_that_is_over_when_the_work_has_ended_changes_nothing(fails, monkeypatch):
    """With turns of no length, every call ends one, the last ones within the thread's own code too."""
    monkeypatch.setattr(addon("backend.in_turns"), "TURN_S", 0.0)

    def work():
        yield 0.5
        if fails:
            raise ValueError("from the work")
        return 7

    steps = addon("edge_backend.motion.steps")
    if fails:
        with pytest.raises(ValueError, match="from the work"):
            steps.at_once(in_turns(work()))
    else:
        assert steps.at_once(in_turns(work())) == 7


def test_abandoned_work_ends_where_it_is():
    cleaned = []

    def work():
        try:
            yield from long_work()
        finally:
            cleaned.append(True)

    steps = in_turns(work())
    next(steps)
    steps.close()
    assert cleaned and not [one for one in threading.enumerate() if one.name == "edge_dance turns"]


def test_work_that_is_never_begun_ends_too():
    steps = in_turns(long_work())
    del steps
    assert not [one for one in threading.enumerate() if one.name == "edge_dance turns"]


def test_an_exception_of_the_work_is_raised():
    def failing():
        yield 0.5
        raise ValueError("the rig has no legs")

    with pytest.raises(ValueError, match="no legs"):
        list(in_turns(failing()))
