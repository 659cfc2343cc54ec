"""Times the generation of dances: for a synthetic song, or sampling with random weights and random features."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from ..diffusion.reference import STEPS
from ..diffusion.song import SamplerSettings, sample_song
from ..generation.model_cache import ModelCache
from ..generation.pipeline import generate
from ..model.decoder import DanceDecoder, DecoderConfig
from ..motion.motion import Motion
from ..motion.representation import CHANNELS, Normaliser
from ..schema.progress import Stage
from ..schema.requests import QUALITIES, Arithmetic, GenerateRequest, Sampler

WAYS: dict[str, tuple[Sampler, int]] = {**QUALITIES, "reference": ("reference", STEPS)}


@dataclass
class Timing:
    """The timing of one dance of `seconds`.

    stages: stage -> seconds of work. first: seconds until the first frames were available. memory_mb: peak memory of
    this process so far.
    """

    weights: str
    quality: str
    seconds: float
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
    timing = Timing("starter", quality, seconds)
    began = last = time.perf_counter()
    stage = ""

    def report(name: Stage, _done: int, _total: int) -> None:
        nonlocal stage, last
        now = time.perf_counter()
        if stage:
            timing.stages[stage] = timing.stages.get(stage, 0.0) + now - last
        stage, last = name, now

    def on_partial(_beginning: Motion) -> None:
        timing.first = timing.first or time.perf_counter() - began

    request = GenerateRequest(
        str(song), duration=seconds, sampler=sampler, steps=steps, sequential=True, arithmetic=arithmetic
    )
    generate(request, report, model_cache, on_partial)
    timing.stages[stage] = timing.stages.get(stage, 0.0) + time.perf_counter() - last
    return _ended(timing, began)


def time_full_size(model: DanceDecoder, quality: str, seconds: float) -> Timing:
    """Time the sampling alone, with any network and random features."""
    sampler, steps = WAYS[quality]
    frames = round(seconds * Motion.fps)
    cond = np.random.default_rng(0).normal(size=(frames, model.config.features)).astype(np.float32)
    normaliser = Normaliser(np.ones(CHANNELS, np.float32), np.zeros(CHANNELS, np.float32))
    timing = Timing("full size, random", quality, seconds)
    began = time.perf_counter()

    def on_final(_vectors: np.ndarray) -> None:
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
    sample_song(model, normaliser, cond, frames, settings, on_final=on_final)
    timing.stages["sampling"] = time.perf_counter() - began
    return _ended(timing, began)


def full_size() -> DanceDecoder:
    """A network of the paper's size, for Jukebox features, with random weights."""
    torch.manual_seed(0)
    return DanceDecoder(DecoderConfig()).eval()


def peak_memory_mb() -> float:
    """Peak memory of this process in MB; 0 on Windows, where it is not measured."""
    if sys.platform == "win32":
        return 0.0
    import resource  # noqa: PLC0415 - not on Windows

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1e6 if sys.platform == "darwin" else 1e3)


def interleaved(works: Sequence[Callable[[], Timing]], rounds: int) -> list[Timing]:
    """The fastest of several runs of each work, run round-robin.

    Other load on the machine only slows a run and varies within tens of seconds, so that interleaved runs compare
    better than consecutive ones.
    """
    times = [[work() for work in works] for _ in range(rounds)]
    return [min(column, key=lambda timing: timing.total) for column in zip(*times, strict=True)]


def _ended(timing: Timing, began: float) -> Timing:
    timing.first = timing.first or time.perf_counter() - began
    timing.memory_mb = peak_memory_mb()
    return timing
