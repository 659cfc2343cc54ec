"""Measures the throughput of training modes and batch sizes on this machine."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch

from ..errors import EdgeError
from .settings import Mode
from .step import TrainStep

_NEARLY = 0.9  # the smaller of two batch sizes is chosen if its throughput is at least this share: it makes more steps
_ROUND = 5  # steps that are launched between two readings of the clock


@dataclass(frozen=True)
class Measurement:
    """A measured mode and batch size. prepare_s: seconds for compiling or recording. failure: the error, or ""."""

    mode: Mode
    batch: int
    samples_per_s: float = 0.0
    prepare_s: float = 0.0
    failure: str = ""


def measure(
    step: TrainStep,
    trials: Iterable[tuple[Mode, int]],
    seconds: float,
    limit: float,
    report: Callable[[Measurement], None] = lambda _: None,
) -> list[Measurement]:
    """Measure pairs (mode, batch size) for `seconds` each; none is started after `limit` seconds.

    Exceptions of the first pair are raised, those of the others are recorded in their Measurement. report: is called
    with each measurement. The weights are restored.
    """
    began, before, found = time.monotonic(), {k: v.clone() for k, v in step.state().items()}, list[Measurement]()
    for mode, batch in trials:
        if found and time.monotonic() - began > limit:
            break
        try:
            result = _rate(step, mode, batch, seconds)
        except Exception as error:  # compilers and drivers raise exceptions of many types
            if not found:
                raise
            result = Measurement(mode, batch, failure=f"{type(error).__name__}: {str(error)[:300]}")
        found.append(result)
        report(result)
        step.load_state(before)
    return found


def best(found: list[Measurement]) -> Measurement:
    """The measurement with the highest throughput, or a smaller batch with at least _NEARLY of it."""
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
    """Run `count` steps and synchronise. Raises EdgeError `training_diverged` where a loss is not finite."""
    for number in range(count):
        step(number, 0.0)
    if not torch.isfinite(step.sums).all():
        raise EdgeError("training_diverged", "The loss of the first steps is not a number.", "Use fp32.")
