"""The feature extractor of this program: encoder, then the prior's layers, in one loop for every memory plan."""

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
"""Callback with (done, total) of a group's work; an exception from it stops the work."""


def no_tick(_done: int, _total: int) -> None:
    """The Tick that does nothing."""


class NativeExtractor:
    """An Extractor by this program's own implementation.

    Raises EdgeError jukebox_damaged if a file differs from the manifest.
    """

    def __init__(self, folder: JukeboxFolder, device: torch.device, plan: MemoryPlan) -> None:
        self._folder = folder
        self._device = device
        self._plan = plan

    @property
    def identity(self) -> str:
        """A name; extractors with the same one give the same features, within rounding."""
        return f"native-{self._folder.id}-{self._plan.precision}"

    @property
    def group(self) -> int:
        """Number of slices to pass in one call."""
        return self._plan.group

    def estimate_s(self, slices: int) -> float:
        """Estimated seconds for so many slices of 5 s, from the speed of a matrix product, which is measured."""
        return estimate_s(self._folder.shape, self._device, self._plan.precision, slices)

    def features(self, sounds: NDArray[np.float32], tick: Tick = no_tick) -> NDArray[np.float32]:
        """Features (S, frames, width) at 30 fps of S separate slices (S, n) as sound.prepare returns them.

        5 s give 150 frames. Only the first 25 s of a sound are used, and at most 8192 codes.
        """
        return np.stack([to_frames(stream).cpu().numpy() for stream in self.streams(sounds, tick)])

    @torch.inference_mode()
    def streams(self, sounds: NDArray[np.float32], tick: Tick = no_tick) -> Tensor:
        """The last layer's output for each code, before resampling to frames: (S, L, width) float32."""
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
        """The stream that enters the first layer; slices are encoded one by one, because the encoder needs memory.

        Codes beyond CONTEXT are cut off.
        """
        device = torch.device("cpu") if self._device.type == "mps" else self._device  # mps would round to other codes
        front = self._folder.front(device)
        length = len(front.positions)
        used = torch.from_numpy(sounds[:, :LONGEST])
        codes = [encode(front.encoder, sound[None].to(device))[:, :length] for sound in used]
        return torch.cat([front.embed(one).to(self._device) for one in codes])

    def _layer(self, index: int) -> Layer:
        return make_layer(
            self._folder.layer(index), index, self._folder.shape.heads, self._plan.precision, self._device
        )

    @cached_property
    def _resident(self) -> list[Layer]:
        return [self._layer(index) for index in range(self._folder.shape.layers)]

    def _layers(self) -> Iterator[Layer]:
        """All layers in order; if they are not kept in memory, the next is read while one is applied."""
        if self._plan.layers == "resident":
            yield from (layer.ready() for layer in self._resident)
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
