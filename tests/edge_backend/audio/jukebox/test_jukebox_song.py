"""Features of a song's windows: each separately, each once, resumed after an interruption; and jukemirlib."""

import sys
from pathlib import Path

import numpy as np
import pytest

from edge_backend.audio.features import song_features
from edge_backend.audio.jukebox.extractor import NativeExtractor
from edge_backend.audio.jukebox.settings import JukeboxSettings, default_cache
from edge_backend.audio.jukebox.song import STEPS, jukebox_windows, make_extractor
from edge_backend.audio.jukebox.sound import RATE, prepare
from edge_backend.audio.loading import Audio
from edge_backend.errors import EdgeError

LAYERS = 6


@pytest.fixture
def settings(jukebox, tmp_path) -> JukeboxSettings:
    return JukeboxSettings(jukebox.path, precision="fp32", cache=tmp_path / "cache")


def cut(song: Audio, start: float, seconds: float) -> Audio:
    first = round(start * song.rate)
    return Audio(song.samples[first : first + round(seconds * song.rate)], song.rate, song.path)


class Counter:
    """A report that counts the steps of extraction."""

    def __init__(self, stop_after: int = 10**9) -> None:
        self.steps: list[tuple[int, int]] = []
        self._stop_after = stop_after

    def __call__(self, _stage: str, done: int, total: int) -> None:
        self.steps.append((done, total))
        if len(self.steps) > self._stop_after:
            raise EdgeError("cancelled", "Enough.")


def test_each_window_is_computed_separately(song, settings) -> None:
    windows = jukebox_windows(cut(song, 3.0, 7.5), 225, settings)
    assert windows.shape == (2, 150, 64)
    assert windows.dtype == np.float32
    second = prepare(cut(song, 5.5, 5.0).samples, song.rate)
    extractor = make_extractor(settings, 1)
    np.testing.assert_allclose(windows[1], extractor.features(second[None])[0], atol=1e-5 * np.abs(windows).max())


def test_past_the_end_there_is_silence(song, settings) -> None:
    windows = jukebox_windows(cut(song, 0.0, 3.0), 150, settings)
    padded = np.concatenate([cut(song, 0.0, 3.0).samples, np.zeros(2 * song.rate, np.float32)])
    expected = make_extractor(settings, 1).features(prepare(padded, song.rate)[None])
    np.testing.assert_array_equal(windows, expected)


def test_the_second_time_nothing_is_extracted(song, settings) -> None:
    first, second = Counter(), Counter()
    windows = jukebox_windows(cut(song, 0.0, 7.5), 225, settings, first)
    again = jukebox_windows(cut(song, 0.0, 7.5), 225, settings, second)
    assert first.steps[-1] == (2 * STEPS, 2 * STEPS)
    assert second.steps == []
    np.testing.assert_array_equal(windows, again)


def test_a_trim_moved_by_half_a_window_extracts_only_what_is_new(song, settings) -> None:
    jukebox_windows(cut(song, 0.0, 10.0), 300, settings)
    counter = Counter()
    jukebox_windows(cut(song, 2.5, 10.0), 300, settings, counter)
    assert counter.steps[-1] == (STEPS, STEPS)  # one of three windows


def test_equal_windows_are_computed_once(settings, tmp_path) -> None:
    bar = np.sin(np.arange(round(2.5 * RATE)) * 0.05).astype(np.float32)
    path = tmp_path / "loop.wav"
    path.write_bytes(b"any")
    counter = Counter()
    windows = jukebox_windows(Audio(np.tile(bar, 4), RATE, path), 300, settings, counter)
    assert counter.steps[-1] == (STEPS, STEPS)
    np.testing.assert_array_equal(windows[0], windows[2])


def test_stopped_work_goes_on_where_it_was(song, settings, monkeypatch) -> None:
    monkeypatch.setattr(NativeExtractor, "group", 1)  # so that each window is kept as soon as it is made
    with pytest.raises(EdgeError, match="Enough"):
        jukebox_windows(cut(song, 0.0, 7.5), 225, settings, Counter(stop_after=LAYERS + 3))
    counter = Counter()
    jukebox_windows(cut(song, 0.0, 7.5), 225, settings, counter)
    assert counter.steps[-1] == (STEPS, STEPS)


def test_progress_never_goes_back(song, settings, monkeypatch) -> None:
    monkeypatch.setattr(NativeExtractor, "group", 2)  # three windows: two and one
    counter = Counter()
    jukebox_windows(cut(song, 0.0, 10.0), 300, settings, counter)
    assert {total for _, total in counter.steps} == {3 * STEPS}
    done = [done for done, _ in counter.steps]
    assert done == sorted(done)
    assert done[-1] == 3 * STEPS


def test_without_a_cache_nothing_is_written(song, jukebox, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("EDGE_DANCE_CACHE", str(tmp_path))
    jukebox_windows(cut(song, 0.0, 5.0), 150, JukeboxSettings(jukebox.path, precision="fp32", cache=None))
    assert list(tmp_path.iterdir()) == []
    assert default_cache() == tmp_path / "jukebox"


def test_long_work_is_announced(song, jukebox, tmp_path) -> None:
    told = []
    settings = JukeboxSettings(
        jukebox.path, precision="fp32", cache=tmp_path, announce=lambda *words: told.append(words)
    )
    for _ in range(2):
        jukebox_windows(cut(song, 0.0, 7.5), 225, settings)
    ((slices, seconds),) = told  # not for the second time, which extracts nothing
    assert slices == 2
    assert 0 < seconds < 60


def test_song_features_of_that_kind(song, settings) -> None:
    features = song_features(cut(song, 0.0, 5.0), "jukebox", 150, settings)
    assert features.windows_alone
    assert features.values.shape == (1, 150, 64)
    assert features.beats.tempo > 0


def test_without_jukebox_there_is_a_sentence(song) -> None:
    with pytest.raises(EdgeError, match="jukebox convert") as caught:
        song_features(song, "jukebox", 150, JukeboxSettings(cache=None))
    assert caught.value.code == "jukebox_missing"


def test_jukemirlib_gets_one_slice_at_a_time_and_one_layer(song, stand_in, tmp_path) -> None:
    settings = JukeboxSettings(provider="jukemirlib", originals=Path("originals"), cache=tmp_path)
    windows = jukebox_windows(cut(song, 0.0, 7.5), 225, settings)
    assert windows.shape == (2, 150, 64)
    assert windows.dtype == np.float32
    assert (windows == 1).all()  # it hears each slice at full loudness
    assert stand_in == [{"shape": (5 * RATE,), "layers": [66], "folder": "originals"}] * 2
    jukebox_windows(cut(song, 0.0, 7.5), 225, settings)
    assert len(stand_in) == 2


def test_where_jukemirlib_is_not_installed_there_is_a_sentence(song, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "jukemirlib", None)
    with pytest.raises(EdgeError, match="not installed") as caught:
        jukebox_windows(song, 150, JukeboxSettings(provider="jukemirlib", cache=None))
    assert caught.value.code == "package_missing"
