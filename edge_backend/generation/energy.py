"""The energy channel of a dance, from the user's energy or from the seed and the music's loudness.

An energy is a quantile of the joint speeds in a style's motion capture: 0.5 is its median speed. The network reaches a
requested speed only in part, differently for each style. Weights may contain its measured response
(training.energy_response), which is inverted here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..audio.rhythm import LOUDNESS_DB
from ..model.controls import BEYOND, check_energy
from ..model.weights_file import WeightsInfo
from ..numerics.array import Array
from ..numerics.filters import gaussian
from ..schema.frames import FPS

USUAL = 0.55
"""Mean energy of dances for which none was chosen, a quantile of speeds. Their mean is a little above their median."""

SPREAD = 0.6
"""Without a chosen energy: the range of quantiles in a song whose loudness has a range of WIDE_DB."""

WIDE_DB = 12.0  # range of loudness, 10th to 90th percentile, from which on the whole SPREAD is used
WIDTH = 0.25
"""Without a chosen energy: how far from USUAL the mean quantile of a dance is at most."""

LIVELIEST = 0.7  # m/s, mean speed of the liveliest dances for which no energy was chosen
CALMEST = 0.3  # m/s, speed of their calmest parts; with less, dancers stand through quiet music
_STREAM = 23  # number of the random stream of energy levels
LOST = 0.1  # of the speed is lost where energies vary by as much as their mean, the standard deviation; in 12 songs
_HALVINGS = 30  # of the range in which a factor of speeds is searched
SMOOTHING = 1.5 * FPS  # frames, the standard deviation: the network knows energy as a mean over 5 s


@dataclass(frozen=True, slots=True)
class EnergyLevel:
    """mean: the energy around which a dance follows the music, a quantile, 0 to 1. least: its frames have no less.

    most: the largest energy that is given to the network.
    """

    mean: float
    least: float = 0.0
    most: float = BEYOND


@dataclass(frozen=True)
class StyleSpeeds:
    """Speeds of one style, m/s: mean speed of the joints relative to the pelvis over 5 s.

    captured: (n,) quantiles, equally spaced from 0 to 1, in the motion capture of the training. energies, danced: (m,)
    energies given to the network, and the mean speeds of the resulting dances, both increasing. highest_drawn: the
    largest energy given to the network where none was chosen; above it there is more floor work than was captured.
    """

    captured: Array
    energies: Array
    danced: Array
    highest_drawn: float = 1.0

    def quantile_of(self, speed: float) -> float:
        """The share of the captured speeds below a speed, m/s."""
        return float(np.interp(speed, self.captured, np.linspace(0, 1, len(self.captured))))

    def network_energy(self, quantile: Array, level: EnergyLevel) -> Array:
        """The energy to give to the network for quantiles (T,) of the captured speeds, around a level.

        The mean of the speeds at the quantiles is not the speed at their mean, the network dances neither the slowest
        nor the fastest, and varied energies slower than constant ones. So all speeds are multiplied by one factor, with
        which the mean speed of the dance is the level's: but for the level's largest energy, which limits the result.
        """
        speeds, fastest = self._speed_at(quantile), float(self.danced[-1])
        slowest = float(np.clip(self._speed_at(level.least), self.danced[0], fastest))
        wanted = float(self._speed_at(level.mean)) * (1 + LOST * float(np.std(speeds) / np.mean(speeds)))
        low, high = slowest / float(np.max(speeds)), fastest / float(np.min(speeds))
        for _ in range(_HALVINGS):
            factor = (low + high) / 2
            slower = np.mean(np.clip(factor * speeds, slowest, fastest)) < wanted
            low, high = (factor, high) if slower else (low, factor)
        energy = np.interp(np.clip(high * speeds, slowest, fastest), self.danced, self.energies)
        return np.minimum(energy, level.most).astype(np.float32)

    def _speed_at(self, quantile: float | Array) -> Array:
        """The captured speeds, m/s, at quantiles."""
        return np.asarray(np.interp(quantile, np.linspace(0, 1, len(self.captured)), self.captured))


def energy_level(
    info: WeightsInfo, style: str, seed: int, edited: Mapping[str, Any] | None = None, *, drawn_style: bool = False
) -> EnergyLevel:
    """The energy of a dance for which none was chosen: that of the edited dance, else one drawn from the seed.

    Its mean is drawn evenly within WIDTH of USUAL: some seeds are calmer, others livelier, as dancers are. For styles
    that are danced fast the range is smaller; its liveliest dances have a speed of LIVELIEST, or the usual one of the
    style where that is faster and the style was chosen, not drawn. An energy that was chosen may be danced with more
    floor work. edited: the metadata of the edited dance, as of metadata.edited_meta.
    """
    speeds = _speeds_of(info, style)
    width = min(WIDTH, max(speeds.quantile_of(LIVELIEST) - USUAL, 0.0)) if speeds else 0.0
    least = min(USUAL, speeds.quantile_of(CALMEST)) if speeds else 0.0
    most = speeds.highest_drawn if speeds else 1.0
    drawn = USUAL + width * float(np.random.default_rng([seed, _STREAM]).uniform(-1, 1))
    if drawn_style and speeds:
        drawn = min(drawn, speeds.quantile_of(LIVELIEST))
    return EnergyLevel(drawn if edited is None else float(edited.get("energy_level", USUAL)), least, most)


def energy_channel(
    info: WeightsInfo, style: str, energy: float | Array | None, loudness: Array | None, level: EnergyLevel
) -> float | Array | None:
    """The network's energy channel, 0 to BEYOND: a value for all frames, one for each (T,), or None for no energy.

    energy: requested quantile, 0 to 1, for all frames or for each (T,). None: from loudness (T,), 0 to 1 over
    LOUDNESS_DB, around the level's mean, or that throughout if loudness is None too. For weights without a measured
    response the energy, 0 to BEYOND, is returned unchanged. Raises EdgeError energy_out_of_range.
    """
    speeds = _speeds_of(info, style)
    if energy is not None:
        check_energy(energy, 1.0 if speeds else BEYOND)
    if speeds is None:
        return energy
    if energy is None:
        energy = level.mean if loudness is None else loudness_quantiles(loudness, level.mean)
    asked = speeds.network_energy(np.asarray(energy), level)
    return asked if asked.ndim else float(asked)


def least_smoothness(info: WeightsInfo, style: str) -> float:
    """The strength of motion.smoothing, 0 to 1, that reduces this style's jitter to that of its motion capture."""
    return float(info.training.get("speeds", {}).get(style, {}).get("smoothness", 0.0))


