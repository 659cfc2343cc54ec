"""The engine by torch: for GPUs, for half precision, and as the reference for the other engine.

Arrays are copied to the device and back at every call: 90 kB per window, a negligible time beside its evaluation.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..numerics.array import Array
from ..runtime.devices import choose
from ..schema.requests import Arithmetic, EngineName
from .arithmetic import PRECISIONS, quickest
from .cached_decoder import CachedDecoder, Memory
from .decoder import DanceDecoder, Music, build_decoder
from .engine import BATCH, Poll, ProductArithmetic, carry_on
from .memory_cache import MemoryCache
from .parallel_windows import chunks, parallel_threads, rounds, run_parallel
from .weights_file import Weights


class _Music(NamedTuple):
    """Encoded windows of music on the device, and cached keys and values. baseline: None = the null condition."""

    encoded: Music
    memories: MemoryCache[tuple[int, int], Memory]
    baseline: Memory | None


class TorchEngine:
    """The engine on the device of its network.

    batch: the largest number of windows in one evaluation, or one per CPU thread. batch and the number of threads
    change the numbers by rounding only. arithmetic: of the matrix products and attention.
    """

    name: EngineName = "torch"
    version: str = torch.__version__

    def __init__(self, network: DanceDecoder, *, batch: int = BATCH, arithmetic: ProductArithmetic = "fp32") -> None:
        self.arithmetic: ProductArithmetic = arithmetic
        self._network = network
        self._batch = batch
        self._decoder = CachedDecoder(network, PRECISIONS[arithmetic])

    @property
    def device(self) -> str:
        """The type of the device."""
        return self._device.type

    @property
    def threads(self) -> int:
        """Number of CPU threads."""
        return torch.get_num_threads()

    @torch.inference_mode()
    def encode(self, cond: Array, poll: Poll = carry_on, *, baseline: Array | None = None) -> _Music:
        """As Engine.encode."""
        parts = []
        for part in chunks(len(cond), self._batch):
            poll()
            parts.append(self._network.encode_music(self._tensor(cond[part])))
        encoded = Music(*(torch.cat(column) for column in zip(*parts, strict=True)))

        def read(windows: tuple[int, int]) -> Memory:
            part = slice(*windows)
            return self._decoder.memory(Music(encoded.tokens[part], encoded.hidden[part]))

        other = None
        if baseline is not None:
            other = self._decoder.memory(self._network.encode_music(self._tensor(baseline[None])))
        return _Music(encoded, MemoryCache(read), other)

    @torch.inference_mode()
    def predict(
        self, x: Array, t: int, music: _Music, *, conditional: bool, unconditional: bool, poll: Poll = carry_on
    ) -> list[Array]:
        """As Engine.predict."""
        given = self._tensor(x)
        x0: list[Tensor] = []
        for parts in rounds(len(x), self._batch, parallel_threads(self._device)):
            poll()
            memories = [music.memories.of((part.start, part.stop)) if conditional else None for part in parts]
            jobs: list[Callable[[], Tensor]] = [
                partial(self._decoder, given[part], t, memory, unconditional=unconditional, baseline=music.baseline)
                for part, memory in zip(parts, memories, strict=True)
            ]
            x0 += run_parallel(jobs)
        return list(torch.cat(x0, dim=1).cpu().numpy())

    @torch.inference_mode()
    def plain(self, x: Array, t: int, cond: Array, *, unconditional: bool) -> Array:
        """As Engine.plain."""
        times = torch.full((len(x),), t, device=self._device)
        dropped = torch.full((len(x),), unconditional, device=self._device)
        x0: Array = self._network(self._tensor(x), self._tensor(cond), times, dropped).cpu().numpy()
        return x0

    @property
    def _device(self) -> torch.device:
        return self._network.null_cond_hidden.device

    def _tensor(self, array: Array) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32)).to(self._device)


def make_torch_engine(
    weights: Weights, device: str, *, batch: int = BATCH, arithmetic: Arithmetic = "exact", cache: Path | None = None
) -> TorchEngine:
    """Make the engine with these weights on the device of that name.

    arithmetic: exact = float32, fastest = the fastest on this machine, measured once and stored in the folder `cache`.
    """
    network = build_decoder(weights.info.config, weights.parameters).to(choose(device))
    chosen: ProductArithmetic = quickest(network, batch, cache) if arithmetic == "fastest" else "fp32"
    return TorchEngine(network, batch=batch, arithmetic=chosen)
