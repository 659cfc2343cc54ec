"""Slices in, features out: the one loop that every memory plan runs."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .encoder import encode
from .folder import JukeboxFolder
from .frames import to_frames
from .layers import Layer, make_layer
from .plans import MemoryPlan
from .sound import LONGEST
from .speed import estimate_s

Tick = Callable[[int, int], None]
"""(done, total): so much of a group is through. What it raises ends the work there."""


def no_tick(_done: int, _total: int) -> None:
    """For callers who need no progress."""


class NativeExtractor:
    """This program's own Jukebox. Raises EdgeError jukebox_damaged where a file is not as the manifest says."""

    def __init__(self, folder: JukeboxFolder, device: torch.device, plan: MemoryPlan) -> None:
        self._folder = folder
        self._device = device
        self._plan = plan

    @property
    def identity(self) -> str:
        """Features of extractors with the same identity are the same, up to rounding."""
        return f"native-{self._folder.id}-{self._plan.precision}"

    @property
    def group(self) -> int:
        """Slices that are best handed over together."""
        return self._plan.group

    def estimate_s(self, slices: int) -> float:
        """About how many seconds so many slices of 5 s will take, from the speed of a matrix product just now."""
        return estimate_s(self._folder.shape, self._device, self._plan.precision, slices)

    def features(self, sounds: NDArray[np.float32], tick: Tick = no_tick) -> NDArray[np.float32]:
        """Features (S, frames, width) at 30 fps of S slices heard alone, each as sound.prepare gives it: (S, n).

        5 s are 150 frames. More than 25 s of a sound are not heard, nor more than 8192 codes.
        """
        return np.stack([to_frames(stream).cpu().numpy() for stream in self.streams(sounds, tick)])

    @torch.inference_mode()
    def streams(self, sounds: NDArray[np.float32], tick: Tick = no_tick) -> Tensor:
        """What the last layer gives for each code, before resampling to frames: (S, L, width) float32."""
        batches = -(-len(sounds) // self._plan.batch)
        done, total = 0, self._folder.shape.layers * batches
        tick(done, total)
        stream = self._embedded(sounds)
        for layer in self._layers():
            for part in stream.split(self._plan.batch):
                layer.apply(part)
                done += 1
                tick(done, total)
        return stream

    def _embedded(self, sounds: NDArray[np.float32]) -> Tensor:
        """Slices one by one: the encoder's first layers are wide. Its codes are cut to what the prior can see."""
        listener = torch.device("cpu") if self._device.type == "mps" else self._device  # mps rounds as it likes
        front = self._folder.front(listener)
        length = len(front.positions)
        heard = torch.from_numpy(sounds[:, :LONGEST])
        codes = [encode(front.encoder, sound[None].to(listener))[:, :length] for sound in heard]
        return torch.cat([front.embed(one).to(self._device) for one in codes])

    def _layer(self, index: int) -> Layer:
        return make_layer(
            self._folder.layer(index), index, self._folder.shape.heads, self._plan.precision, self._device
        )

    @cached_property
    def _kept(self) -> list[Layer]:
        return [self._layer(index) for index in range(self._folder.shape.layers)]

    def _layers(self) -> Iterator[Layer]:
        """All layers in order; where they are not kept, the next is read while one is at work."""
        if self._plan.layers == "kept":
            yield from (layer.ready() for layer in self._kept)
            return
        count = self._folder.shape.layers
        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(self._layer, 0)
            for index in range(count):
                layer = coming.result()
                if index + 1 < count:
                    coming = reader.submit(self._layer, index + 1)
                yield layer.ready()
                del layer
