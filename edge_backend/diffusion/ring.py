"""Windows around a loop: the last ones reach over its end into its beginning, so that the joint is sampled too."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..motion.representation import CHANNELS, ROOT
from ..numerics.array import Array
from ..schema.frames import HOP, WINDOW
from .samplers import Denoiser

_PLACE = slice(ROOT.start, ROOT.start + 2)  # the root over the floor


@dataclass(frozen=True)
class Ring:
    """The windows over a loop of `frames` frames. Window k covers the frames from k * HOP on, modulo `frames`.

    travels: whether the root may end elsewhere than it began; the distance is then the same in every lap.
    Raises ValueError if frames < 1.
    """

    frames: int
    travels: bool = False

    def __post_init__(self) -> None:
        if self.frames < 1:
            raise ValueError(f"a loop of {self.frames} frames has no windows")

    @property
    def windows(self) -> int:
        """The fewest windows that begin no more than HOP frames apart, all around the loop."""
        return math.ceil(self.frames / HOP)

    @property
    def covered(self) -> int:
        """The windows' frames one after another, without those that two windows share: more than a lap."""
        return HOP * (self.windows + 1)

    @cached_property
    def places(self) -> Array:
        """Int (W, 150): the frame that each frame of a window shows, counted on through the laps."""
        return HOP * np.arange(self.windows)[:, None] + np.arange(WINDOW)

    def cut(self, values: Array) -> Array:
        """Windows (W, 150, ...) of values (frames, ...) around the loop."""
        return values[self.places % self.frames]

    def share(self, noise: Array) -> Array:
        """Windows (W, 150, channels) of noise with the same values wherever two show the same frame."""
        return self.cut(noise[:, :HOP].reshape(-1, noise.shape[-1])[: self.frames])

    def agreeing(self, denoise: Denoiser) -> Denoiser:
        """The denoiser whose predictions are blended wherever windows show the same frame, over the end too."""

        def closed(x: Array, t: int) -> Array:
            frames, travel = self.blend(denoise(x, t))
            x0 = self.cut(frames)
            x0[..., _PLACE] += (self.places // self.frames)[..., None].astype(x0.dtype) * travel
            return x0

        return closed

    def blend(self, windows: Array) -> tuple[Array, Array]:
        """The loop's frames (frames, 151), and its travel (2,), from windows (W, 150, 151).

        Values are means in which a window weighs less towards its ends. With travel D, frame f and the root's place r
        minimise the weighted sum of |x - lap D - r|^2 over all windows' places x: linear least squares.
        """
        flat = windows.reshape(-1, CHANNELS)
        frames = self._mean(flat)
        travel = np.zeros(2, flat.dtype)
        if self.travels:
            lap = (self.places // self.frames).reshape(-1, 1).astype(flat.dtype)
            mean_lap = self._mean(lap)
            lap_off = lap - mean_lap[self._frame]
            off = flat[:, _PLACE] - frames[self._frame, _PLACE]
            weight = self._weight * lap_off
            travel = (weight * off).sum(axis=0) / (weight * lap_off).sum()
            frames[:, _PLACE] -= mean_lap * travel
        return frames, travel

    @cached_property
    def _frame(self) -> Array:
        return (self.places % self.frames).ravel()

    @cached_property
    def _weight(self) -> Array:
        """(W * 150, 1) float32: from almost 0 at a window's ends to 1 in its middle."""
        ramp = (np.minimum(np.arange(WINDOW), np.arange(WINDOW)[::-1]) + 0.5) / HOP
        return np.tile(ramp, self.windows)[:, None].astype(np.float32)

    def _mean(self, flat: Array) -> Array:
        """Weighted means (frames, channels) of the values (W * 150, channels) that show the same frame."""
        order = np.argsort(self._frame, kind="stable")
        begins = np.searchsorted(self._frame[order], np.arange(self.frames))
        total = np.add.reduceat(self._weight[order], begins, axis=0)
        mean: Array = np.add.reduceat((self._weight * flat)[order], begins, axis=0) / total
        return mean
