"""One training step: draw windows, add noise, predict, losses, gradients, Adan, moving average.

The step consists of tensor operations without synchronisation, so that it can be run eagerly, compiled, or recorded as
a CUDA graph and replayed with a single launch: for a small network, launching kernels one by one takes longer than
computing them. The same function runs on a CPU.
"""

import copy
import hashlib
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from ..diffusion.schedule import cosine_schedule
from ..errors import EdgeError
from ..model.decoder import DanceDecoder
from ..numerics.array import Array
from .adan import Adan
from .augment import CONTROLS, WindowSampler
from .flat import FlatParameters
from .losses import LossWeights
from .objective import Noised, Objective
from .settings import Mode, TrainSettings

_WARM_UP = 3  # steps before a recording, in which libraries choose algorithms and allocate memory


class TrainStep:
    """The state of the training and the step itself: `step(number, lr)`.

    model: the trained network. ema: its moving average, in eval mode. sums: (5,) the losses, summed since the caller
    last set them to 0. All random numbers of step k (windows, noise, timesteps, dropout) are drawn after seeding torch
    with (seed, k), so that an interrupted run resumes exactly and several processes draw the same global batch.
    """

    def __init__(self, settings: TrainSettings, sampler: WindowSampler, device: torch.device) -> None:
        self.settings = settings
        self.device = device
        self.rank, self.processes = rank_and_processes()
        abar = torch.from_numpy(cosine_schedule().alphas_cumprod).to(device)
        self._signal, self._sigma = abar.sqrt(), (1 - abar).sqrt()
        self._sampler = sampler
        torch.manual_seed(settings.seed)
        features = sampler.dances.features.shape[-1] + CONTROLS
        self.model = DanceDecoder(settings.network(features)).to(device)
        self.ema = copy.deepcopy(self.model).eval().requires_grad_(False)
        self._flat, self._flat_ema = FlatParameters(self.model), FlatParameters(self.ema)
        self._adan = Adan(self._flat.values, self._flat.gradients)
        self._average_share = torch.zeros((), device=device)
        self.sums = torch.zeros(len(LossWeights.names()), device=device)
        self._spread = self._over_processes(self._objective_of(self.model))
        self._run: Callable[[], None]
        self.prepare("plain", settings.batch)

    def __call__(self, number: int, lr: float) -> None:
        """Launch step `number`, counted from 0, without synchronising."""
        torch.manual_seed(seed_of(self.settings.seed, "step", number))
        self._adan.prepare(number + 1, lr)
        self._average_share.fill_(1 - self.settings.ema_at(number))
        self._run()

    @torch.no_grad()
    def start_from(self, parameters: Mapping[str, Array]) -> None:
        """Begin with a network's parameters, which have its shapes, instead of random ones."""
        for network in (self.model, self.ema):
            for name, parameter in network.named_parameters():
                parameter.copy_(torch.from_numpy(parameters[name].astype(np.float32)))

    def prepare(self, mode: Mode, batch: int) -> None:
        """Compile or record the step for `batch` windows over all processes; compiling takes a minute or more.

        Raises EdgeError `training_settings` where the device or the number of processes does not allow it, and any
        exception of compilers and drivers. The weights are restored.
        """
        if batch % self.processes:
            message = f"A batch of {batch} windows cannot be shared by {self.processes} processes."
            raise EdgeError("training_settings", message, "Choose a multiple.")
        if "graphed" in mode and (self.device.type != "cuda" or self.processes > 1):
            message = f"The mode {mode} needs a CUDA device, and one process alone."
            raise EdgeError("training_settings", message, "Choose plain or compiled.")
        self._run = _nothing  # frees the memory of an earlier recording
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        draw: Callable[..., Noised] = self.draw
        losses: Callable[[Noised], Tensor] = self._spread
        update: Callable[[], None] = self._update
        if "compiled" in mode:
            draw, losses = torch.compile(draw, dynamic=False), torch.compile(losses, dynamic=False)
            update = torch.compile(update, dynamic=False)

        def run() -> None:
            noised = self._share(draw(self._sampler, batch, self.settings.drop_condition))
            parts = losses(noised)
            self._flat.gradients.zero_()
            parts.sum().backward()
            update()
            self.sums.add_(parts.detach())

        if mode != "plain":
            before = {name: tensor.clone() for name, tensor in self.state().items()}
            run = self._recorded(run) if "graphed" in mode else _run_once(run)
            self.load_state(before)
        self._run = run

    @torch.no_grad()
    def draw(self, sampler: WindowSampler, windows: int, drop: float) -> Noised:
        """A batch of windows with noise (Ho et al. 2020, eq. 4) at uniform timesteps. drop: as drop_condition."""
        target, condition = sampler.draw(windows)
        t = torch.randint(len(self._signal), (windows,), device=self.device)
        noise = torch.randn(target.shape, device=self.device)
        dropped = torch.rand(windows, device=self.device) < drop
        noisy = self._signal[t, None, None] * target + self._sigma[t, None, None] * noise
        return Noised(noisy, condition, t, dropped, target)

    @torch.no_grad()
    def averaged_losses(self, sampler: WindowSampler, windows: int, batch: int) -> Tensor:
        """The averaged weights' losses (5,) on a sampler's windows; windows and noise are the same at each call."""
        objective, total = self._objective_of(self.ema), torch.zeros_like(self.sums)
        for first in range(0, windows, batch):
            torch.manual_seed(seed_of(self.settings.seed, "hold-out", first))
            count = min(batch, windows - first)
            total += objective(self.draw(sampler, count, drop=0)) * (count / windows)
        return total

    def state(self) -> dict[str, Tensor]:
        """Views of all tensors that training changes: `model.NAME`, `ema.NAME`, Adan's `m.NAME` and so on, `sums`."""
        buffers = {"model": self._flat.values, "ema": self._flat_ema.values, **self._adan.state}
        named = {
            f"{key}.{name}": view for key, buffer in buffers.items() for name, view in self._flat.named(buffer).items()
        }
        return named | {"sums": self.sums}

    @torch.no_grad()
    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Copy tensors from `state`. Raises ValueError, changing nothing, where names or shapes differ."""
        own = self.state()
        if own.keys() != tensors.keys() or any(own[name].shape != tensors[name].shape for name in own):
            raise ValueError("another network's state")
        for name, tensor in own.items():
            tensor.copy_(tensors[name])

    def _share(self, noised: Noised) -> Noised:
        """This process's part of the global batch. Seeds torch per process, so that their dropout differs."""
        if self.processes == 1:
            return noised
        share = len(noised.t) // self.processes
        torch.manual_seed(seed_of(torch.initial_seed(), "process", self.rank))
        return Noised(*(part[self.rank * share : (self.rank + 1) * share] for part in noised))

    @torch.no_grad()
    def _update(self) -> None:
        self._adan.step()
        self._flat_ema.values.lerp_(self._flat.values, self._average_share)

    def _objective_of(self, network: nn.Module) -> Objective:
        settings = self.settings
        bf16 = settings.precision == "bf16"
        return Objective(network, settings.losses, self._sampler.scale, bf16, settings.fk_place)

    def _over_processes(self, objective: Objective) -> nn.Module:
        if self.processes == 1:
            return objective
        ids = [self.device] if self.device.type == "cuda" else None
        return DistributedDataParallel(objective, device_ids=ids, broadcast_buffers=False)

    def _recorded(self, run: Callable[[], None]) -> Callable[[], None]:
        """`run` recorded as a CUDA graph; at each replay its random numbers follow torch's seed, as without a graph."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UP):
                run()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            run()
        return graph.replay


def seed_of(seed: int, use: str, number: int) -> int:
    """A seed from run seed, use and number: 63 bits of their BLAKE2b hash."""
    return int.from_bytes(hashlib.blake2b(f"{seed} {use} {number}".encode(), digest_size=8).digest()) >> 1


def rank_and_processes() -> tuple[int, int]:
    """Rank of this process and number of processes; (0, 1) without torchrun."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def _nothing() -> None:
    raise RuntimeError("the step has not been prepared")


def _run_once(run: Callable[[], None]) -> Callable[[], None]:
    """Call `run` once, which compiles it or raises, and return it."""
    run()
    return run
