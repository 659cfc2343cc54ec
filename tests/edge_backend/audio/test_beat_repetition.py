"""Songs that repeat after a number of beats are told from those that repeat after another."""

import numpy as np
import pytest
from made_sound import audio, hats, kicks

from edge_backend.audio.beat_detection import spectrum_of
from edge_backend.audio.beat_repetition import LONGEST, Repetition, beat_spectrum, repeats_by_bar
from edge_backend.audio.log_spectrum import chroma
from edge_backend.audio.readings import HARMONY_HZ

METRES = (2, 3, 4, 5, 6, 7)


@pytest.mark.parametrize("period", [3, 5, 7])
def test_beats_are_most_alike_a_bar_apart(period: int) -> None:
    rng = np.random.default_rng(period)
    bar = rng.uniform(0, 1, (period, 8))
    spectrum = beat_spectrum(np.tile(bar, (12, 1)) + rng.normal(0, 0.1, (12 * period, 8)))
    best = [repeats_by_bar(spectrum, metre)[0] for metre in METRES]
    assert METRES[int(np.argmax(best))] == period
    assert spectrum.shape == (LONGEST + 1,)
    assert spectrum[0] == 1.0


def test_a_bar_of_two_halves_is_told_from_two_equal_bars() -> None:
    rng = np.random.default_rng(1)
    two, four = rng.uniform(0, 1, (2, 8)), rng.uniform(0, 1, (4, 8))
    of_two, of_four = (beat_spectrum(np.tile(bar, (60 // len(bar), 1))) for bar in (two, four))
    half = 3
    assert repeats_by_bar(of_two, 4)[half] == pytest.approx(0, abs=1e-9)
    assert repeats_by_bar(of_four, 4)[half] > 0.5
    two_bars = 2
    assert repeats_by_bar(of_two, 2)[two_bars] == pytest.approx(0, abs=1e-9)
    assert repeats_by_bar(of_four, 2)[two_bars] > 0.5


def test_the_kick_drum_of_a_waltz_repeats_after_three_beats() -> None:
    beats = np.arange(0.3, 19.5, 0.5)
    spectrum = spectrum_of(audio(kicks(beats[::3], 20.0) + 0.3 * hats(beats, 20.0)))
    rhythm, _ = Repetition(spectrum, chroma(spectrum, *HARMONY_HZ)).spectra(beats)
    assert repeats_by_bar(rhythm, 3)[0] > 0.5
    assert all(repeats_by_bar(rhythm, metre)[0] < 0 for metre in (2, 4, 5, 7))


@pytest.mark.parametrize("count", [2, 4, 5, 9])
def test_a_few_beats_are_enough(count: int) -> None:
    spectrum = beat_spectrum(np.random.default_rng(count).uniform(0, 1, (count, 6)))
    assert np.isfinite(spectrum).all()
    assert all(np.isfinite(repeats_by_bar(spectrum, metre)).all() for metre in METRES)


def test_equal_beats_repeat_at_no_distance() -> None:
    spectrum = beat_spectrum(np.ones((30, 6)))
    assert all(repeats_by_bar(spectrum, metre) == [0, 0, 0, 0] for metre in METRES)
