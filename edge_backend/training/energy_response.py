"""Measures how weights dance: how fast when they are asked for an energy, and how much smoothing each style needs.

generation.energy asks for the right energy by it.
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

ENERGIES = (0.0, 0.25, 0.5, 0.75, 1.0)  # that the network is given
LEAST_LOW = 0.03  # share of low frames that every style may have: deep squats
_LEAST_STEP = 1e-4  # m/s; speeds that do not grow with the energy are counted as growing by this

Progress = Callable[[str], None]


def measure_response(path: Path, songs: Sequence[Path], seconds: float, device: str, progress: Progress) -> None:
    """Write into a weights file, for each captured style, the mean speed of its dances, m/s, for each of ENERGIES up to
    that which brings more floor work than the data has, and the smoothness that brings their jitter down to the data's.

    songs: so many seconds from the middle of each are danced with the default settings, without foot cleanup, each song
    with a seed of its own. progress: is told what was measured. The file is written when everything is measured.
    Raises EdgeError speeds_unknown where the file does not say how fast its data was danced; OSError; as `generate`.
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
            found["danced"] = danced = growing(not_lower(measured, max(found["low"], LEAST_LOW)))
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


def not_lower(measured: Sequence[tuple[float, float, float]], most: float) -> list[tuple[float, float]]:
    """Pairs of energy and speed, from triples of energy, speed and low share: up to where the low share is `most`."""
    kept: list[tuple[float, float]] = []
    before = (0.0, 0.0, 0.0)
    for energy, speed, low in measured:
        if low > most and kept:
            share = max(most - before[2], 0.0) / (low - before[2])
            if share > 0:
                kept.append((before[0] + share * (energy - before[0]), before[1] + share * (speed - before[1])))
            break
        kept.append((energy, speed))
        before = energy, speed, low
    return kept


def growing(danced: Sequence[tuple[float, float]]) -> list[list[float]]:
    """Pairs of energy and speed in which the speed grows: one that does not, by at least _LEAST_STEP."""
    grown: list[list[float]] = []
    for energy, speed in danced:
        grown.append([round(energy, 4), round(max(speed, grown[-1][1] + _LEAST_STEP) if grown else speed, 4)])
    return grown


@dataclass(frozen=True)
class _Dancing:
    """Dances to the songs, seconds of each, without foot cleanup."""

    weights: Path
    style: Style
    songs: Sequence[Path]
    seconds: float
    cache: ModelCache

    def motions(self, energy: float) -> list[Motion]:
        """A dance to each song."""
        return [self._dance(song, seed, energy) for seed, song in enumerate(self.songs)]

    def speed_and_low(self, energy: float) -> tuple[float, float]:
        """Means over the songs: of the joints' speed relative to the pelvis, m/s, and of the low share."""
        joints = [motion.joints() for motion in self.motions(energy)]
        return float(np.mean([dynamics(each) for each in joints])), float(np.mean([low_share(each) for each in joints]))

    def _dance(self, song: Path, seed: int, energy: float) -> Motion:
        length = song_source(song).duration
        chosen = min(self.seconds, length)
        request = GenerateRequest(
            str(song), (length - chosen) / 2, chosen, seed, weights=str(self.weights), style=self.style, energy=energy
        )
        return generate(replace(request, feet=FeetRequest(enabled=False)), model_cache=self.cache)


def _save(path: Path, weights: Weights, speeds: dict[Style, dict[str, Any]]) -> None:
    info = replace(weights.info, training=weights.info.training | {"speeds": speeds})
    half = all(array.dtype == "float16" for array in weights.parameters.values())
    save_weights(path, replace(weights, info=info), half=half)
