"""Measures the network's speed relative to the machine's peak in matrix products, with torch."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import torch

from ..diffusion.guidance import BATCH, constant, encode, guided
from ..model.cached_decoder import CachedDecoder
from ..model.decoder import TIME_TOKENS, DanceDecoder, DecoderConfig

SIZE = 2048  # of the square matrices whose product defines the machine's peak
ROUNDS = 20
MIDDLE = 500  # any timestep
GUIDED = 3.0  # any weight that needs both branches


@dataclass(frozen=True, slots=True)
class NetworkSpeed:
    """The speed of one evaluation of `windows` windows, conditional and unconditional, and of a large matrix product.

    Medians over several rounds, each of which measures both, because a machine's speed varies within seconds.
    share_of_peak: 0 to 1, the median of the rounds' ratios.
    """

    windows: int
    seconds: float
    gflops: float
    peak_gflops: float
    share_of_peak: float

    @property
    def evaluations_per_s(self) -> float:
        """Evaluations of one window in one branch per second."""
        return 2 * self.windows / self.seconds


def measure_network(model: DanceDecoder, windows: int = BATCH) -> NetworkSpeed:
    """Measure the decoder as used in sampling, on random inputs, alternating with matrix products."""
    config, device = model.config, model.null_cond_hidden.device
    with torch.inference_mode():
        x = torch.randn(windows, config.frames, config.channels, device=device)
        cond = torch.randn(windows, config.frames, config.features, device=device)
        denoise = guided(CachedDecoder(model), encode(model, cond), constant(GUIDED), batch=windows)
        left, right = (torch.randn(SIZE, SIZE, device=device) for _ in range(2))
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(_seconds(lambda: denoise(x, MIDDLE), device))
            theirs.append(_seconds(lambda: left @ right, device))
    work, peak = 2 * windows * evaluation_flops(config), 2 * SIZE**3
    seconds = median(ours)
    share = median((work / our) / (peak / their) for our, their in zip(ours, theirs, strict=True))
    return NetworkSpeed(windows, seconds, work / seconds / 1e9, peak / median(theirs) / 1e9, share)


def evaluation_flops(config: DecoderConfig) -> int:
    """Floating point operations of all matrix products for one window in one branch; a multiply-add counts as two.

    Without the encoding of music and timestep, which CachedDecoder computes once.
    """
    frames, latent = config.frames, config.latent
    projections = 6 * latent**2  # query, key, value, out; query, out
    attention = 2 * latent * (frames + frames + TIME_TOKENS)  # scores and sums, to itself and to the music
    feed_forward = 2 * latent * config.ff
    ends = 2 * config.channels * latent
    return 2 * frames * (config.layers * (projections + attention + feed_forward) + ends)


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    began = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - began
