"""Random numbers that depend on the seed and the window alone."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


class WindowNoise:
    """Standard normal values (windows, *shape), new ones at each call; each window has a stream of its own.

    Window k's values depend on seed, k and the number of the call: not on other windows, the batching or the device.
    seed: 0 or more. windows: their numbers in the song.
    """

    def __init__(self, seed: int, windows: Sequence[int], shape: tuple[int, ...], device: torch.device) -> None:
        self._streams = [_stream(seed, window) for window in windows]
        self._shape = shape
        self._device = device

    def __call__(self) -> Tensor:
        """The next values of all windows."""
        draws = [torch.randn(self._shape, generator=stream) for stream in self._streams]
        return torch.stack(draws).to(self._device)


def _stream(seed: int, window: int) -> torch.Generator:
    mixed = np.random.SeedSequence([seed, window]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(mixed))
