"""Reads sound files to mono samples at their own rate, whole or a range of them.

With PyAV, FFmpeg's libraries decode them, as they do in Blender, so that both have the same samples; libsndfile reads
the files that they cannot. Without PyAV, as in Blender's own Python, libsndfile reads wav, flac, ogg, opus and mp3.
Files are decoded from the beginning up to the last requested sample: seeking is inexact in compressed formats.
"""

import importlib
import importlib.util
import math
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from ..errors import EdgeError
from .blocks import BLOCK, Blocks, unreadable

SHORTEST_S = 1.0
SILENCE = 1e-4  # peak amplitude; -80 dB of full scale
LOUDEST = 1e6  # times full scale; a float file with more is damaged


@dataclass(frozen=True, slots=True)
class Audio:
    """samples: (n,) float32, mono, full scale = 1. rate: samples a second. path: of their file."""

    samples: NDArray[np.float32]
    rate: int
    path: Path

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate


def load(path: str | Path, start: float = 0.0, duration: float | None = None) -> Audio:
    """Read a sound file or a range of it: the mean of its channels at the file's own rate.

    start, duration: seconds, rounded to samples; None, or a duration beyond the end, reads to the end. The samples are
    exactly those of the whole file.
    Raises EdgeError: audio_missing, audio_folder, audio_unreadable, audio_range, audio_too_short, audio_silent.
    """
    path = Path(path)
    check_file(path)
    _check_range(start, duration)
    rate, blocks = _open(path)
    with closing(blocks):
        first = round(start * rate)
        last = None if duration is None else first + round(duration * rate)
        samples = _collect(blocks, first, last)
    _check_samples(samples, rate, path, start)
    return Audio(samples, rate, path)


def check_file(path: Path) -> None:
    """Raises EdgeError audio_missing, audio_folder if there is no file at the path."""
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
    """(rate, blocks (channels, n) from the beginning), by the first library that can decode the file."""
    if importlib.util.find_spec("av") is None:
        return _open_with_libsndfile(path)
    try:
        rate, blocks = importlib.import_module(".ffmpeg", __package__).open_sound(path)
        return rate, _begun(blocks, path)
    except EdgeError as refusal:
        try:
            return _open_with_libsndfile(path)
        except EdgeError:
            raise refusal from None


def _open_with_libsndfile(path: Path) -> tuple[int, Blocks]:
    try:
        sound = soundfile.SoundFile(path)
    except soundfile.LibsndfileError as error:
        raise unreadable(path, str(error)) from error
    return sound.samplerate, _begun(_blocks_of_libsndfile(sound, path), path)


def _begun(blocks: Blocks, path: Path) -> Blocks:
    """The same blocks, of which the first is decoded at once. Raises EdgeError audio_unreadable if there is none."""
    for first in blocks:
        return _put_back(first, blocks)
    raise unreadable(path, "no samples")


def _put_back(first: NDArray[np.float32], blocks: Blocks) -> Blocks:
    yield first
    yield from blocks


def _blocks_of_libsndfile(sound: soundfile.SoundFile, path: Path) -> Blocks:
    try:
        with sound:
            while len(block := sound.read(BLOCK, dtype="float32", always_2d=True)):
                yield block.T
    except soundfile.LibsndfileError as error:
        raise unreadable(path, str(error)) from error


def _collect(blocks: Blocks, first: int, last: int | None) -> NDArray[np.float32]:
    """The mean of the channels, samples `first` to `last` - 1 of the stream, None = to its end."""
    content = bytearray()  # grows in place; joining a list of blocks would need twice the memory
    position = 0
    for block in blocks:
        end = position + block.shape[1]
        if end > first:
            stop = None if last is None else max(last - position, 0)
            content += block[:, max(first - position, 0) : stop].mean(axis=0).tobytes()
        position = end
        if last is not None and position >= last:
            break
    return np.frombuffer(content, np.float32) if content else np.zeros(0, np.float32)


def _check_samples(samples: NDArray[np.float32], rate: int, path: Path, start: float) -> None:
    seconds = len(samples) / rate
    if seconds < SHORTEST_S:
        where = f" from {start:g} s on" if start else ""
        raise EdgeError(
            "audio_too_short",
            f"{path.name} gives {seconds:.2f} s of sound{where}; a dance needs at least {SHORTEST_S:g} s.",
            "Choose a longer song, or an earlier start and a longer stretch.",
        )
    peak = max(samples.max(), -samples.min())  # arrays of the song's length would take memory
    if not np.isfinite(peak):
        raise unreadable(path, "samples that are not numbers")
    if peak > LOUDEST:
        raise unreadable(path, f"samples of {peak:g} times full scale")
    if peak < SILENCE:
        raise EdgeError("audio_silent", f"There is only silence in {path.name}.", "Choose another song or stretch.")
