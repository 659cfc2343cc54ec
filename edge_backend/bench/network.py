"""Measures the network's speed by an engine relative to the machine's peak in matrix products."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np

from ..diffusion.guidance import constant, guided
from ..model.decoder_config import TIME_TOKENS, DecoderConfig
from ..model.engine import BATCH, Engine
from ..numerics.array import Array
from ..runtime.usage import seconds_of

SIZE = 2048  # of the square matrices whose product defines the machine's peak
ROUNDS = 20
_FEW = 3
MIDDLE = 500  # any timestep
GUIDED = 3.0  # any weight that needs both branches


@dataclass(frozen=True, slots=True)
class NetworkSpeed:
    """The speed of one evaluation of `windows` windows, conditional and unconditional, and of a large matrix product.

    Medians over several rounds, each of which measures both, because a machine's speed varies within seconds.
    arithmetic: of both. share_of_peak: 0 to 1, the median of the rounds' ratios.
    """

    engine: str
    arithmetic: str
    windows: int
    seconds: float
    gflops: float
    peak_gflops: float
    share_of_peak: float

    @property
    def evaluations_per_s(self) -> float:
        """Evaluations of one window in one branch per second."""
        return 2 * self.windows / self.seconds


def measure_network(engine: Engine, config: DecoderConfig, windows: int = BATCH) -> NetworkSpeed:
    """Measure the network as used in sampling, on random inputs, alternating with matrix products."""
    evaluate, product = _evaluation(engine, config, windows), _product(engine)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(seconds_of(evaluate))
        theirs.append(seconds_of(product))
    work, peak = 2 * windows * evaluation_flops(config), 2 * SIZE**3
    seconds = median(ours)
    share = median((work / our) / (peak / their) for our, their in zip(ours, theirs, strict=True))
    return NetworkSpeed(
        engine.name, engine.arithmetic, windows, seconds, work / seconds / 1e9, peak / median(theirs) / 1e9, share
    )


def evaluations_per_s(engine: Engine, config: DecoderConfig) -> float:
    """Evaluations of one window in one branch per second, on random inputs: the fastest of _FEW runs."""
    evaluate = _evaluation(engine, config, BATCH)
    evaluate()  # initialisation that happens once
    return 2 * BATCH / min(seconds_of(evaluate) for _ in range(_FEW))


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


def _evaluation(engine: Engine, config: DecoderConfig, windows: int) -> Callable[[], Array]:
    """One evaluation of random windows (windows, frames, channels) with both branches, by the denoiser of sampling."""
    random = np.random.default_rng(0)
    x, cond = (
        random.normal(size=(windows, config.frames, width)).astype(np.float32)
        for width in (config.channels, config.features)
    )
    denoise = guided(engine, engine.encode(cond), constant(GUIDED))
    return lambda: denoise(x, MIDDLE)


def _product(engine: Engine) -> Callable[[], object]:
    """A large matrix product in the engine's arithmetic, by torch on its device or by numpy; it waits for the end."""
    left, right = np.random.default_rng(1).normal(size=(2, SIZE, SIZE)).astype(np.float32)
    if engine.name == "onnx":
        return lambda: left @ right
    torch = importlib.import_module("torch")
    precision = importlib.import_module("..model.arithmetic", __package__).PRECISIONS[engine.arithmetic]
    one, other = (torch.from_numpy(matrix).to(engine.device, precision) for matrix in (left, right))
    return lambda: float((one @ other)[0, 0])
