"""Resamples features from 344.5 to 30 a second: Fourier resampling of a whole slice, as one constant matrix."""

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
    """Number of frames for a number of codes; 150 for the 1722 codes of 5 s."""
    return math.ceil(codes * FPS * HOP / RATE)


def to_frames(features: Tensor) -> Tensor:
    """Features (..., frames, width) float32 at 30 fps from features (..., L, width), one per code."""
    return _matrix(features.shape[-2]).to(features.device) @ features.float()


@functools.lru_cache(maxsize=4)
def _matrix(codes: int) -> Tensor:
    """(frames, codes): the periodic sinc, with which Fourier resampling of a periodic signal is a matrix product."""
    frames = frame_count(codes)
    waves = 2 * (frames // 2) + 1  # frequencies below half of 30 a second, negative ones included
    angle = 2 * np.pi * np.subtract.outer(np.arange(frames) / frames, np.arange(codes) / codes)
    return torch.from_numpy((diric(angle, waves) * (waves / codes)).astype(np.float32))
