"""Prepares a slice of a song as EDGE's authors did for Jukebox: 16-bit samples, 44.1 kHz, normalised peak."""

import io

import numpy as np
import soundfile
from numpy.typing import NDArray

from ..resampling import resampled

RATE = 44100
LONGEST = 25 * RATE  # samples; later ones are not used


def prepare(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """The slice resampled to 44.1 kHz, (m,), with a peak of 1; silence stays silence.

    samples: (n,) mono, full scale = 1. The authors wrote every slice to a 16-bit wav file, which rounds and clips it,
    and scaled it by its own peak after resampling.
    """
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype="PCM_16")
    file.seek(0)
    sound: NDArray[np.float32] = soundfile.read(file, dtype="float32")[0]
    sound = resampled(sound, rate, RATE)
    peak = np.abs(sound).max(initial=0.0)
    return sound / peak if peak > 0 else sound
