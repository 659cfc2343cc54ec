"""Style and energy as control channels, which follow the music's channels in the condition of the starter weights.

The order is: style one-hot, energy, 1 if an energy is given.
"""

import numpy as np

from ..errors import EdgeError
from ..numerics.array import Array
from ..schema import requests

ANY_STYLE, *_NAMED = requests.STYLES
STYLES = (*_NAMED, ANY_STYLE)
"""In the order of the channels."""

# The names of the channels, as weights files list them.
CHANNELS = (*(f"style:{style}" for style in STYLES), "energy", "energy_given")

BEYOND = 1.25
"""The largest energy in the channel. More than 1 was in no training: it leads on to what was danced faster yet."""


def control_channels(style: str = ANY_STYLE, energy: float | Array | None = None, frames: int = 150) -> Array:
    """The control channels (frames, 9) float32.

    energy: 0 calm to 1 wild, for all frames or for each (frames,), at most BEYOND; None = not given. Raises EdgeError
    style_unknown, energy_out_of_range.
    """
    if style not in STYLES:
        raise EdgeError("style_unknown", f"There is no style named {style!r}.", f"Choose one of: {', '.join(STYLES)}.")
    channels = np.zeros((frames, len(CHANNELS)), dtype=np.float32)
    channels[:, STYLES.index(style)] = 1
    if energy is not None:
        check_energy(energy, BEYOND)
        channels[:, -2], channels[:, -1] = energy, 1
    return channels


def check_energy(energy: float | Array, most: float = 1.0) -> None:
    """Raise EdgeError energy_out_of_range for energies outside 0 to `most`."""
    if not (np.min(energy) >= 0 and np.max(energy) <= most):
        raise EdgeError("energy_out_of_range", f"The energy {energy} is not between 0 and 1.", "Choose 0 to 1.")
