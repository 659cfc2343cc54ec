"""Music that tells the style is found out, and music that does not is not accused."""

import numpy as np
import pytest

from build_tools.starter_pack.pack_writer import TEMPO_BANDS, Piece, tempos_to_try
from build_tools.starter_pack.style_in_music import style_accuracy
from edge_backend.audio.rhythm import CHANNELS

STYLES = ("salsa", "modern", "breakdance")


def songs_of(tempo_of_style, seed):
    """40 songs of each style, two for each piece, whose mean tempo is given."""
    rng = np.random.default_rng(seed)
    songs, styles, pieces = [], [], []
    for style, tempo in zip(STYLES, tempo_of_style, strict=True):
        for _ in range(40):
            song = rng.normal(size=len(CHANNELS)) * np.ones((30, 1))
            song[:, CHANNELS.index("tempo")] = tempo + 0.2 * rng.normal()
            songs.append(song)
            styles.append(style)
            pieces.append(len(pieces) // 2)
    return songs, styles, pieces


@pytest.mark.parametrize("seed", range(3))
def test_a_tempo_of_its_own_predicts_the_style(seed):
    assert style_accuracy(*songs_of((-1, 0, 1), seed)) > 0.9


@pytest.mark.parametrize("seed", range(3))
def test_music_that_is_the_same_for_all_styles_predicts_none(seed):
    assert style_accuracy(*songs_of((0, 0, 0), seed)) == pytest.approx(1 / 3, abs=0.15)


@pytest.mark.parametrize("bpm", [62.0, 97.0, 131.0, 188.0])
@pytest.mark.parametrize("confidence", [0.1, 0.9])
def test_every_piece_is_searched_in_every_band(bpm, confidence):
    piece = Piece(np.zeros((300, 24, 3)), np.zeros((300, 4)), bpm, confidence)
    for low, high in TEMPO_BANDS:
        tempos = tempos_to_try(piece, (low, high))
        assert low * 0.95 <= tempos.min() <= tempos.max() <= high * 1.05
        if confidence > 0.5 and low <= bpm < high:
            assert np.abs(tempos / bpm - 1).max() <= 0.05
