"""The 35 baseline features of EDGE's authors, computed as in their code: for each 5 s slice separately.

Channels: onset strength 1, MFCC 20, chroma CENS 12, onset peaks 1, beats 1. Only this module needs librosa, which is
not among the backend's packages; importing it without librosa raises EdgeError librosa_missing.
"""

import sys
import warnings
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from ..errors import EdgeError
from ..schema.frames import WINDOW
from .loading import Audio
from .resampling import resampled

try:
    import librosa
except ModuleNotFoundError as error:
    raise EdgeError(
        "librosa_missing",
        f"Baseline features are made by librosa, and the backend's Python lacks {error.name}.",
        f'Install it, 270 MB: "{sys.executable}" -m pip install "librosa>=0.11,<0.12"',
    ) from error

RATE = 15360  # samples a second; with HOP exactly 30 values a second
HOP = 512
SLICE_S = 5.0
WIDTH = 35

# Names of AIST++'s songs contain their tempo: genre -> bpm of song 0, and bpm from each song to the next.
_TEN_APART = ("mBR", "mPO", "mLO", "mMH", "mLH", "mWA", "mKR", "mJS", "mJB")
AIST_TEMPI = {**dict.fromkeys(_TEN_APART, (80, 10)), "mHO": (110, 5)}


def baseline_slices(audio: Audio, stride_s: float) -> NDArray[np.float32]:
    """Features (slices, 150, 35) of all whole 5 s slices of the audio, which start stride_s seconds apart."""
    length, stride = int(SLICE_S * audio.rate), int(stride_s * audio.rate)
    starts = range(0, len(audio.samples) - length + 1, stride)
    tempo = start_tempo(audio.path)
    slices = [baseline_features(audio.samples[start : start + length], audio.rate, tempo) for start in starts]
    return np.stack(slices) if slices else np.zeros((0, WINDOW, WIDTH), np.float32)


def baseline_features(samples: NDArray[np.float32], rate: int, start_bpm: float | None = None) -> NDArray[np.float32]:
    """Features (150, 35) of one slice of 5 s.

    samples: (5 * rate,). start_bpm: prior tempo of the beat tracker; None = librosa's estimate for this slice.
    """
    if start_bpm is None:
        start_bpm = float(librosa.feature.tempo(y=resampled(samples, rate, 22050), sr=22050)[0])
    sound = resampled(samples, rate, RATE)
    strength = librosa.onset.onset_strength(y=sound, sr=RATE, hop_length=HOP)
    peaks = librosa.onset.onset_detect(onset_envelope=strength, sr=RATE, hop_length=HOP)
    _, beats = librosa.beat.beat_track(
        onset_envelope=strength, sr=RATE, hop_length=HOP, start_bpm=start_bpm, tightness=100
    )
    features = np.column_stack(
        [
            strength,
            librosa.feature.mfcc(y=sound, sr=RATE, hop_length=HOP, n_mfcc=20).T,
            _chroma(sound),
            _one_hot(peaks, len(strength)),
            _one_hot(beats, len(strength)),
        ]
    )
    return features[:WINDOW].astype(np.float32)


def _chroma(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    with warnings.catch_warnings():
        # For silence, as after a song's end, librosa warns and uses a tuning of 0.
        warnings.filterwarnings("ignore", "Trying to estimate tuning from empty frequency set")
        return librosa.feature.chroma_cens(y=sound, sr=RATE, hop_length=HOP, n_chroma=12).T


def start_tempo(path: PurePath) -> float | None:
    """The tempo in bpm that a file name of AIST++ contains (gBR_sBM_cAll_d04_mBR0_ch01_slice3), else None."""
    parts = path.stem.split("_")
    song = parts[4] if len(parts) > 4 else ""
    if song[:3] not in AIST_TEMPI or not song[3:].isdecimal():
        return None
    first, step = AIST_TEMPI[song[:3]]
    return float(first + step * int(song[3:]))


def _one_hot(places: NDArray[np.intp], length: int) -> NDArray[np.float32]:
    marks = np.zeros(length, np.float32)
    marks[places] = 1.0
    return marks
