"""Synthetic sounds: clicks and drums on known beats, in every file format."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from edge_backend.audio.loading import Audio

RATE = 22050
SOUNDFILE_FORMATS = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}
FFMPEG_FORMATS = {"m4a": "aac", "mka": "ac3", "webm": "libopus"}
LIVE = {"webm": {"live": "1"}}  # written as a browser records, without a duration


def audio(samples: NDArray, rate: int = RATE) -> Audio:
    return Audio(samples.astype(np.float32), rate, Path("made.wav"))


def write(path: Path, samples: NDArray, rate: int) -> Path:
    """The samples (n,) or (n, 2) in the format of the file's suffix."""
    suffix = path.suffix[1:]
    if suffix in SOUNDFILE_FORMATS:
        kind, subtype = SOUNDFILE_FORMATS[suffix]
        soundfile.write(path, samples, rate, format=kind, subtype=subtype)
    else:
        _write_with_ffmpeg(path, samples, rate, FFMPEG_FORMATS[suffix])
    return path


def _write_with_ffmpeg(path: Path, samples: NDArray, rate: int, codec: str) -> None:
    channels = np.atleast_2d(samples.T).astype(np.float32)
    layout = "mono" if len(channels) == 1 else "stereo"
    with av.open(str(path), "w", options=LIVE.get(path.suffix[1:], {})) as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(channels), format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def clicks(times: NDArray, seconds: float, rate: int = RATE) -> NDArray[np.float32]:
    """A short tone of 1 kHz at each time, over very soft noise."""
    time = np.arange(rate // 20) / rate
    return _strokes(times, np.sin(2 * np.pi * 1000 * time) * np.exp(-100 * time), seconds, rate)


def kicks(times: NDArray, seconds: float, rate: int = RATE) -> NDArray[np.float32]:
    """A bass drum at each time: a falling tone around 60 Hz."""
    time = np.arange(rate // 5) / rate
    phase = 50 * time + 80 / 30 * (1 - np.exp(-30 * time))
    return _strokes(times, np.sin(2 * np.pi * phase) * np.exp(-12 * time), seconds, rate)


def snares(times: NDArray, seconds: float, rate: int = RATE) -> NDArray[np.float32]:
    """A snare drum at each time: noise over a tone of 180 Hz."""
    time = np.arange(rate // 8) / rate
    noise = np.random.default_rng(5).standard_normal(len(time))
    return _strokes(times, (noise + np.sin(2 * np.pi * 180 * time)) * 0.4 * np.exp(-18 * time), seconds, rate)


def hats(times: NDArray, seconds: float, rate: int = RATE) -> NDArray[np.float32]:
    """A hi-hat at each time: short bright noise."""
    time = np.arange(rate // 20) / rate
    noise = np.diff(np.random.default_rng(6).standard_normal(len(time) + 1))
    return _strokes(times, noise * 0.15 * np.exp(-60 * time), seconds, rate)


def _strokes(times: NDArray, stroke: NDArray, seconds: float, rate: int) -> NDArray[np.float32]:
    length = round(seconds * rate)
    sound = np.random.default_rng(7).standard_normal(length + len(stroke)) * 1e-4
    for time in np.asarray(times)[np.asarray(times) < seconds]:
        first = round(time * rate)
        sound[first : first + len(stroke)] += stroke
    return sound[:length].astype(np.float32)
