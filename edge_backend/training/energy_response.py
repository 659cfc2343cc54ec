"""Measures the speeds at which weights dance for each energy, and the smoothing that each style needs.

generation.energy inverts the measured response.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ..audio.song_source import song_source
from ..errors import EdgeError
from ..evaluation.smoothness import dynamics, jitter, low_share
from ..generation.model_cache import ModelCache
from ..generation.pipeline import generate
from ..model.weights_file import Weights, load_weights, save_weights
from ..motion.motion import Motion
from ..motion.smoothing import smoothed
from ..schema.requests import FeetRequest, GenerateRequest, Style

ENERGIES = (0.0, 0.125, 0.25, 0.5, 0.75, 1.0)  # given to the network
WILDER = (1.1, 1.2)  # given to the network too, where with 1 it dances slower than FAST of the captured speeds
FAST = 0.9
LEAST_LOW = 0.03  # share of low frames that every style may have: deep squats
LOW_FACTOR = 1.5  # of the data's share of low frames, above which there is too much floor work
_LEAST_STEP = 1e-4  # m/s; least difference of successive speeds, which must increase to be inverted

Progress = Callable[[str], None]


def measure_response(path: Path, songs: Sequence[Path], seconds: float, device: str, progress: Progress) -> None:
    """Measure a weights file, and store the results in it.

    For each captured style: the mean speed of its dances, m/s, for each of ENERGIES (and WILDER), the energy above
    which they have more floor work than the data, and the smoothness that reduces their jitter to the data's.
    songs: `seconds` from the middle of each are danced with the default settings, without foot cleanup, each song with
    its own seed. progress: callback with a line for each result. The file is written at the end. Raises EdgeError
    speeds_unknown if the file has no speeds of its data, and those of `generate`; OSError.
    """
    weights = load_weights(path)
    captured: dict[Style, dict[str, Any]] = weights.info.training.get("speeds", {})
    if not captured:
        raise EdgeError(
            "speeds_unknown", f"{path} does not say how fast its data was danced.", "Export the weights again."
        )
    speeds = {style: {key: known[key] for key in ("captured", "jitter", "low")} for style, known in captured.items()}
    with TemporaryDirectory() as folder:
        unmeasured = Path(folder) / path.name
        _save(unmeasured, weights, speeds)
        cache = ModelCache(device)
        for style, found in speeds.items():
            dance = _Dancing(unmeasured, style, songs, seconds, cache)
            measured = [(energy, *dance.speed_and_low(energy)) for energy in ENERGIES]
            if measured[-1][1] < np.interp(FAST, np.linspace(0, 1, len(found["captured"])), found["captured"]):
                measured += [(energy, *dance.speed_and_low(energy)) for energy in WILDER]
            found["danced"] = danced = increasing([(energy, speed) for energy, speed, _ in measured])
            found["highest_drawn"] = highest_drawn(measured, max(LOW_FACTOR * found["low"], LEAST_LOW))
            progress(f"{style}: " + ", ".join(f"energy {energy:g} gives {speed:.3f} m/s" for energy, speed in danced))
            usual = np.interp(found["captured"][len(found["captured"]) // 2], *reversed(np.array(danced).T))
            found["smoothness"] = least_smoothness(dance.motions(float(usual)), found["jitter"])
            progress(f"{style}: smoothness {found['smoothness']:g}")
    _save(path, weights, speeds)


def least_smoothness(dances: Sequence[Motion], most: float) -> float:
    """The least smoothness, in steps of 0.01, with which the mean jitter of the dances is at most `most`, m/s^3."""
    for hundredths in range(100):
        strength = hundredths / 100
        if np.mean([jitter(smoothed(dance, strength).joints()) for dance in dances]) <= most:
            return strength
    return 1.0


def highest_drawn(measured: Sequence[tuple[float, float, float]], most: float) -> float:
    """The largest energy with a share of low frames of at most `most`, interpolated; 0 if there is none.

    measured: (energy, speed m/s, share of low frames), by ascending energy.
    """
    before = (0.0, 0.0, 0.0)
    for energy, speed, low in measured:
        if low > most:
            share = max(most - before[2], 0.0) / (low - before[2])
            return round(before[0] + share * (energy - before[0]), 4)
        before = energy, speed, low
    return before[0]


def increasing(danced: Sequence[tuple[float, float]]) -> list[list[float]]:
    """Pairs (energy, speed) with speeds raised where needed, so that each exceeds the last by _LEAST_STEP or more."""
    pairs: list[list[float]] = []
    for energy, speed in danced:
        pairs.append([round(energy, 4), round(max(speed, pairs[-1][1] + _LEAST_STEP) if pairs else speed, 4)])
    return pairs


@dataclass(frozen=True)
class _Dancing:
    """Generates dances to `seconds` of each song, without foot cleanup."""

    weights: Path
    style: Style
    songs: Sequence[Path]
    seconds: float
    cache: ModelCache

    def motions(self, energy: float) -> list[Motion]:
        """A dance to each song."""
        return [self._dance(song, seed, energy) for seed, song in enumerate(self.songs)]

    def speed_and_low(self, energy: float) -> tuple[float, float]:
        """Means over the songs: the joints' speed relative to the pelvis, m/s, and the share of low frames."""
        joints = [motion.joints() for motion in self.motions(energy)]
        return float(np.mean([dynamics(each) for each in joints])), float(np.mean([low_share(each) for each in joints]))

    def _dance(self, song: Path, seed: int, energy: float) -> Motion:
        length = song_source(song).duration
        chosen = min(self.seconds, length)
        request = GenerateRequest(
            str(song), (length - chosen) / 2, chosen, seed, weights=str(self.weights), style=self.style, form="free"
        )
        request = replace(request, energy=energy, feet=FeetRequest(enabled=False))
        return generate(request, model_cache=self.cache)


def _save(path: Path, weights: Weights, speeds: dict[Style, dict[str, Any]]) -> None:
    info = replace(weights.info, training=weights.info.training | {"speeds": speeds})
    half = all(array.dtype == "float16" for array in weights.parameters.values())
    save_weights(path, replace(weights, info=info), half=half)
