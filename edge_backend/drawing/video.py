"""Encodes pictures and music as an mp4 with H.264 and AAC, by PyAV."""

from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

from ..audio.loading import Audio

_QUALITY = {"crf": "19", "preset": "veryfast"}
_SOUND_RATE = 44100
_BT709 = 1  # its number in ITU-T H.273


def write_video(
    path: Path, pictures: Iterable[Image.Image], size: tuple[int, int], rate: int, audio: Audio | None
) -> None:
    """Write the pictures at `rate` a second; the audio starts with the first picture and is cut after the last.

    Raises OSError.
    """
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        video = out.add_stream("libx264", rate=rate, options=_QUALITY)
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        video.codec_context.colorspace, video.codec_context.color_range = Colorspace.ITU709, ColorRange.MPEG
        video.codec_context.color_primaries = video.codec_context.color_trc = _BT709
        sound = out.add_stream("aac", rate=_SOUND_RATE, layout="stereo") if audio else None
        sent = 0
        for number, picture in enumerate(pictures, start=1):
            frame = av.VideoFrame.from_image(picture)
            out.mux(video.encode(frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)))
            if audio and sound:
                until = round(number / rate * audio.rate)
                _send_sound(out, sound, audio, sent, until)
                sent = until
        out.mux(video.encode(None))
        if sound:
            out.mux(sound.encode(None))


def _send_sound(out: OutputContainer, stream: AudioStream, audio: Audio, start: int, stop: int) -> None:
    samples = audio.samples[start:stop]
    if not len(samples):
        return
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="fltp", layout="mono")
    frame.sample_rate, frame.pts = audio.rate, start
    out.mux(stream.encode(frame))
