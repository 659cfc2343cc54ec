"""A song's file is read and hashed once, as long as it is the same file."""

import os
from pathlib import Path

import pytest
import soundfile
from made_sound import clicks

from edge_backend.audio import song_source as module
from edge_backend.audio.song_source import song_source
from edge_backend.errors import EdgeError
from edge_backend.fileio.hashing import sha256_of


@pytest.fixture
def song(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "song.wav", clicks([0.5, 1.0, 1.5], 2.5), 22050)
    return tmp_path / "song.wav"


def test_a_song_is_hashed_and_decoded_once(song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    load, hashed = module.load, module.sha256_of
    monkeypatch.setattr(module, "load", lambda *stretch: read.append("decoded") or load(*stretch))
    monkeypatch.setattr(module, "sha256_of", lambda path: read.append("hashed") or hashed(path))
    for _ in range(2):
        source = song_source(song)
        assert source.sha256 == sha256_of(song)
        assert source.duration == 2.5
    assert sorted(read) == ["decoded", "hashed"]


def test_loading_to_the_end_determines_the_length(song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = song_source(song)
    source.load(1.0)
    monkeypatch.setattr(module, "load", None)  # would fail
    assert source.duration == 2.5


def test_another_file_in_its_place_is_another_song(song: Path) -> None:
    before = song_source(song)
    assert before.duration == 2.5
    assert before.sha256 == sha256_of(song)
    soundfile.write(song, clicks([0.5], 1.5), 22050)
    os.utime(song, ns=(1, 1))
    assert song_source(song).duration == 1.5
    assert song_source(song).sha256 != before.sha256


def test_a_folder_and_a_missing_file_are_named(tmp_path: Path) -> None:
    for path, code in ((tmp_path, "audio_folder"), (tmp_path / "none.wav", "audio_missing")):
        with pytest.raises(EdgeError) as caught:
            song_source(path)
        assert caught.value.code == code
