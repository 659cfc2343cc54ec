"""Resampling by soxr, as librosa's `resample` does it, for features that are defined so (Jukebox, baseline).

The program's own features use numerics.resampling, which needs numpy alone.
"""

import math

import numpy as np
import soxr
from numpy.typing import NDArray


def resampled(samples: NDArray[np.float32], rate: int, target: int) -> NDArray[np.float32]:
    """Samples (n,) at `rate` resampled to `target` samples a second, in high quality: (ceil(n * target / rate),)."""
    if rate == target:
        return samples
    length = math.ceil(len(samples) * target / rate)
    sound = soxr.resample(samples, rate, target, quality="HQ")[:length]
    return np.pad(sound, (0, length - len(sound))).astype(np.float32, copy=False)
