"""Music features of every kind that weights are trained on: the entry point of this room for generation."""

import logging
import math
import time
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..errors import EdgeError
from ..schema.frames import FPS, HOP, WINDOW
from ..schema.progress import Report, silent
from ..schema.requests import BeatsRequest
from ..schema.song_map import SongMap
from .beats import BeatGrid, grid_of_map
from .jukebox.settings import JukeboxSettings
from .loading import Audio
from .rhythm import Rhythm, analyse, rhythm_channels
from .same_sound import SameSound

logger = logging.getLogger(__name__)

KINDS = ("rhythm", "baseline", "jukebox")


@dataclass(frozen=True, slots=True)
class Features:
    """The music features of a song.

    kind: one of KINDS. beats: the song's grid. windows_alone: False: values is (frames, width) for the whole song, and
    windows are cut from it; True: values is (windows, 150, width), window w computed separately, from frame 75 w on.
    """

    kind: str
    values: NDArray[np.float32]
    windows_alone: bool
    beats: BeatGrid


def song_features(
    audio: Audio,
    kind: str,
    frames: int,
    jukebox: JukeboxSettings | None = None,
    report: Report = silent,
    *,
    correction: BeatsRequest | None = None,
    song_map: SongMap | None = None,
) -> Features:
    """Features of the first `frames` frames (30 fps) of the audio; after its end there is silence.

    jukebox: its settings, for that kind. report: progress. correction: the user's, of the beats; it changes rhythm
    features. song_map: the map whose beats are used, None = they are detected. Raises EdgeError features_unknown,
    librosa_missing, and those of jukebox.song.
    """
    if kind not in KINDS:
        raise EdgeError(
            "features_unknown", f"There are no music features called {kind}.", f"Known are {', '.join(KINDS)}."
        )
    rhythm = _analysed(SameSound(audio))
    if song_map:
        rhythm, correction = replace(rhythm, grid=grid_of_map(song_map)), None
    if kind == "rhythm":
        values, grid = rhythm_channels(rhythm, frames, correction)
        return Features(kind, values, False, grid)
    grid = rhythm.grid.corrected(correction or BeatsRequest(), rhythm.duration)
    if kind == "baseline":
        return Features(kind, _baseline_windows(audio, frames), True, grid)
    from .jukebox.song import jukebox_windows  # noqa: PLC0415 - few need it

    return Features(kind, jukebox_windows(audio, frames, jukebox or JukeboxSettings(), report), True, grid)


@lru_cache(maxsize=8)
def _analysed(sound: SameSound) -> Rhythm:
    """The rhythm of a sound; the last ones are cached, because beats are marked and many dances made for one song."""
    began = time.monotonic()
    rhythm = analyse(sound.take())
    logger.info("%.1f s of song analysed in %.2f s", rhythm.duration, time.monotonic() - began)
    return rhythm


def _baseline_windows(audio: Audio, frames: int) -> NDArray[np.float32]:
    from .baseline import baseline_features, start_tempo  # noqa: PLC0415 - librosa, which takes seconds

    windows = max(math.ceil(frames / HOP) - 1, 1)
    length, stride = (round(audio.rate * frames / FPS) for frames in (WINDOW, HOP))
    padded = np.zeros((windows - 1) * stride + length, np.float32)
    padded[: len(audio.samples)] = audio.samples[: len(padded)]
    tempo = start_tempo(audio.path)
    return np.stack(
        [
            baseline_features(padded[start : start + length], audio.rate, tempo)
            for start in range(0, windows * stride, stride)
        ]
    )
