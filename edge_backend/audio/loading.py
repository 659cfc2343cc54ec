"""Sound files into mono samples: any format, any rate, any stretch of the song.

libsndfile reads wav, flac, ogg, opus and mp3; FFmpeg's libraries (PyAV) read what it does not: m4a, video files, more.
Files are read from the beginning up to the last sample that is wanted. Seeking would be quicker, but in compressed
formats it lands near the sample, not on it.
"""

import itertools
import math
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from ..errors import EdgeError

SHORTEST_S = 1.0
SILENCE = 1e-4  # peak amplitude; -80 dB of full scale
BLOCK = 1 << 16  # samples

Blocks = Generator[NDArray[np.float32], None, None]  # (channels, n) each


@dataclass(frozen=True, slots=True)
class Audio:
    """samples: (n,) float32, mono, full scale = 1. rate: samples a second. path: the file that they came from."""

    samples: NDArray[np.float32]
    rate: int
    path: Path

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate


def load(path: str | Path, start: float = 0.0, duration: float | None = None) -> Audio:
    """Read a stretch of a sound file, the mean of its channels, at the file's own rate.

    start, duration: seconds, rounded to samples; None = to the end, and a duration beyond the end stops at the end.
    The samples are the same as those of the whole file, cut.
    Raises EdgeError: audio_missing, audio_folder, audio_unreadable, audio_range, audio_too_short, audio_silent.
    """
    path = Path(path)
    _check_file(path)
    _check_range(start, duration)
    rate, blocks = _open(path)
    with closing(blocks):
        first = round(start * rate)
        last = None if duration is None else first + round(duration * rate)
        samples = _collect(blocks, first, last, path)
    _check_samples(samples, rate, path, start)
    return Audio(samples, rate, path)


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise EdgeError("audio_folder", f"{path} is a folder, not a song.", "Choose a sound file.")
    if not path.is_file():
        raise EdgeError("audio_missing", f"There is no sound file {path}.", "Check the path, or choose the song again.")


def _check_range(start: float, duration: float | None) -> None:
    if not math.isfinite(start) or start < 0:
        raise EdgeError("audio_range", f"A song cannot be read from {start} s.", "Start at 0 s or later.")
    if duration is not None and (not math.isfinite(duration) or duration <= 0):
        raise EdgeError("audio_range", f"A song cannot be read for {duration} s.", "Give a duration above 0 s.")


def _open(path: Path) -> tuple[int, Blocks]:
    """(rate, blocks (channels, n) from the beginning), from the first library that knows the format."""
    try:
        sound = soundfile.SoundFile(path)
    except soundfile.LibsndfileError:
        return _open_with_ffmpeg(path)
    return sound.samplerate, _blocks_of_soundfile(sound, path)


def _blocks_of_soundfile(sound: soundfile.SoundFile, path: Path) -> Blocks:
    try:
        with sound:
            while len(block := sound.read(BLOCK, dtype="float32", always_2d=True)):
                yield block.T
    except soundfile.LibsndfileError as error:
        raise _unreadable(path, str(error)) from error


def _open_with_ffmpeg(path: Path) -> tuple[int, Blocks]:
    try:
        container = av.open(str(path), metadata_errors="replace")  # titles are in any encoding
    except (av.FFmpegError, OSError) as error:
        raise _unreadable(path, str(error)) from error
    # A stream of an unknown codec has no rate at all.
    rate = getattr(container.streams.audio[0], "rate", 0) if container.streams.audio else 0
    if not rate:
        container.close()
        raise _unreadable(path, "no audio stream")
    return int(rate), _blocks_of_ffmpeg(container, path)


def _blocks_of_ffmpeg(container: av.container.InputContainer, path: Path) -> Blocks:
    stream = container.streams.audio[0]
    to_float = av.AudioResampler(format="fltp", layout=stream.layout, rate=stream.rate)
    try:
        with container:
            for frame in itertools.chain(container.decode(stream), [None]):
                for converted in to_float.resample(frame):
                    yield converted.to_ndarray().astype(np.float32, copy=False)
    except av.FFmpegError as error:
        raise _unreadable(path, str(error)) from error


def _collect(blocks: Blocks, first: int, last: int | None, path: Path) -> NDArray[np.float32]:
    """The mean of the channels, samples first..last of the stream; stops reading at last."""
    kept = bytearray()  # grows where it is; a list of blocks would be there twice when it is put together
    position = 0
    for block in blocks:
        end = position + block.shape[1]
        if end > first:
            stop = None if last is None else max(last - position, 0)
            kept += block[:, max(first - position, 0) : stop].mean(axis=0).tobytes()
        position = end
        if last is not None and position >= last:
            break
    if not position:
        raise _unreadable(path, "no samples")
    return np.frombuffer(kept, np.float32) if kept else np.zeros(0, np.float32)


def _check_samples(samples: NDArray[np.float32], rate: int, path: Path, start: float) -> None:
    seconds = len(samples) / rate
    if seconds < SHORTEST_S:
        where = f" from {start:g} s on" if start else ""
        raise EdgeError(
            "audio_too_short",
            f"{path.name} gives {seconds:.2f} s of sound{where}; a dance needs at least {SHORTEST_S:g} s.",
            "Choose a longer song, or an earlier start and a longer stretch.",
        )
    if not np.isfinite(samples).all():
        raise _unreadable(path, "samples that are not numbers")
    if max(samples.max(), -samples.min()) < SILENCE:  # without a second array of a long song's length
        raise EdgeError("audio_silent", f"There is only silence in {path.name}.", "Choose another song or stretch.")


def _unreadable(path: Path, detail: str) -> EdgeError:
    return EdgeError(
        "audio_unreadable",
        f"{path.name} cannot be read as sound.",
        "Convert it to wav, flac, ogg, mp3 or m4a.",
        detail,
    )
