"""After how many beats a song repeats: evidence of its metre.

A beat spectrum as in Foote and Uchihashi, "The Beat Spectrum: A New Approach to Rhythm Analysis" (2001), of beats
instead of seconds: rhythm and harmony of two bars are alike, those of two beats at different places in a bar less so.
"""

import numpy as np
from numpy.typing import NDArray

from .bar_likeness import onset_bands, part_means
from .log_spectrum import Spectrum

Array = NDArray[np.float64]

PARTS = 6  # parts of a beat in which its rhythm is compared
COMPARED = range(2, 9)  # distances in beats with which that of a bar is compared
LONGEST = 16  # beats
FEWEST = 4  # pairs of beats by which a distance is judged


class Repetition:
    """How the beats of one song repeat.

    spectrum: its log_spectrum (T, bands). tones: its chroma (T, 12).
    """

    def __init__(self, spectrum: Spectrum, tones: Array) -> None:
        self._strokes = onset_bands(spectrum)
        self._tones = tones

    def spectra(self, beats: Array) -> tuple[Array, Array]:
        """The beat spectra (LONGEST + 1,) of rhythm and of harmony. beats: (n,) s, n >= 2."""
        edges = np.append(beats, 2 * beats[-1] - beats[-2])
        rhythm, harmony = part_means(self._strokes, edges, PARTS), part_means(self._tones, edges, 1)
        return beat_spectrum(rhythm), beat_spectrum(harmony)


def beat_spectrum(values: Array) -> Array:
    """Mean cosine similarity of beats that lie 0 to LONGEST beats apart, (LONGEST + 1,), after removing the mean beat.

    values: (n, k) of each beat. Distances with fewer than FEWEST pairs have the mean of the others.
    """
    apart = values - values.mean(axis=0)
    unit = apart / np.maximum(np.linalg.norm(apart, axis=1, keepdims=True), 1e-9)
    known = min(LONGEST, len(unit) - FEWEST)
    alike = [float((unit[lag:] * unit[: len(unit) - lag]).sum(axis=1).mean()) for lag in range(1, known + 1)]
    out = np.full(LONGEST + 1, np.mean(alike) if alike else 0.0)
    out[0], out[1 : len(alike) + 1] = 1.0, alike
    return out


def repeats_by_bar(spectrum: Array, metre: int) -> list[float]:
    """Four features of a metre: the similarity of beats that lie a bar of `metre` beats apart, minus that at the most
    similar other distance, at all other distances, and at half a bar (0 in odd metres); and that of two bars minus it.

    spectrum: (LONGEST + 1,), a beat_spectrum. The other distances are those of COMPARED that are not whole bars.
    """
    bar = float(spectrum[metre])
    others = [float(spectrum[distance]) for distance in COMPARED if distance % metre]
    half = bar - float(spectrum[metre // 2]) if metre % 2 == 0 else 0.0
    return [bar - max(others), bar - sum(others) / len(others), float(spectrum[2 * metre]) - bar, half]
