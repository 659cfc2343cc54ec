"""Decodes sound files by FFmpeg's libraries (PyAV), which continue after damaged packets.

The length is that of the decoded sound, whatever the file's header says.
"""

import itertools
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import av
import numpy as np

from ..errors import EdgeError
from .blocks import BLOCK, Blocks, unreadable

_BROKEN = (av.error.InvalidDataError, av.error.PatchWelcomeError)  # of a packet; the next one may be intact


def open_sound(path: Path) -> tuple[int, Blocks]:
    """Open a file's first sound: (rate, blocks (channels, n) from the beginning). Raises EdgeError audio_unreadable."""
    try:
        # "file:", so that a colon in the name is not read as a protocol; metadata may be in any encoding.
        container = av.open(f"file:{path}", metadata_errors="replace")
    except (av.FFmpegError, OSError) as error:
        raise unreadable(path, str(error)) from error
    if not container.streams.audio:
        container.close()
        raise EdgeError("audio_unreadable", f"There is no sound in {path.name}.", "Choose a file with sound.")
    rate = getattr(container.streams.audio[0], "rate", 0)  # streams of unknown codecs have none
    if not rate:
        container.close()
        raise unreadable(path, "unknown codec")
    return int(rate), _blocks(container, int(rate), path)


def _blocks(container: av.container.InputContainer, rate: int, path: Path) -> Blocks:
    with container:
        for frame in _as_float(_decoded(container, path), rate):
            yield frame.to_ndarray().astype(np.float32, copy=False)


def _decoded(container: av.container.InputContainer, path: Path) -> Iterator[av.AudioFrame]:
    """The frames of the first sound, without damaged ones."""
    packets = container.demux(container.streams.audio[0])
    while True:
        try:
            packet = next(packets)
        except (StopIteration, *_BROKEN):
            return
        except (av.FFmpegError, OSError) as error:
            raise unreadable(path, str(error)) from error
        with suppress(*_BROKEN):
            yield from packet.decode()


def _as_float(frames: Iterator[av.AudioFrame], rate: int) -> Iterator[av.AudioFrame]:
    """Float32 blocks of at most BLOCK samples at `rate`; the number of channels may change within a file."""
    alike = itertools.groupby(frames, lambda frame: (frame.format.name, frame.layout.name, frame.sample_rate))
    for _, group in alike:
        converter = av.AudioResampler(format="fltp", rate=rate, frame_size=BLOCK)
        for frame in itertools.chain(group, [None]):
            yield from converter.resample(frame)