def _speeds_of(info: WeightsInfo, style: str) -> StyleSpeeds | None:
    """The speeds of a style; None for weights without them."""
    found: dict[str, Any] = info.training.get("speeds", {}).get(style, {})
    if not found.get("danced"):
        return None
    energies, danced = np.array(found["danced"], dtype=np.float32).T
    captured = np.array(found["captured"], dtype=np.float32)
    return StyleSpeeds(captured, energies, danced, found.get("highest_drawn", 1.0))


def loudness_quantiles(loudness: Array, level: float) -> Array:
    """Energy quantiles (T,) by the rank of the music's loudness (T,), 0 to 1 over LOUDNESS_DB.

    Their mean is `level`. A song of constant loudness has it throughout; the range grows with that of the loudness, up
    to SPREAD.
    """
    smooth = gaussian(loudness.astype(np.float64), SMOOTHING, edge="edge")
    order = np.sort(smooth)
    rank = (np.searchsorted(order, smooth, "left") + np.searchsorted(order, smooth, "right")) / (
        2 * len(smooth)
    )  # 0 to 1
    quiet, loud = np.quantile(smooth, [0.1, 0.9])
    spread = SPREAD * min(1.0, LOUDNESS_DB * (loud - quiet) / WIDE_DB)
    return level + min(spread, 2 * level, 2 * (1 - level)) * (rank - 0.5)
