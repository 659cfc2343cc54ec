"""Sections that return are separated from what they are joined to."""

import numpy as np

from edge_backend.audio.bar_likeness import Array, Bars
from edge_backend.audio.log_spectrum import log_spectrum
from edge_backend.audio.sections import LONGEST, best_spans, find_sections, returns

INTRO, A, B = "xy", "abcd", "efgh"


def bars(music: str) -> Bars:
    """Bars that are alike where their letters are the same, and not at all where they are not."""
    letters = np.array(list(music))
    alike = (letters[:, None] == letters).astype(float)
    return Bars(alike, alike, alike, 1 - alike, np.zeros(len(letters)), np.zeros(len(letters)))


def test_what_the_song_repeats_elsewhere_is_found_at_every_length() -> None:
    found = returns(bars(INTRO + A + B + A))
    assert found[2, 4] > 0 and found[10, 4] > 0 and found[2, 3] > 0
    assert found[2, 5] < 0 and found[6, 4] < 0 and found[1, 4] < found[2, 4]
    assert np.isneginf(found[8, 7])  # it would overlap with its repetition


def test_a_loop_within_a_section_is_no_return() -> None:
    found = returns(bars(A + A + B))
    assert found[0, 4] < 0
    assert returns(bars(A + A + B + A))[0, 4] > 0


def test_a_section_that_returns_is_separated_from_the_introduction_and_from_its_own_repetition() -> None:
    def spans(music: str, repeated: Array | None = None) -> list[tuple[int, int]]:
        odds = np.full(len(music), -1.0)
        return best_spans(odds, returns(bars(music)) if repeated is None else repeated)

    music = INTRO + A + B + A
    assert spans(music) == [(0, 2), (2, 6), (6, 10), (10, 14)]
    assert spans(music, np.full((len(music), LONGEST + 1), -np.inf)) != spans(music)
    twice = A + B + A + B
    assert spans(twice) == [(0, 8), (8, 16)]


def test_sounds_that_return_after_an_introduction_get_one_label() -> None:
    """Two bars, then loops of four bars, A B A, in tones that last a bar."""
    steps = {"x": (0, 0), "A": (0, 5, 7, 3), "B": (14, 21, 22, 16)}
    time = np.arange(22050) / 22050
    tones = [step for part in "xABA" for step in steps[part]]
    bar = [np.sin(2 * np.pi * 220 * 2 ** (step / 12) * time) * np.exp(-2 * time) for step in tones]
    found = find_sections(log_spectrum(np.concatenate(bar).astype(np.float32)), np.arange(15.0))
    assert [(part.first, part.end) for part in found] == [(0, 2), (2, 6), (6, 10), (10, 14)]
    assert found[1].label == found[3].label != found[2].label
