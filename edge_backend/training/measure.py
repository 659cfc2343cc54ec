"""Which way of running a step, at which batch size, gets most windows through on this machine."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch

from ..errors import EdgeError
from .settings import Mode
from .step import TrainStep

_NEARLY = 0.9  # of two batch sizes that are so nearly as quick, the smaller one makes more steps of the same windows
_ROUND = 5  # steps launched between two looks at the clock


@dataclass(frozen=True)
class Measurement:
    """One way that was tried. prepare_s: seconds for compiling and the like. failure: why it cannot be had, or ""."""

    mode: Mode
    batch: int
    samples_per_s: float = 0.0
    prepare_s: float = 0.0
    failure: str = ""


def measure(
    step: TrainStep,
    ways: Iterable[tuple[Mode, int]],
    seconds: float,
    limit: float,
    tell: Callable[[Measurement], None] = lambda _: None,
) -> list[Measurement]:
    """Try ways (mode, batch size) for `seconds` each; none is begun once `limit` seconds are over.

    The first way must work: what it raises is raised here, so that a mistake shows at once. Of the others a failure is
    noted. tell: is given each measurement. The weights are left as they were.
    """
    began, before, found = time.monotonic(), {k: v.clone() for k, v in step.state().items()}, list[Measurement]()
    for mode, batch in ways:
        if found and time.monotonic() - began > limit:
            break
        try:
            result = _rate(step, mode, batch, seconds)
        except Exception as error:  # a compiler or a driver may trip over anything
            if not found:
                raise
            result = Measurement(mode, batch, failure=f"{type(error).__name__}: {str(error)[:300]}")
        found.append(result)
        tell(result)
        step.load_state(before)
    return found


def best(found: list[Measurement]) -> Measurement:
    """The quickest; a smaller batch where that costs at most a tenth."""
    quickest = max(measurement.samples_per_s for measurement in found)
    near = (measurement for measurement in found if measurement.samples_per_s >= _NEARLY * quickest)
    return min(near, key=lambda measurement: (measurement.batch, -measurement.samples_per_s))


def _rate(step: TrainStep, mode: Mode, batch: int, seconds: float) -> Measurement:
    began = time.monotonic()
    step.prepare(mode, batch)
    _steps(step, 1)
    ready = time.monotonic()
    done = 0
    while time.monotonic() - ready < seconds:
        _steps(step, _ROUND)
        done += _ROUND
    return Measurement(mode, batch, done * batch / (time.monotonic() - ready), ready - began)


def _steps(step: TrainStep, count: int) -> None:
    """So many steps, and then wait for the device."""
    for number in range(count):
        step(number, 0.0)
    if not torch.isfinite(step.sums).all():
        raise EdgeError("training_diverged", "The loss of the first steps is not a number.", "Use fp32.")
