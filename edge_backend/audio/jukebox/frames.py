"""From the prior's 344.5 features a second to 30: Fourier resampling of a whole slice, as one fixed matrix."""

import functools
import math

import numpy as np
import torch
from torch import Tensor

from .encoder import HOP
from .sound import RATE

FPS = 30


def frame_count(codes: int) -> int:
    """Frames that so many codes give; 150 for the 1722 codes of 5 s."""
    return math.ceil(codes * FPS * HOP / RATE)


def to_frames(features: Tensor) -> Tensor:
    """(..., L, width) to (..., frames, width), float32."""
    return _matrix(features.shape[-2]).to(features.device) @ features.float()


@functools.lru_cache(maxsize=4)
def _matrix(codes: int) -> Tensor:
    """(frames, codes): cut the spectrum to the new rate's (Fourier resampling; the slice is taken as periodic)."""
    frames = frame_count(codes)
    spectrum = np.fft.rfft(np.eye(codes), axis=0)[: frames // 2 + 1]
    if frames % 2 == 0 and frames < codes:
        spectrum[frames // 2] *= 2  # the highest frequency stands for both its halves
    return torch.from_numpy((np.fft.irfft(spectrum, frames, axis=0) * (frames / codes)).astype(np.float32))
