"""The energy of a dance in each bar of its song."""

import numpy as np

from ..model.controls import check_energy
from ..numerics.array import Array
from ..numerics.filters import gaussian
from ..schema.frames import FPS
from ..schema.song_map import SongMap

SPREAD = 0.4  # how far the loudest and the quietest bars are from the level, at most
SMOOTHING_S = 0.5  # standard deviation of the changes between bars


def energy_curve(song_map: SongMap, frames: int, level: float) -> Array:
    """Energy (frames,) from 0 to 1, whose mean is `level`; louder bars have more by their rank in the song.

    Raises EdgeError energy_out_of_range.
    """
    check_energy(level)
    spread = min(SPREAD, level, 1 - level)
    bars = song_map.bars
    order = np.argsort(np.argsort([bar.energy for bar in bars], kind="stable"), kind="stable")
    rank = 2 * order / max(len(bars) - 1, 1) - 1
    middles = [(bar.start + bar.end) / 2 for bar in bars]
    curve = np.interp(np.arange(frames) / FPS, middles, rank)
    return np.clip(level + spread * gaussian(curve, SMOOTHING_S * FPS), 0, 1).astype(np.float32)
