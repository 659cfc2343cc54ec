"""The twelve rhythm channels for known sounds, frame by frame."""

import numpy as np
import pytest
from made_sound import audio, clicks, hats, kicks

from edge_backend.audio.beats import BeatGrid
from edge_backend.audio.rhythm import CHANNELS, grid_channels, rhythm_features
from edge_backend.schema.frames import FPS

BPM, SECONDS = 120.0, 16.0
FRAMES = round(SECONDS * FPS)
BEATS = np.arange(0.5, SECONDS, 60 / BPM)  # on frames 15, 30, ...


@pytest.fixture(scope="module")
def channels() -> dict[str, np.ndarray]:
    """Kick on every beat, louder on every fourth; hats between the beats; silence after 14 s."""
    sound = 0.5 * kicks(BEATS, SECONDS) + 0.5 * kicks(BEATS[::4], SECONDS) + hats(BEATS + 0.25, SECONDS)
    sound[14 * 22050 :] = 0
    values, _ = rhythm_features(audio(sound), FRAMES)
    assert values.shape == (FRAMES, len(CHANNELS))
    assert values.dtype == np.float32
    return dict(zip(CHANNELS, values.T, strict=True))


def test_phases_are_zero_on_the_beat_and_on_the_bar(channels: dict[str, np.ndarray]) -> None:
    frame = 15 * 9  # the ninth beat: the third downbeat
    assert channels["beat_cos"][frame] == pytest.approx(1, abs=0.05)
    assert channels["bar_cos"][frame] == pytest.approx(1, abs=0.05)
    # An eighth of a beat later the sine is sin(2 pi / 8) on average of the frames around it, and rising.
    assert channels["beat_sin"][frame + 2] == pytest.approx(np.sin(2 * np.pi * 2 / 15), abs=0.1)
    assert channels["bar_sin"][frame + 15] == pytest.approx(1, abs=0.05)  # a quarter of the bar
    for wave in ("beat", "bar"):
        np.testing.assert_allclose(channels[f"{wave}_sin"] ** 2 + channels[f"{wave}_cos"] ** 2, 1, atol=1e-5)


def test_pulses_stand_on_beats_and_downbeats(channels: dict[str, np.ndarray]) -> None:
    on_beats = np.arange(15, 400, 15)
    assert channels["beat_pulse"][on_beats].min() > 0.9
    assert channels["beat_pulse"][on_beats + 7].max() < 0.01  # 0.23 s away: exp(-(0.23 / 0.05)^2 / 2)
    assert channels["downbeat_pulse"][on_beats[::4]].min() > 0.9
    assert channels["downbeat_pulse"][on_beats[1::4]].max() < 0.01


def test_onsets_are_detected_in_their_band_at_their_frame(channels: dict[str, np.ndarray]) -> None:
    kick_frames, hat_frames = np.arange(15, 400, 15), np.round((BEATS[:24] + 0.25) * FPS).astype(int)
    near = {
        name: np.maximum(channels[name], np.maximum(np.roll(channels[name], 1), np.roll(channels[name], -1)))
        for name in CHANNELS
    }
    assert near["onset_low"][kick_frames].mean() > 0.8
    assert near["onset_low"][hat_frames].max() < 0.3
    assert near["onset_high"][hat_frames].mean() > 0.8
    for band in ("onset_low", "onset_mid", "onset_high"):
        assert channels[band].min() >= 0
        assert channels[band].max() == 1


def test_loudness_falls_from_the_loudest_to_silence(channels: dict[str, np.ndarray]) -> None:
    assert channels["loudness"].max() == pytest.approx(1)
    assert channels["loudness"][15] > 0.8
    np.testing.assert_array_equal(channels["loudness"][round(14.1 * FPS) :], 0)


def test_half_as_loud_is_6_db_less() -> None:
    tone = np.sin(2 * np.pi * 300 * np.arange(4 * 22050) / 22050)
    tone[2 * 22050 :] *= 0.5
    values, _ = rhythm_features(audio(tone), 120)
    loudness = values[:, CHANNELS.index("loudness")]
    assert loudness[30] == pytest.approx(1, abs=0.01)
    assert loudness[90] == pytest.approx(1 - 6.02 / 40, abs=0.01)


def test_tempo_is_in_octaves_of_120_and_music_is_known() -> None:
    values, grid = rhythm_features(audio(clicks(np.arange(0.2, 12, 60 / 90), 12.0)), 360)
    np.testing.assert_allclose(values[:, CHANNELS.index("tempo")], np.log2(grid.tempo / 120), rtol=1e-6)
    assert grid.tempo == pytest.approx(90, rel=0.01)
    np.testing.assert_array_equal(values[:, CHANNELS.index("music")], 1)


@pytest.mark.parametrize("frames", [1, 30, 480, 900])
def test_any_number_of_frames_is_the_same_song(frames: int) -> None:
    song = audio(kicks(BEATS, SECONDS))
    values, _ = rhythm_features(song, frames)
    whole, _ = rhythm_features(song, FRAMES)
    assert values.shape == (frames, 12)
    assert np.isfinite(values).all()
    shared = min(frames, FRAMES) - 1  # the last frame's beat length is one-sided
    np.testing.assert_allclose(values[:shared], whole[:shared], atol=1e-5)


def test_past_the_end_the_grid_goes_on_in_silence() -> None:
    values, grid = rhythm_features(audio(kicks(BEATS, SECONDS)), 900)
    beat_pulse = values[:, CHANNELS.index("beat_pulse")]
    for beat in range(1, 8):
        seconds = grid.beats[-1] + beat * 60 / grid.tempo
        assert beat_pulse[round(seconds * FPS)] > 0.9
    assert values[500:, CHANNELS.index("loudness")].max() == 0
    assert values[500:, CHANNELS.index("onset_low")].max() == 0


def test_grid_channels_of_a_known_grid() -> None:
    grid = BeatGrid(120.0, np.arange(0.0, 4.0, 0.5), np.array([0.5, 2.5]))
    values = grid_channels(grid, 91)
    np.testing.assert_allclose(values[15], [0, 1, 0, 1, 1, 1], atol=1e-9)  # 0.5 s: a downbeat
    np.testing.assert_allclose(values[30], [0, 1, 1, 0, 1, 0], atol=1e-9)  # 1 s: the bar's second beat
    # 2 s + 1/30 s: a frame after the bar's fourth beat, 14 before the downbeat at 2.5 s
    after = 1 / 30
    np.testing.assert_allclose(
        values[61, 4:], [np.exp(-((after / 0.05) ** 2) / 2), np.exp(-(((0.5 - after) / 0.05) ** 2) / 2)]
    )
