"""From the prior's 344.5 features a second to 30: Fourier resampling of a whole slice, as one fixed matrix."""

import functools
import math

import numpy as np
import torch
from scipy.special import diric
from torch import Tensor

from ...schema.frames import FPS
from .encoder import HOP
from .sound import RATE


def frame_count(codes: int) -> int:
    """Frames that so many codes give; 150 for the 1722 codes of 5 s."""
    return math.ceil(codes * FPS * HOP / RATE)


def to_frames(features: Tensor) -> Tensor:
    """(..., L, width) to (..., frames, width), float32."""
    return _matrix(features.shape[-2]).to(features.device) @ features.float()


@functools.lru_cache(maxsize=4)
def _matrix(codes: int) -> Tensor:
    """(frames, codes): Fourier resampling, which takes the slice as periodic, is a sum with the periodic sinc."""
    frames = frame_count(codes)
    waves = 2 * (frames // 2) + 1  # of the spectrum that 30 frames a second can hold, negative frequencies included
    angle = 2 * np.pi * np.subtract.outer(np.arange(frames) / frames, np.arange(codes) / codes)
    return torch.from_numpy((diric(angle, waves) * (waves / codes)).astype(np.float32))
