"""Times the generation of dances: for a synthetic song, or sampling with random weights and random features."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..diffusion.reference import STEPS
from ..diffusion.song import SamplerSettings, sample_song
from ..generation.model_cache import ModelCache
from ..generation.pipeline import generate
from ..model.decoder_config import DecoderConfig
from ..model.engine import Engine
from ..model.weights_file import Weights, WeightsInfo
from ..motion.motion import Motion
from ..motion.representation import CHANNELS, Normaliser
from ..runtime.usage import peak_memory
from ..schema.progress import Stage
from ..schema.requests import QUALITIES, Arithmetic, GenerateRequest, Sampler

WAYS: dict[str, tuple[Sampler, int]] = {**QUALITIES, "reference": ("reference", STEPS)}


@dataclass
class Timing:
    """The timing of one dance of `seconds`.

    arithmetic: exact or fastest. stages: stage -> seconds of work. first: seconds until the first frames were
    available. memory_mb: peak memory of this process so far.
    """

    weights: str
    engine: str
    quality: str
    seconds: float
    arithmetic: Arithmetic = "exact"
    stages: dict[str, float] = field(default_factory=dict)
    first: float = 0.0
    memory_mb: float = 0.0

    @property
    def total(self) -> float:
        """Seconds of work."""
        return sum(self.stages.values())

    @property
    def real_time_factor(self) -> float:
        """Seconds of work per second of dance."""
        return self.total / self.seconds


def time_song(
    model_cache: ModelCache, song: Path, quality: str, seconds: float, arithmetic: Arithmetic = "exact"
) -> Timing:
    """Time a dance of the starter weights to the song, with the settings that Blender uses."""
    sampler, steps = WAYS[quality]
    timing = Timing("starter", model_cache.engine_name, quality, seconds, arithmetic)
    began = last = time.perf_counter()
    stage = ""

    def report(name: Stage, _done: int, _total: int) -> None:
        nonlocal stage, last
        now = time.perf_counter()
        if stage:
            timing.stages[stage] = timing.stages.get(stage, 0.0) + now - last
        stage, last = name, now

    def on_partial(_new: Motion) -> None:
        timing.first = timing.first or time.perf_counter() - began

    request = GenerateRequest(
        str(song), duration=seconds, sampler=sampler, steps=steps, sequential=True, arithmetic=arithmetic
    )
    generate(request, report, model_cache, on_partial)
    timing.stages[stage] = timing.stages.get(stage, 0.0) + time.perf_counter() - last
    return _ended(timing, began)


def time_full_size(
    engine: Engine, config: DecoderConfig, quality: str, seconds: float, arithmetic: Arithmetic = "exact"
) -> Timing:
    """Time the sampling alone, with any network and random features. arithmetic: that the engine was made with."""
    sampler, steps = WAYS[quality]
    frames = round(seconds * Motion.fps)
    cond = np.random.default_rng(0).normal(size=(frames, config.features)).astype(np.float32)
    normaliser = Normaliser(np.ones(CHANNELS, np.float32), np.zeros(CHANNELS, np.float32))
    timing = Timing("full size, random", engine.name, quality, seconds, arithmetic)
    began = time.perf_counter()

    def on_final(_beginning: Motion) -> None:
        timing.first = timing.first or time.perf_counter() - began

    usual = GenerateRequest("")
    settings = SamplerSettings(
        sampler,
        steps,
        guidance=usual.guidance,
        guidance_interval=usual.guidance_interval,
        guidance_ramp=usual.guidance_ramp,
        sequential=True,
    )
    sample_song(engine, normaliser, cond, frames, settings, on_final=on_final)
    timing.stages["sampling"] = time.perf_counter() - began
    return _ended(timing, began)


def full_size() -> Weights:
    """A network of the paper's size, for Jukebox features, with random parameters."""
    random, config = np.random.default_rng(0), DecoderConfig()
    parameters = {
        name: (random.normal(size=shape) / shape[-1] ** 0.5).astype(np.float32)
        for name, shape in config.parameter_shapes()
    }
    normaliser = Normaliser(np.ones(CHANNELS, np.float32), np.zeros(CHANNELS, np.float32))
    return Weights(parameters, normaliser, WeightsInfo("full-size", "Full size", "CC0-1.0", "jukebox", config))


def interleaved(works: Sequence[Callable[[], Timing]], rounds: int) -> list[Timing]:
    """The fastest of several runs of each work, run round-robin.

    Other load on the machine only slows a run and varies within tens of seconds, so that interleaved runs compare
    better than consecutive ones.
    """
    times = [[work() for work in works] for _ in range(rounds)]
    return [min(column, key=lambda timing: timing.total) for column in zip(*times, strict=True)]


def _ended(timing: Timing, began: float) -> Timing:
    timing.first = timing.first or time.perf_counter() - began
    timing.memory_mb = peak_memory() / 1e6
    return timing
