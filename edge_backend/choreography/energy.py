"""The energy of a dance in each bar of its song."""

import numpy as np

from ..model.controls import check_energy
from ..numerics.array import Array
from ..numerics.filters import gaussian
from ..schema.frames import FPS
from ..schema.song_map import SongMap
from .slots import within

SPREAD = 0.4  # how far the loudest and the quietest bars are from the level, at most, before changes are sharpened
MANY = 12  # bars from which on the whole SPREAD is used; bars of a shorter stretch are within one part of a song
LOUDEST = 2.0  # standard deviations from the mean energy of the bars; bars further away count as these
RANKED = 0.75  # the share of a bar's rank in what is wanted of it; the rest is in proportion to its energy
SMOOTHING_S = 0.5  # standard deviation of the changes between bars
# The network dances about the mean energy of two seconds around. So changes are asked for more strongly than they are
# meant: what is above the mean over a Gaussian of WIDE_S counts SHARPENING times more.
WIDE_S, SHARPENING = 1.5, 1.5


def energy_curve(song_map: SongMap, frames: int, level: float) -> Array:
    """Energy (frames,) from 0 to 1 around `level`; louder bars have more.

    Bars in the same place of sections with one label have one dance, and so the mean of their energies.
    Raises EdgeError energy_out_of_range.
    """
    check_energy(level)
    middles = [(bar.start + bar.end) / 2 for bar in song_map.bars]
    steps = np.interp(np.arange(frames) / FPS, middles, _wanted(_shared_energies(song_map)))
    curve = gaussian(steps, SMOOTHING_S * FPS, edge="edge")
    curve += SHARPENING * (curve - gaussian(curve, WIDE_S * FPS, edge="edge"))
    spread = min(SPREAD, level, 1 - level) * min(1.0, len(song_map.bars) / MANY)
    return np.clip(level + spread * curve, 0, 1).astype(np.float32)


def _shared_energies(song_map: SongMap) -> Array:
    """The energies (n,) of the bars, each the mean of all bars in the same place of sections with its label."""
    energy = np.array([bar.energy for bar in song_map.bars])
    alike: dict[tuple[str, int], list[int]] = {}
    for section in song_map.sections:
        inside = [number for number, bar in enumerate(song_map.bars) if within(bar, section)]
        for place, number in enumerate(inside):
            alike.setdefault((section.label, place), []).append(number)
    for numbers in alike.values():
        energy[numbers] = energy[numbers].mean()
    return energy


def _wanted(energy: Array) -> Array:
    """What is wanted of bars with these energies (n,), from -1 to 1."""
    ordered = np.sort(energy)
    rank = np.searchsorted(ordered, energy, "left") + np.searchsorted(ordered, energy, "right") - 1
    away = (energy - energy.mean()) / max(LOUDEST * float(energy.std()), 1e-9)
    wanted: Array = RANKED * (rank / max(len(energy) - 1, 1) - 1) + (1 - RANKED) * away.clip(-1, 1)
    return wanted
