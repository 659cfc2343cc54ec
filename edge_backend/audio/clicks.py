"""A synthetic song, for `doctor` and `bench`."""

from pathlib import Path

import numpy as np
import soundfile

_RATE = 44100
_BLOCK = 10 * _RATE


def write_clicks(path: Path, seconds: float) -> Path:
    """Write drums at 120 beats a minute over a quiet tone as a wav file. Returns the path."""
    samples = round(seconds * _RATE)
    with soundfile.SoundFile(path, "w", _RATE, 1) as song:
        for start in range(0, samples, _BLOCK):  # in blocks, because `bench` measures peak memory
            time_s = np.arange(start, min(start + _BLOCK, samples)) / _RATE
            drum = np.exp(-60 * (time_s % 0.5)) * np.sin(2 * np.pi * 150 * (time_s % 0.5))
            song.write(0.5 * drum + 0.02 * np.sin(2 * np.pi * 440 * time_s))
    return path
