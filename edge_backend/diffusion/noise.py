"""Random numbers that depend on the seed and the window alone: those of torch's generator on the CPU."""

from collections.abc import Sequence

import numpy as np

from ..numerics.array import Array

_BLOCK = 16  # numbers that are made from each other
_BITS = 24  # of a float32's mantissa


class WindowNoise:
    """Standard normal values (windows, *shape), new ones at each call; each window has a stream of its own.

    Window k's values depend on seed, k and the number of the call: not on other windows, the batching or the device.
    seed: 0 or more. windows: their numbers in the song. shape: of 16 numbers or more.
    """

    def __init__(self, seed: int, windows: Sequence[int], shape: tuple[int, ...]) -> None:
        self._streams = [NormalStream(_mixed(seed, window)) for window in windows]
        self._shape = shape

    def __call__(self) -> Array:
        """The next values of all windows."""
        return np.stack([stream(self._shape) for stream in self._streams])


class NormalStream:
    """What torch.Generator().manual_seed(seed) gives to torch.randn on the CPU, to the last bit or two.

    seed: 0 or more; its lower 32 bits count, as there.
    """

    def __init__(self, seed: int) -> None:
        # The Mersenne Twister of both is the same, and seeded the same (init_genrand of Matsumoto and Nishimura 1998).
        self._random = np.random.RandomState(seed & 0xFFFFFFFF)

    def __call__(self, shape: tuple[int, ...]) -> Array:
        """The next values, float32, of a shape of 16 numbers or more. Raises ValueError for fewer."""
        count = int(np.prod(shape))
        if count < _BLOCK:
            raise ValueError(f"{count} numbers are drawn in another way than {_BLOCK} or more")
        whole = count - count % _BLOCK
        uniform = self._uniform(count)
        values = np.empty(count)
        values[:whole] = _box_muller(uniform[:whole])
        if whole < count:  # the last block is drawn anew, and overlaps the one before it
            values[-_BLOCK:] = _box_muller(self._uniform(_BLOCK))
        return values.astype(np.float32).reshape(shape)

    def _uniform(self, count: int) -> Array:
        """Numbers from 0 up to 1, of 24 bits each."""
        words = np.frombuffer(self._random.bytes(4 * count), "<u4")
        return (words & (1 << _BITS) - 1) / (1 << _BITS)


def _box_muller(uniform: Array) -> Array:
    """Standard normal values from uniform ones (Box and Muller 1958), in ATen's order: in each block of 16 the first
    eight give radii, the last eight angles."""
    first, second = uniform.reshape(-1, 2, _BLOCK // 2).swapaxes(0, 1)
    radius, angle = np.sqrt(-2 * np.log(1 - first)), 2 * np.pi * second
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).ravel()


def _mixed(seed: int, window: int) -> int:
    return int(np.random.SeedSequence([seed, window]).generate_state(1, np.uint64)[0])
