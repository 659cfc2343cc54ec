"""Sound files into mono samples: any format, any rate, any stretch of the song.

FFmpeg's libraries (PyAV) read them, as they do in Blender, so that what is heard here is what is heard there: they take
a file's length from its sound, whatever its header says, and go on behind a broken spot. libsndfile reads what they do
not. Files are read from the beginning up to the last sample that is wanted. Seeking would be quicker, but in compressed
formats it lands near the sample, not on it.
"""

import itertools
import math
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
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

_BROKEN = (av.error.InvalidDataError, av.error.PatchWelcomeError)  # of a packet; the next one may be whole

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
    """Raises EdgeError audio_missing, audio_folder where there is no file at the path."""
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
    """(rate, blocks (channels, n) from the beginning), from the first library that gets sound out of the file."""
    try:
        rate, blocks = _open_with_ffmpeg(path)
        return rate, _begun(blocks, path)
    except EdgeError as refusal:
        try:
            sound = soundfile.SoundFile(path)
        except soundfile.LibsndfileError:
            raise refusal from None
        return sound.samplerate, _begun(_blocks_of_soundfile(sound, path), path)


def _begun(blocks: Blocks, path: Path) -> Blocks:
    """The same blocks. Raises EdgeError audio_unreadable at once where there is none."""
    for first in blocks:
        return _put_back(first, blocks)
    raise _unreadable(path, "no samples")


def _put_back(first: NDArray[np.float32], blocks: Blocks) -> Blocks:
    yield first
    yield from blocks


def _blocks_of_soundfile(sound: soundfile.SoundFile, path: Path) -> Blocks:
    try:
        with sound:
            while len(block := sound.read(BLOCK, dtype="float32", always_2d=True)):
                yield block.T
    except soundfile.LibsndfileError as error:
        raise _unreadable(path, str(error)) from error


def _open_with_ffmpeg(path: Path) -> tuple[int, Blocks]:
    try:
        # As a file, so that a colon in its name begins no address; titles are in any encoding.
        container = av.open(f"file:{path}", metadata_errors="replace")
    except (av.FFmpegError, OSError) as error:
        raise _unreadable(path, str(error)) from error
    if not container.streams.audio:
        container.close()
        raise EdgeError("audio_unreadable", f"There is no sound in {path.name}.", "Choose a file with sound.")
    rate = getattr(container.streams.audio[0], "rate", 0)  # a stream of an unknown codec has none
    if not rate:
        container.close()
        raise _unreadable(path, "unknown codec")
    return int(rate), _blocks_of_ffmpeg(container, int(rate), path)


def _blocks_of_ffmpeg(container: av.container.InputContainer, rate: int, path: Path) -> Blocks:
    with container:
        for frame in _as_float(_decoded(container, path), rate):
            yield frame.to_ndarray().astype(np.float32, copy=False)


def _decoded(container: av.container.InputContainer, path: Path) -> Iterator[av.AudioFrame]:
    """The frames of the first sound, without what is broken."""
    packets = container.demux(container.streams.audio[0])
    while True:
        try:
            packet = next(packets)
        except (StopIteration, *_BROKEN):
            return
        except (av.FFmpegError, OSError) as error:
            raise _unreadable(path, str(error)) from error
        with suppress(*_BROKEN):
            yield from packet.decode()


def _as_float(frames: Iterator[av.AudioFrame], rate: int) -> Iterator[av.AudioFrame]:
    """The frames in BLOCK samples of float32 at that rate, each with its channels, which may change on the way."""
    alike = itertools.groupby(frames, lambda frame: (frame.format.name, frame.layout.name, frame.sample_rate))
    for _, group in alike:
        converter = av.AudioResampler(format="fltp", rate=rate, frame_size=BLOCK)
        for frame in itertools.chain(group, [None]):
            yield from converter.resample(frame)


def _collect(blocks: Blocks, first: int, last: int | None) -> NDArray[np.float32]:
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
