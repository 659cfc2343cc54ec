"""The network beside the machine: how much of what matrix products can do here it reaches (torch)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import torch

from ..diffusion.guidance import BATCH, constant, encode, guided
from ..model.cached_decoder import CachedDecoder
from ..model.decoder import TIME_TOKENS, DanceDecoder, DecoderConfig

SIZE = 2048  # of the square matrices whose product is taken as the machine's peak
ROUNDS = 20
MIDDLE = 500  # any timestep
GUIDED = 3.0  # any weight that needs both branches


@dataclass(frozen=True, slots=True)
class NetworkSpeed:
    """One evaluation of `windows` windows, heard and unconditional together; GFLOP/s of it and of a large matrix
    product.

    Medians of several rounds, each of which measures both, one after the other. share_of_peak: 0 to 1, the median of
    each round's: how fast a machine is changes within seconds.
    """

    windows: int
    seconds: float
    gflops: float
    peak_gflops: float
    share_of_peak: float

    @property
    def evaluations_per_s(self) -> float:
        """Evaluations of one window in one branch, a second."""
        return 2 * self.windows / self.seconds


def measure_network(model: DanceDecoder, windows: int = BATCH) -> NetworkSpeed:
    """The decoder as sampling uses it, on random numbers, beside the peak of the same seconds."""
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
    """Operations (a product and a sum are two) of all matrix products of one window in one branch, when music and time
    are known."""
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
