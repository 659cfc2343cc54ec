"""How lively a dance is, at each moment: from the user's energy, or from the music's loudness.

Energy is a quantile of the speeds at which a style was danced in front of the cameras: 0.5 is as lively as half of it.
A network answers what it is asked only in part, and each style in its own way; weights that were measured
(training.speeds) say how, and are asked for what gives the speed that is wanted.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..audio.rhythm import LOUDNESS_DB
from ..model.controls import check_energy
from ..model.weights_file import WeightsInfo
from ..numerics.array import Array
from ..numerics.filters import gaussian
from ..schema.frames import FPS

MIDDLE, SPREAD = 0.5, 0.6
"""Where no energy is chosen: the quantile of a moment of middle loudness, and how far the loudest of a song with a wide
range of loudness lies above the quietest."""

WIDE_DB = 12.0  # a range of loudness, between its 10th and 90th percentile, that has the whole spread
SMOOTHING = 1.5 * FPS  # frames, the standard deviation: the network knows energy as a mean over 5 s


@dataclass(frozen=True)
class StyleSpeeds:
    """Speeds of one style: mean speed of the joints relative to the pelvis over 5 s, m/s.

    captured: (n,), quantiles of the motion capture that was trained on, at n equal distances from 0 to 1. energies,
    danced: (m,), what the network was given, and the mean speed of its dances then, both increasing.
    """

    captured: Array
    energies: Array
    danced: Array

    def network_energy(self, quantile: Array) -> Array:
        """The energy to give to the network, 0 to 1, for quantiles (T,) of the captured speeds."""
        speed = np.interp(quantile, np.linspace(0, 1, len(self.captured)), self.captured)
        return np.interp(speed, self.danced, self.energies).astype(np.float32)


def energy_channel(
    info: WeightsInfo, style: str, energy: float | Array | None, loudness: Array | None
) -> float | Array | None:
    """The energy that the network is given: one for all frames, one for each (T,), or None for none.

    energy: what is wanted, 0 to 1, of all frames or of each (T,); None: it follows the music's loudness (T,), 0 to 1
    over LOUDNESS_DB, and stays in the MIDDLE where that is not known. Weights that were not measured are given the
    energy as it is. Raises EdgeError energy_out_of_range.
    """
    if energy is not None:
        check_energy(energy)
    speeds = _speeds_of(info, style)
    if speeds is None:
        return energy
    if energy is None:
        energy = MIDDLE if loudness is None else loudness_quantiles(loudness)
    asked = speeds.network_energy(np.asarray(energy))
    return asked if asked.ndim else float(asked)


def least_smoothness(info: WeightsInfo, style: str) -> float:
    """The smoothness, 0 to 1 as motion.smoothing has it, that makes this style as smooth as its dancers were."""
    return float(info.training.get("speeds", {}).get(style, {}).get("smoothness", 0.0))


def _speeds_of(info: WeightsInfo, style: str) -> StyleSpeeds | None:
    """The speeds of a style, or None where these weights were not measured."""
    found: dict[str, Any] = info.training.get("speeds", {}).get(style, {})
    if not found.get("danced"):
        return None
    energies, danced = np.array(found["danced"], dtype=np.float32).T
    return StyleSpeeds(np.array(found["captured"], dtype=np.float32), energies, danced)


def loudness_quantiles(loudness: Array) -> Array:
    """Quantiles (T,) of liveliness that follow the music's loudness (T,), 0 to 1 over LOUDNESS_DB.

    A song as loud from beginning to end stays in the MIDDLE; one with quiet and loud parts has SPREAD between them.
    """
    level = gaussian(loudness.astype(np.float64), SMOOTHING, edge="edge")
    order = np.sort(level)
    rank = (np.searchsorted(order, level, "left") + np.searchsorted(order, level, "right")) / (2 * len(level))  # 0 to 1
    quiet, loud = np.quantile(level, [0.1, 0.9])
    spread = SPREAD * min(1.0, LOUDNESS_DB * (loud - quiet) / WIDE_DB)
    return MIDDLE + spread * (rank - 0.5)
