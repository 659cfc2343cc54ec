"""Self-similarity of a song's bars: in harmony, timbre and rhythm."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .log_spectrum import FRAME_RATE, LARGE_BLOCK, Spectrum, band_frequencies, chroma

Array = NDArray[np.float64]

SLOTS = 12  # parts of a bar in which its rhythm is compared
PARTS = 4  # parts of a bar in which its harmony is compared
HARMONY_HZ = (130.0, 2100.0)
CONTRAST = 0.6  # of the median distance between bars; at that distance their similarity is 1/e
LEAST_APART = {"harmony": 0.3, "timbre": 0.8, "rhythm": 0.15}  # distances below which bars are always much alike
CYMBALS_HZ = 4000.0
BLOCK = 64  # bars whose distances are computed at a time
STROKE_S = 1.0  # of a bar's first half, in which a cymbal at its beginning sounds


@dataclass(frozen=True, slots=True)
class Bars:
    """Similarities of the n bars of a song.

    harmony, timbre, rhythm: (n, n) similarity of any two bars, 0 to 1 = equal. strokes: (n, n) distance of their
    rhythms. cymbals: (n,) mean log magnitude above CYMBALS_HZ at the beginning of each bar. loudness: (n,) mean log
    magnitude of each bar.
    """

    harmony: Array
    timbre: Array
    rhythm: Array
    strokes: Array
    cymbals: Array
    loudness: Array

    def __len__(self) -> int:
        return len(self.loudness)

    @property
    def alike(self) -> Array:
        """Overall similarity (n, n): the mean of harmony, timbre and rhythm."""
        return (self.harmony + self.timbre + self.rhythm) / 3


def compare_bars(spectrum: Spectrum, edges: Array) -> Bars:
    """Compare the n bars of a song.

    spectrum: log_spectrum (T, bands). edges: (n + 1,) seconds at which the bars begin, and the end of the last one.
    """
    level = np.asarray(spectrum, np.float64)
    hertz = band_frequencies()
    timbre = part_means(np.add.reduceat(level, np.arange(0, level.shape[1], 4), axis=1), edges, 1)
    tones = _angles(part_means(chroma(spectrum, *HARMONY_HZ), edges, PARTS))
    strokes = _angles(part_means(onset_bands(spectrum), edges, SLOTS))
    length = float(np.median(np.diff(edges)))
    early = np.column_stack([edges[:-1] + 2 / FRAME_RATE, edges[:-1] + min(length / 2, STROKE_S)])
    return Bars(
        harmony=_alike(tones, LEAST_APART["harmony"]),
        timbre=_alike(_distances(timbre), LEAST_APART["timbre"]),
        rhythm=_alike(strokes, LEAST_APART["rhythm"]),
        strokes=strokes,
        cymbals=_means(level[:, hertz > CYMBALS_HZ].mean(axis=1, keepdims=True), early.ravel())[::2, 0],
        loudness=part_means(level.mean(axis=1, keepdims=True), edges, 1)[:, 0],
    )


def onset_bands(spectrum: Spectrum) -> Array:
    """Onset strength (T, 3) of a log_spectrum (T, bands) in three bands: below 200 Hz, up to 2 kHz, above it."""
    parts = [_onsets(spectrum[:LARGE_BLOCK])]
    for first in range(LARGE_BLOCK, len(spectrum), LARGE_BLOCK):
        parts.append(_onsets(spectrum[first - 1 : first + LARGE_BLOCK])[1:])
    return np.concatenate(parts)


def _onsets(spectrum: Spectrum) -> Array:
    hertz, level = band_frequencies(), np.asarray(spectrum, np.float64)
    rise = np.maximum(np.diff(level, axis=0, prepend=level[:1]), 0)
    bands = (hertz < 200, (hertz >= 200) & (hertz < 2000), hertz >= 2000)
    return np.stack([rise[:, band].mean(axis=1) for band in bands], axis=1)


def part_means(values: Array, edges: Array, parts: int) -> Array:
    """Means (n, parts * k) of values (T, k) over `parts` equal parts of each of the n bars. edges: as compare_bars."""
    count = len(edges) - 1
    return _means(values, np.interp(np.arange(count * parts + 1) / parts, np.arange(count + 1), edges)).reshape(
        count, -1
    )


def _means(values: Array, seconds: Array) -> Array:
    """Means (m - 1, k) of values (T, k), FRAME_RATE a second, between successive times `seconds` (m,)."""
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    frames = np.clip(np.round(seconds * FRAME_RATE).astype(int), 0, len(values))
    return np.asarray(np.diff(total[frames], axis=0) / np.maximum(np.diff(frames), 1)[:, None])


def _distances(values: Array) -> Array:
    """Euclidean distances (n, n) between rows (n, k). In blocks: an hour has 1800 bars, and n * n * k numbers."""
    blocks = (values[first : first + BLOCK, None] - values[None] for first in range(0, len(values), BLOCK))
    return np.concatenate([np.linalg.norm(block, axis=2) for block in blocks])


def _angles(values: Array) -> Array:
    """Euclidean distances (n, n) between rows (n, k) that are scaled to length 1."""
    unit = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9)
    return np.sqrt(np.maximum(2 - 2 * unit @ unit.T, 0))


def _alike(apart: Array, least: float) -> Array:
    """Similarity (n, n), 0 to 1, of distances (n, n): a Gaussian, with a width of CONTRAST times their median.

    least: the lower bound of that width.
    """
    others = apart[np.triu_indices(len(apart), 1)]
    usual = max(CONTRAST * float(np.median(others)), least) if len(others) else least
    return np.asarray(np.exp(-((apart / usual) ** 2)))
