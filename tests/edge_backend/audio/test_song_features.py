"""song_features returns the features that each kind of weights needs."""

import numpy as np
import pytest
from made_sound import audio, kicks

from edge_backend.audio.baseline import baseline_features
from edge_backend.audio.features import song_features
from edge_backend.audio.rhythm import rhythm_features
from edge_backend.errors import EdgeError

SONG = audio(kicks(np.arange(0.2, 9.0, 0.5), 9.0))


def test_rhythm_is_one_series_for_the_song() -> None:
    features = song_features(SONG, "rhythm", 300)
    values, grid = rhythm_features(SONG, 300)
    assert not features.windows_alone
    np.testing.assert_array_equal(features.values, values)
    np.testing.assert_array_equal(features.beats.beats, grid.beats)


def test_baseline_features_are_computed_per_window_with_silence_past_the_end() -> None:
    features = song_features(SONG, "baseline", 300)  # 10 s: windows from 0, 2.5 and 5 s
    assert features.windows_alone
    assert features.values.shape == (3, 150, 35)
    samples, rate = SONG.samples, SONG.rate
    np.testing.assert_array_equal(features.values[0], baseline_features(samples[: 5 * rate], rate))
    last = np.concatenate([samples[5 * rate :], np.zeros(rate, np.float32)])
    np.testing.assert_array_equal(features.values[2], baseline_features(last, rate))
    assert 110 < features.beats.tempo < 130


@pytest.mark.parametrize(("frames", "windows"), [(30, 1), (150, 1), (151, 2), (225, 2), (226, 3)])
def test_windows_cover_the_frames(frames: int, windows: int) -> None:
    assert song_features(SONG, "baseline", frames).values.shape[0] == windows


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(EdgeError, match="no music features called humming") as caught:
        song_features(SONG, "humming", 150)
    assert caught.value.code == "features_unknown"
