"""A song for those who have none: what `doctor` and `bench` dance to."""

from pathlib import Path

import numpy as np
import soundfile

_RATE = 44100


def write_clicks(path: Path, seconds: float) -> Path:
    """Drums at 120 beats a minute over a quiet tone; the path."""
    time_s = np.arange(round(seconds * _RATE)) / _RATE
    drum = np.exp(-60 * (time_s % 0.5)) * np.sin(2 * np.pi * 150 * (time_s % 0.5))
    soundfile.write(path, 0.5 * drum + 0.02 * np.sin(2 * np.pi * 440 * time_s), _RATE)
    return path
