"""The training loop: steps, learning rate by steps or by time, checkpoints with exact resume, logs."""

import importlib
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import distributed

from ..errors import EdgeError
from ..fileio.atomic_write import atomic_write
from ..model.decoder import DanceDecoder
from ..numerics.array import Array
from ..schema.frames import WINDOW
from .augment import WindowSampler
from .checkpoint import load_checkpoint, save_checkpoint
from .loss_log import LossLog
from .losses import LossWeights
from .measure import Measurement, best, measure
from .pack import DanceSet
from .settings import Mode, TrainSettings
from .step import TrainStep, rank_and_processes

logger = logging.getLogger(__name__)

CHECKPOINT = "checkpoint.safetensors"
SAMPLES = "samples"

_STOP_CHECK = 10  # steps between two exchanges of `stop` among several processes
_HOLDOUT_BATCH = 64  # windows
_MEASURE_SHARE = 0.1  # share of the training's minutes for measuring modes and batch sizes
_MEASURE_SECONDS = 5.0  # for each of them, at most


class Trainer:
    """A training run in a folder; resumes from the folder's checkpoint if there is one.

    Under torchrun every process makes one with the same arguments; the first process writes the files. began: the time
    (time.monotonic) from which `minutes` count, default now. parameters: those that a new run begins with, as of
    `fine_tuning.beginning`, default random ones. Raises EdgeError `training_mismatch` where the checkpoint
    is of another network or other data, `training_settings`, `checkpoint_unreadable`.
    """

    def __init__(
        self,
        settings: TrainSettings,
        dances: DanceSet,
        folder: Path,
        device: torch.device,
        *,
        began: float | None = None,
        parameters: Mapping[str, Array] | None = None,
    ) -> None:
        self.settings = settings
        self.dances = dances
        self.folder = folder
        self.step = 0
        self.rank, self.processes = rank_and_processes()
        if settings.minutes and self.processes > 1:
            raise EdgeError("training_settings", "Several processes have no common clock.", "Give steps, not minutes.")
        _choose_kernels(settings.deterministic, settings.precision)
        sampler = WindowSampler(dances, settings.augmentation)
        has_holdout = settings.holdout_windows > 0 and bool(dances.usable(WINDOW, holdout=True).any())
        self._holdout = WindowSampler(dances, settings.augmentation, holdout=True) if has_holdout else None
        self._train_step = TrainStep(settings, sampler, device)
        self._device = device
        self._began = time.monotonic() if began is None else began
        self._seconds_before = 0.0
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / CHECKPOINT).exists():
            self._resume(folder / CHECKPOINT)
        elif parameters is not None:
            self._train_step.start_from(parameters)
        self._saved, self._saved_at = self.step, time.monotonic()
        self._sampled_at = time.monotonic()
        if self.rank == 0:
            columns = ("loss", *LossWeights.names())
            self._log = LossLog(folder / "loss.csv", (*columns, "lr", "samples_per_s"), self.step)
            self._holdout_log = LossLog(folder / "holdout.csv", columns, self.step)
            self._write_settings()

    @property
    def model(self) -> DanceDecoder:
        """The trained network."""
        return self._train_step.model

    @property
    def ema(self) -> DanceDecoder:
        """The moving average of its weights, which is exported."""
        return self._train_step.ema

    def prepare(self) -> None:
        """Prepare the settings' mode; if that fails, report it and use `plain` instead."""
        settings = self.settings
        if settings.mode == "plain":
            return
        began = time.monotonic()
        try:
            self._train_step.prepare(settings.mode, settings.batch)
        except (torch.OutOfMemoryError, EdgeError):
            raise
        except Exception as error:  # compilers raise exceptions of many types; `plain` needs none
            failure = f"{type(error).__name__}: {str(error)[:300]}"
            logger.info("the mode %s failed, going on without: %s", settings.mode, failure)
            self._train_step.prepare("plain", settings.batch)
            return
        logger.info("%s: ready after %.0f s", settings.mode, time.monotonic() - began)

    def choose(self, modes: Sequence[Mode], batches: Sequence[int]) -> None:
        """Measure the modes and batch sizes, write `speed.json`, and use the one with the highest throughput."""
        span = 60 * self.settings.minutes
        # Plain with the smallest batch first, which checks that training works at all. Then batch size by batch size,
        # because the time may not suffice for all.
        trials = [("plain", min(batches)), *((mode, batch) for batch in batches for mode in modes)]
        found = measure(
            self._train_step,
            list(dict.fromkeys(trials)),
            min(_MEASURE_SECONDS, span / 100),
            span * _MEASURE_SHARE,
            _report,
        )
        chosen = best(found)
        table = {"tried": [asdict(each) for each in found], "chosen": [chosen.mode, chosen.batch]}
        self._write("speed.json", json.dumps(table, indent=1) + "\n")
        logger.info("%s", json.dumps(table))
        self.settings = replace(self.settings, mode=chosen.mode, batch=chosen.batch)
        self._write_settings()
        self._train_step.prepare(chosen.mode, chosen.batch)

    def run(self, stop: Callable[[], bool] = lambda: False, saved: Callable[[], None] = lambda: None) -> None:
        """Train until all steps or minutes are done or `stop` returns True, then write a checkpoint.

        saved: is called after each checkpoint and at the end. Raises EdgeError `training_diverged` when the loss is not
        finite; the last checkpoint remains.
        """
        settings = self.settings
        self._start_clock()
        while self.done < 1 and not self._stopping(stop):
            self._train_step(self.step, settings.lr_at(self.done))
            self.step += 1
            if self.step % settings.log_every == 0:
                self._log_losses()
            if self._holdout and self.step % settings.holdout_every == 0:
                self._log_holdout()
            if self._time_to_sample():
                self._draw_sample()
            if self._time_to_save():
                self.save()
                saved()
        if self._saved != self.step:
            self.save()
        saved()

    @property
    def done(self) -> float:
        """The fraction of the training that is done, by steps or by time."""
        if self.settings.minutes:
            return min(self._seconds() / (60 * self.settings.minutes), 1.0)
        return self.step / self.settings.steps

    def save(self) -> None:
        """Write the checkpoint: weights, their average, optimiser state, and loss sums of the present log interval."""
        if not all(bool(parameter.isfinite().all()) for parameter in self.model.parameters()):
            raise _diverged(self.step)
        if self.rank == 0:
            state = {"step": self.step, "seconds": self._seconds(), "data": self.dances.digest}
            save_checkpoint(self.folder / CHECKPOINT, self._train_step.state(), state)
        self._saved, self._saved_at = self.step, time.monotonic()
        self._start_clock()

    def holdout_losses(self) -> list[float]:
        """The averaged weights' losses on hold-out windows; windows and noise are the same at each call."""
        if self._holdout is None:
            raise ValueError("there are no hold-out dances")
        return self._train_step.averaged_losses(self._holdout, self.settings.holdout_windows, _HOLDOUT_BATCH).tolist()

    def _resume(self, path: Path) -> None:
        tensors, state = load_checkpoint(path)
        if state["data"] != self.dances.digest:
            raise EdgeError(
                "training_mismatch",
                f"The checkpoint {path} was trained on other data.",
                "Choose another folder, or the pack that it was begun with.",
            )
        try:
            self._train_step.load_state(tensors)
        except ValueError as error:
            raise EdgeError(
                "training_mismatch",
                f"The checkpoint {path} belongs to a network of another size.",
                "Choose another folder, or the size that it was begun with.",
                str(error),
            ) from error
        self.step, self._seconds_before = state["step"], state["seconds"]
        logger.info("going on from step %d", self.step)

    def _log_losses(self) -> None:
        """Append the mean losses since the last row. The only synchronisation with the device in the loop."""
        sums = self._train_step.sums / self.settings.log_every
        if self.processes > 1:
            distributed.all_reduce(sums)
            sums /= self.processes
        parts = sums.tolist()
        self._train_step.sums.zero_()
        total = sum(parts)
        if not total < float("inf"):
            raise _diverged(self.step)
        now = time.monotonic()
        rate = (self.step - self._clock_step) * self.settings.batch / (now - self._clock)
        self._start_clock()
        if self.rank == 0:
            self._log.add(self.step, total, *parts, self.settings.lr_at(self.done), rate)
            percent = 100 * self.done
            logger.info("step %d, %.1f%% done: loss %.4f, %.0f samples/s", self.step, percent, total, rate)

    def _log_holdout(self) -> None:
        if self.rank == 0:
            parts = self.holdout_losses()
            self._holdout_log.add(self.step, sum(parts), *parts)
            logger.info("step %d: hold-out loss %.4f", self.step, sum(parts))
        self._start_clock()

    def _draw_sample(self) -> None:
        """Sample a dance with the averaged weights. If a package for that is missing, sampling is disabled."""
        self._sampled_at = time.monotonic()
        if self.rank == 0:
            try:
                draw_sample = importlib.import_module(".samples", __package__).draw_sample
                drawn = draw_sample(self.ema, self.dances, self.folder / SAMPLES, self.step)
                logger.info("step %d: %s", self.step, drawn)
            except ImportError as error:
                logger.info("no samples are drawn: %s", error)
                self.settings = replace(self.settings, samples_every=0, sample_minutes=0)
        self._start_clock()

    def _time_to_sample(self) -> bool:
        settings = self.settings
        if settings.minutes:
            return 0 < 60 * settings.sample_minutes <= time.monotonic() - self._sampled_at
        return settings.samples_every > 0 and self.step % settings.samples_every == 0

    def _time_to_save(self) -> bool:
        if self.settings.minutes:
            return time.monotonic() - self._saved_at >= 60 * self.settings.save_minutes
        return self.step % self.settings.checkpoint_every == 0

    def _seconds(self) -> float:
        """Duration of the training in seconds, over all its runs."""
        return self._seconds_before + time.monotonic() - self._began

    def _write_settings(self) -> None:
        self._write("settings.json", self.settings.to_json())

    def _write(self, name: str, text: str) -> None:
        with atomic_write(self.folder / name) as unfinished:
            unfinished.write_text(text, encoding="utf-8")

    def _start_clock(self) -> None:
        self._clock, self._clock_step = time.monotonic(), self.step

    def _stopping(self, stop: Callable[[], bool]) -> bool:
        if self.processes == 1:
            return stop()
        if self.step % _STOP_CHECK:
            return False
        stops = torch.tensor(float(stop()), device=self._device)
        distributed.all_reduce(stops)
        return bool(stops > 0)


def _choose_kernels(deterministic: bool, precision: str) -> None:
    torch.use_deterministic_algorithms(deterministic, warn_only=True)
    # Deterministic mode fills new memory to expose bugs; that costs time and changes no result here.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    # With bf16, the remaining float32 products may use TensorFloat-32.
    torch.set_float32_matmul_precision("high" if precision == "bf16" else "highest")


def _report(measurement: Measurement) -> None:
    if measurement.failure:
        logger.info("%s, batch %d: %s", measurement.mode, measurement.batch, measurement.failure)
    else:
        rate, prepare = measurement.samples_per_s, measurement.prepare_s
        words = "%s, batch %d: %.0f samples/s, ready after %.0f s"
        logger.info(words, measurement.mode, measurement.batch, rate, prepare)


def _diverged(step: int) -> EdgeError:
    return EdgeError(
        "training_diverged",
        f"The training has diverged: at step {step} the loss or the weights are no longer numbers.",
        "Lower the learning rate, or use fp32; the last checkpoint is still whole.",
    )
