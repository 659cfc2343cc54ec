"""Jukebox features of a song's windows, each computed separately, from the cache where possible."""

import logging
import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import EdgeError
from ...runtime.devices import choose
from ...schema.frames import FPS, HOP, WINDOW
from ...schema.progress import Report, silent
from ..loading import Audio
from ..song_source import song_source
from .cache import FeatureCache, slice_key
from .extractor import NativeExtractor, Tick
from .folder import JukeboxFolder, open_folder
from .jukemirlib_extractor import JukemirlibExtractor
from .plans import choose_plan
from .settings import JukeboxSettings
from .sound import prepare
from .speed import precision_of

logger = logging.getLogger(__name__)

STEPS = 100  # of progress per window


class Extractor(Protocol):
    """Computes features. identity: names them in the cache. group: number of slices to pass in one call."""

    @property
    def identity(self) -> str:
        """Equal for extractors whose features are equal."""
        ...

    @property
    def group(self) -> int:
        """Number of slices to pass in one call, 1 or more."""
        ...

    def estimate_s(self, slices: int) -> float:
        """Estimated seconds for so many slices; 0 if unknown."""
        ...

    def features(self, sounds: NDArray[np.float32], tick: Tick) -> NDArray[np.float32]:
        """Features (S, 150, width) of prepared slices (S, n)."""
        ...


def jukebox_windows(
    audio: Audio, frames: int, settings: JukeboxSettings, report: Report = silent, stride: int = HOP
) -> NDArray[np.float32]:
    """Features (windows, 150, width) of the windows over the first `frames` frames; past the song's end is silence.

    Each window is 5 s, `stride` frames later than the one before, and computed separately as EDGE's authors did. Those
    in the cache are not extracted again; each group is stored at once, so that interrupted work resumes. report: counts
    STEPS for each window.
    Raises EdgeError jukebox_missing, jukebox_damaged, out_of_memory, package_missing.
    """
    slices = cut(audio, frames, stride)
    keys = [slice_key(samples, audio.rate) for samples in slices]
    extractor = make_extractor(settings, len(slices))
    cache = _cache(audio, extractor, settings)
    known = cache.find(keys) if cache else {}
    missing = {key: samples for key, samples in zip(keys, slices, strict=True) if key not in known}
    logger.info("of %d slices %d are in the cache", len(slices), len(slices) - len(missing))
    if missing and settings.announce:
        settings.announce(len(missing), extractor.estimate_s(len(missing)))
    for first in range(0, len(missing), extractor.group):
        group = list(missing)[first : first + extractor.group]

        def tick(done: int, total: int, first: int = first, size: int = len(group)) -> None:
            report("features", first * STEPS + size * STEPS * done // total, len(missing) * STEPS)

        sounds = np.stack([prepare(missing[key], audio.rate) for key in group])
        made = dict(zip(group, extractor.features(sounds, tick), strict=True))
        if cache:
            cache.add(made)
        known |= made
    return np.stack([known[key] for key in keys])


def cut(audio: Audio, frames: int, stride: int = HOP) -> list[NDArray[np.float32]]:
    """The samples of each window, at the song's own rate, with silence after its end."""
    count = cut_count(frames, stride)
    length, step = (int(audio.rate * part / FPS) for part in (WINDOW, stride))
    padded = np.zeros((count - 1) * step + length, np.float32)
    padded[: len(audio.samples)] = audio.samples[: len(padded)]
    return [padded[start : start + length] for start in range(0, count * step, step)]


def cut_count(frames: int, stride: int = HOP) -> int:
    """Number of windows over `frames` frames."""
    return max(math.ceil((frames - WINDOW) / stride) + 1, 1)


def make_extractor(settings: JukeboxSettings, slices: int) -> Extractor:
    """The extractor of the settings, planned for so many slices. Raises as jukebox_windows."""
    if settings.provider == "jukemirlib":
        return JukemirlibExtractor(settings.originals)
    folder = opened(settings)
    device = choose(settings.device)
    precision = precision_of(settings.plan, settings.precision, device)
    plan = choose_plan(settings.plan, folder.shape, device, slices, precision=precision)
    return NativeExtractor(folder, device, plan)


def opened(settings: JukeboxSettings) -> JukeboxFolder:
    """The folder of the settings. Raises EdgeError jukebox_missing, jukebox_damaged."""
    if settings.folder is None:
        raise EdgeError(
            "jukebox_missing", "Jukebox is not here.", "Make it with `jukebox convert`; docs/jukebox.md says how."
        )
    return open_folder(settings.folder)


def _cache(audio: Audio, extractor: Extractor, settings: JukeboxSettings) -> FeatureCache | None:
    if settings.cache is None:
        return None
    return FeatureCache(settings.cache, song_source(audio.path).sha256, extractor.identity, settings.cache_bytes)
