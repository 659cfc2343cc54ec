"""The baseline features equal those of the EDGE authors' code."""

from pathlib import Path, PurePath

import numpy as np
import pytest
from made_sound import audio, clicks

from edge_backend.audio.baseline import WIDTH, baseline_features, baseline_slices, start_tempo
from edge_backend.audio.loading import load
from edge_backend.schema.frames import WINDOW

STRIDE_S = 2.5


def test_baseline_parity(parity_folder: Path) -> None:
    golden = np.load(parity_folder / "baseline_features.npz")["features"]
    features = baseline_slices(load(parity_folder / "track.wav"), STRIDE_S)
    assert features.shape == golden.shape
    assert features.dtype == np.float32
    # Single precision of values up to 600, over other processors' FFTs and sums: measured 1e-4.
    np.testing.assert_allclose(features, golden, rtol=1e-5, atol=1e-3)
    np.testing.assert_array_equal(features[..., -2:], golden[..., -2:])  # onset peaks and beats, frame for frame


def test_a_slice_is_computed_separately(parity_folder: Path) -> None:
    track = load(parity_folder / "track.wav")
    second = load(parity_folder / "track.wav", STRIDE_S, 5.0)
    alone = baseline_features(second.samples, second.rate)
    assert alone.shape == (WINDOW, WIDTH)
    np.testing.assert_array_equal(alone, baseline_slices(track, STRIDE_S)[1])


def test_songs_shorter_than_a_slice_have_none() -> None:
    assert baseline_slices(audio(clicks(np.array([1.0]), 3.0)), STRIDE_S).shape == (0, WINDOW, WIDTH)


@pytest.mark.parametrize(
    ("name", "bpm"),
    [
        ("gBR_sBM_cAll_d04_mBR0_ch01_slice3.wav", 80.0),
        ("gLO_sFM_cAll_d14_mLO5_ch01.wav", 130.0),
        ("gHO_sBM_cAll_d20_mHO3_ch10.wav", 125.0),
        ("my_own_song_of_2026_mXX1.wav", None),
        ("track.wav", None),
    ],
)
def test_aist_names_contain_the_tempo(name: str, bpm: float | None) -> None:
    assert start_tempo(PurePath(name)) == bpm
