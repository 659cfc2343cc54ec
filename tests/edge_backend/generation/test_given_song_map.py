"""A song map that is brought along says where the beats are."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_sound import audio, kicks

from edge_backend.audio.features import song_features
from edge_backend.audio.listening import listen, read_map
from edge_backend.errors import EdgeError
from edge_backend.generation.song_form import given_map
from edge_backend.schema.requests import BeatsRequest, FeaturesRequest, GenerateRequest
from edge_backend.schema.song_map_edits import begin_bar

SONG = audio(kicks(np.arange(0.2, 20, 0.5), 20.0))


def test_the_maps_beats_are_the_dances() -> None:
    heard = listen(SONG)
    third = next(second for second, number in heard.beats if number == 3)
    moved = begin_bar(heard, third)
    features = song_features(SONG, "rhythm", 600, song_map=moved, correction=BeatsRequest(offset=0.2))
    assert features.beats.confidence == 1.0
    assert np.abs(features.beats.downbeats - third).min() < 1e-3
    np.testing.assert_allclose((features.beats.beats - 0.2 + 0.25) % 0.5 - 0.25, 0, atol=0.04)


def test_a_map_computed_with_a_correction_contains_it() -> None:
    heard, slow = listen(SONG), listen(SONG, BeatsRequest("half", 0.1))
    assert slow.tempo == pytest.approx(heard.tempo / 2, rel=0.01)
    assert min(abs(second - 0.1 - heard.beats[2][0]) for second, _ in slow.beats) < 1.01 * 0.5
    assert {number for _, number in slow.beats} == {1, 2, 3, 4}
    assert listen(SONG) == heard


def test_a_file_that_is_no_map_is_refused(tmp_path: Path) -> None:
    for name, text in (("no.json", "{}"), ("bad.json", "[1"), ("one.json", replace(listen(SONG), beats=()).to_json())):
        path = tmp_path / name
        path.write_text(text)
        with pytest.raises(EdgeError, match="song map") as refused:
            read_map(path)
        assert refused.value.code == "song_map_invalid"
    path.write_text(listen(SONG).to_json())
    assert given_map(GenerateRequest("", song_map=str(path))) == given_map(FeaturesRequest("", song_map=str(path)))
    assert given_map(GenerateRequest("")) is None
