"""The training loop: x0-prediction under noise, Adan, a running average of the weights, exact resume.

Step k draws everything random (windows, noise, timesteps, dropout) from generators seeded with (seed, k). So a run that
was killed goes on as if nothing had happened, and several processes agree on the same global batch.
"""

import copy
import hashlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Generator, Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from ..diffusion.schedule import cosine_schedule
from ..errors import EdgeError
from ..model.decoder import DanceDecoder
from .adan import Adan
from .augment import CONTROLS, FRAMES, WindowSampler
from .checkpoint import load_checkpoint, save_checkpoint
from .loss_log import LossLog
from .losses import LossWeights
from .objective import Noised, Objective
from .pack import DanceSet
from .settings import TrainSettings

CHECKPOINT = "checkpoint.safetensors"

_STOP_CHECK = 10  # steps between the moments at which several processes agree on stopping


class Trainer:
    """One run in one folder: goes on from the folder's checkpoint if there is one.

    Under torchrun every process builds one with the same arguments; the first process writes the files. Raises
    EdgeError `training_mismatch` where the checkpoint belongs to another network or other data, `training_settings`.
    """

    def __init__(self, settings: TrainSettings, dances: DanceSet, folder: Path, device: torch.device) -> None:
        self.settings = settings
        self.dances = dances
        self.folder = folder
        self.device = device
        self.step = 0
        self.rank, self.processes = _rank_and_processes()
        if settings.batch % self.processes:
            message = f"A batch of {settings.batch} windows cannot be shared by {self.processes} processes."
            raise EdgeError("training_settings", message, "Choose a multiple.")
        _choose_kernels(settings.deterministic)
        self._sampler = WindowSampler(dances, settings.augmentation)
        has_holdout = settings.holdout_windows > 0 and bool(dances.usable(FRAMES, holdout=True).any())
        self._holdout = WindowSampler(dances, settings.augmentation, holdout=True) if has_holdout else None
        abar = cosine_schedule().alphas_cumprod.to(device)
        self._signal, self._sigma = abar.sqrt(), (1 - abar).sqrt()
        self._generator = Generator(device)
        self._sums = torch.zeros(len(LossWeights.names()), device=device)

        torch.manual_seed(settings.seed)
        self.model = DanceDecoder(settings.network(dances.features.shape[-1] + CONTROLS)).to(device)
        self.ema = copy.deepcopy(self.model).eval().requires_grad_(False)
        self.optimiser = Adan(self.model.parameters(), lr=settings.lr)
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / CHECKPOINT).exists():
            self._resume(folder / CHECKPOINT)
        self._saved = self.step
        self._objective = self._prepared(self._objective_of(self.model))
        if self.rank == 0:
            columns = ("loss", *LossWeights.names())
            self._log = LossLog(folder / "loss.csv", (*columns, "lr", "samples_per_s"), self.step)
            self._holdout_log = LossLog(folder / "holdout.csv", columns, self.step)
            (folder / "settings.json").write_text(settings.to_json())

    def run(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Train until all steps are done or `stop` says so, then leave a checkpoint.

        Raises EdgeError `training_diverged` when the loss is no longer a number; the last checkpoint is kept.
        """
        settings = self.settings
        self._start_clock()
        while self.step < settings.steps and not self._stopping(stop):
            self._train_step()
            if self.step % settings.log_every == 0:
                self._log_losses()
            if self._holdout and self.step % settings.holdout_every == 0:
                self._log_holdout()
            if self.step % settings.checkpoint_every == 0:
                self.save()
        if self._saved != self.step:
            self.save()

    def save(self) -> None:
        """Write the checkpoint: weights, their average, the optimiser, the sums of the running log interval."""
        if not all(bool(parameter.isfinite().all()) for parameter in self.model.parameters()):
            raise _diverged(self.step)
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        tensors |= {f"ema.{name}": value for name, value in self.ema.state_dict().items()}
        optimiser = self.optimiser.state_dict()
        for number, state in optimiser["state"].items():
            tensors |= {f"optimiser.{number}.{key}": value for key, value in state.items()}
        tensors["sums"] = self._sums
        if self.rank == 0:
            state = {"step": self.step, "data": self.dances.digest, "groups": optimiser["param_groups"]}
            save_checkpoint(self.folder / CHECKPOINT, tensors, state)
        self._saved = self.step
        self._start_clock()

    @torch.no_grad()
    def holdout_losses(self) -> list[float]:
        """Parts of the averaged weights' loss on hold-out windows: every time the same windows and noise."""
        if self._holdout is None:
            raise ValueError("there are no hold-out dances")
        objective, settings = self._objective_of(self.ema), self.settings
        batches = -(-settings.holdout_windows // settings.batch)
        total = torch.zeros_like(self._sums)
        for number in range(batches):
            windows = min(settings.batch, settings.holdout_windows - number * settings.batch)
            batch = self._draw(self._holdout, windows, _seed(settings.seed, "hold-out", number), drop=0)
            total += objective(batch) * (windows / settings.holdout_windows)
        return total.tolist()

    def _train_step(self) -> None:
        settings, step = self.settings, self.step
        batch = self._draw(self._sampler, settings.batch, _seed(settings.seed, "batch", step), settings.drop_condition)
        share = settings.batch // self.processes
        batch = Noised(*(part[self.rank * share : (self.rank + 1) * share] for part in batch))
        torch.manual_seed(_seed(settings.seed, f"dropout {self.rank}", step))
        parts = self._objective(batch)
        parts.sum().backward()
        for group in self.optimiser.param_groups:
            group["lr"] = settings.lr_at(step)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        with torch.no_grad():
            torch._foreach_lerp_(list(self.ema.parameters()), list(self.model.parameters()), 1 - settings.ema_at(step))
            self._sums += parts
        self.step += 1

    def _draw(self, sampler: WindowSampler, windows: int, seed: int, drop: float) -> Noised:
        """A batch with noise on it (Ho et al. 2020, eq. 4) at uniform timesteps, all of it decided by the seed."""
        generator = self._generator.manual_seed(seed)
        target, condition = sampler.draw(windows, generator)
        t = torch.randint(len(self._signal), (windows,), device=self.device, generator=generator)
        noise = torch.randn(target.shape, device=self.device, generator=generator)
        dropped = torch.rand(windows, device=self.device, generator=generator) < drop
        noisy = self._signal[t, None, None] * target + self._sigma[t, None, None] * noise
        return Noised(noisy, condition, t, dropped, target)

    def _objective_of(self, network: nn.Module) -> Objective:
        return Objective(network, self.settings.losses, self._sampler.scale, bf16=self.settings.precision == "bf16")

    def _prepared(self, objective: Objective) -> Callable[[Noised], Tensor]:
        """The objective, spread over the processes and compiled where that is wanted and works."""
        spread: nn.Module = objective
        if self.processes > 1:
            ids = [self.device] if self.device.type == "cuda" else None
            spread = DistributedDataParallel(objective, device_ids=ids)
        if not self.settings.compile:
            return spread
        began = time.monotonic()
        compiled = torch.compile(spread)
        batch = self._draw(self._sampler, self.settings.batch // self.processes, seed=0, drop=0.5)
        try:
            compiled(batch).sum().backward()
        except torch.OutOfMemoryError:
            raise
        except Exception as error:  # whatever a compiler may trip over, training without it works
            _say(f"torch.compile failed, going on without it: {type(error).__name__}: {str(error)[:300]}")
            return spread
        finally:
            self.optimiser.zero_grad(set_to_none=True)
        _say(f"compiled in {time.monotonic() - began:.0f} s")
        return compiled

    def _resume(self, path: Path) -> None:
        tensors, state = load_checkpoint(path)
        if state["data"] != self.dances.digest:
            raise EdgeError(
                "training_mismatch",
                f"The checkpoint {path} was trained on other data.",
                "Choose another folder, or the pack that it was begun with.",
            )
        optimiser: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith("optimiser."):
                _, number, key = name.split(".")
                optimiser.setdefault(int(number), {})[key] = value
        try:
            self.model.load_state_dict(_under("model.", tensors))
            self.ema.load_state_dict(_under("ema.", tensors))
            self.optimiser.load_state_dict({"state": optimiser, "param_groups": state["groups"]})
        except (RuntimeError, ValueError) as error:
            raise EdgeError(
                "training_mismatch",
                f"The checkpoint {path} belongs to a network of another size.",
                "Choose another folder, or the size that it was begun with.",
                str(error),
            ) from error
        self._sums.copy_(tensors["sums"])
        self.step = state["step"]
        _say(f"going on from step {self.step}")

    def _log_losses(self) -> None:
        """Write the mean losses since the last row. The only place where a step waits for the device."""
        sums = self._sums / self.settings.log_every
        if self.processes > 1:
            distributed.all_reduce(sums)
            sums /= self.processes
        parts = sums.tolist()
        self._sums.zero_()
        total = sum(parts)
        if not total < float("inf"):
            raise _diverged(self.step)
        now = time.monotonic()
        rate = (self.step - self._clock_step) * self.settings.batch / (now - self._clock)
        self._start_clock()
        if self.rank == 0:
            self._log.add(self.step, total, *parts, self.settings.lr_at(self.step - 1), rate)
            _say(f"step {self.step} of {self.settings.steps}: loss {total:.4f}, {rate:.0f} samples/s")

    def _log_holdout(self) -> None:
        if self.rank == 0:
            parts = self.holdout_losses()
            self._holdout_log.add(self.step, sum(parts), *parts)
            _say(f"step {self.step} of {self.settings.steps}: hold-out loss {sum(parts):.4f}")
        self._start_clock()

    def _start_clock(self) -> None:
        self._clock, self._clock_step = time.monotonic(), self.step

    def _stopping(self, stop: Callable[[], bool]) -> bool:
        if self.processes == 1:
            return stop()
        if self.step % _STOP_CHECK:
            return False
        wish = torch.tensor(float(stop()), device=self.device)
        distributed.all_reduce(wish)
        return bool(wish > 0)


def _rank_and_processes() -> tuple[int, int]:
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def _choose_kernels(deterministic: bool) -> None:
    torch.use_deterministic_algorithms(deterministic, warn_only=True)
    # Filling fresh memory finds bugs; it costs time and changes no result here.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def _seed(seed: int, use: str, number: int) -> int:
    """A seed for one use at one moment, far from every other one."""
    return int.from_bytes(hashlib.blake2b(f"{seed} {use} {number}".encode(), digest_size=8).digest()) >> 1


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _diverged(step: int) -> EdgeError:
    return EdgeError(
        "training_diverged",
        f"The training has diverged: at step {step} the loss or the weights are no longer numbers.",
        "Lower the learning rate, or use fp32; the last checkpoint is still whole.",
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
