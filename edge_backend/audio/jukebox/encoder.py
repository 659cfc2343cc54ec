"""Sound to codes: the coarsest encoder of Jukebox's VQ-VAE (Dhariwal et al. 2020, section 3), 128 samples a code."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from ...errors import EdgeError

HOP = 128  # samples of one code
DOWNSAMPLINGS = (3, 2, 2)  # strided convolutions in each of the three blocks: 2^7 = HOP
RESIDUAL_UNITS = 4  # behind each, with dilations 1, 3, 9, 27

CODEBOOK = "bottleneck.level_blocks.2.k"
ENCODER = "encoders.2."


@torch.no_grad()
def encode(state: Mapping[str, Tensor], sound: Tensor) -> Tensor:
    """The codes (B, T) int64 of sounds (B, n) at 44.1 kHz; T is n halved seven times, rounded down each time.

    state: parameters under the names of OpenAI's file, float32. Raises EdgeError audio_too_short where T would be 0.
    """
    if sound.shape[-1] < HOP:
        raise EdgeError("audio_too_short", f"{sound.shape[-1]} samples are less than one code of Jukebox, {HOP}.")
    # Rounding to TensorFloat-32 would change some codes to neighbouring ones.
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        return nearest(latents(state, sound), state[CODEBOOK])


def latents(state: Mapping[str, Tensor], sound: Tensor) -> Tensor:
    """Latents (B, 64, T) of sounds (B, n)."""
    x = sound.unsqueeze(1)
    for block, count in enumerate(DOWNSAMPLINGS):
        name = f"{ENCODER}level_blocks.{block}.model"
        for index in range(count):
            x = _convolve(state, f"{name}.{index}.0", x, stride=2, padding=1)
            for unit in range(RESIDUAL_UNITS):
                x = _residual(state, f"{name}.{index}.1.model.{unit}.model", x, 3**unit)
        x = _convolve(state, f"{name}.{count}", x, padding=1)
    return x


def nearest(latent: Tensor, codebook: Tensor) -> Tensor:
    """For each latent of (B, 64, T) the number (B, T) of the nearest row of the codebook (2048, 64)."""
    points = latent.movedim(1, 2)
    distance = points.square().sum(-1, keepdim=True) - 2 * points @ codebook.T + codebook.square().sum(-1)
    return distance.argmin(-1)


def _residual(state: Mapping[str, Tensor], name: str, x: Tensor, dilation: int) -> Tensor:
    inner = _convolve(state, f"{name}.1", x.relu(), dilation=dilation, padding=dilation)
    return x + _convolve(state, f"{name}.3", inner.relu())


def _convolve(
    state: Mapping[str, Tensor], name: str, x: Tensor, *, stride: int = 1, padding: int = 0, dilation: int = 1
) -> Tensor:
    return functional.conv1d(x, state[f"{name}.weight"], state[f"{name}.bias"], stride, padding, dilation)
