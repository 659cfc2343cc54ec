"""A song for those who have none: what `doctor` and `bench` dance to."""

from pathlib import Path

import numpy as np
import soundfile

_RATE = 44100
_BLOCK = 10 * _RATE


def write_clicks(path: Path, seconds: float) -> Path:
    """Drums at 120 beats a minute over a quiet tone; the path."""
    samples = round(seconds * _RATE)
    with soundfile.SoundFile(path, "w", _RATE, 1) as song:
        for start in range(0, samples, _BLOCK):  # a long song would else be the most memory that `bench` sees
            time_s = np.arange(start, min(start + _BLOCK, samples)) / _RATE
            drum = np.exp(-60 * (time_s % 0.5)) * np.sin(2 * np.pi * 150 * (time_s % 0.5))
            song.write(0.5 * drum + 0.02 * np.sin(2 * np.pi * 440 * time_s))
    return path
