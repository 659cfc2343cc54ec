"""Beats are detected where drums are; songs without a beat get a usable grid."""

from collections.abc import Callable

import numpy as np
import pytest
from made_sound import audio, clicks, hats, kicks, snares
from numpy.typing import NDArray

from edge_backend.audio.beats import BeatGrid
from edge_backend.audio.loading import Audio
from edge_backend.audio.rhythm import analyse, rhythm_features
from edge_backend.schema.requests import TEMPO_CHANGES, BeatsRequest

SECONDS = 16.0
FIRST = 0.31  # seconds to the first beat: on no frame, hop or window
TOLERANCE = 0.025


def find_beats(song: Audio) -> BeatGrid:
    return analyse(song).grid


def grid(bpm: float, every: float = 1.0, offset: float = 0.0, seconds: float = SECONDS) -> NDArray[np.float64]:
    """Times of every `every`th beat from beat number `offset` on."""
    return np.arange(FIRST + offset * 60 / bpm, seconds, every * 60 / bpm)


def off_beat(found: NDArray[np.float64], bpm: float) -> NDArray[np.float64]:
    """Distance in seconds of each found beat from the grid of that tempo, which has no ends."""
    beats = (found - FIRST) * bpm / 60
    return np.abs(beats - np.round(beats)) * 60 / bpm


def octave(found: float, true: float) -> float:
    return float(np.log2(found / true))


@pytest.mark.parametrize("bpm", [60, 71, 83, 97, 105, 118, 124, 137, 149, 163, 178, 190])
def test_clicks_are_found_within_25_ms(bpm: int) -> None:
    found = find_beats(audio(clicks(grid(bpm), SECONDS)))
    times = octave(found.tempo, bpm)
    assert times == pytest.approx(round(times), abs=0.01)
    assert round(times) in (-1, 0, 1)  # half and double time are dances to the same music
    # Found at double time, beats lie on the half beats too.
    assert off_beat(found.beats, bpm * max(2 ** round(times), 1)).max() < TOLERANCE


@pytest.mark.parametrize("bpm", [90, 104, 120, 128, 140])
def test_a_dance_beat_is_found_on_the_kick_drum_with_its_first_beat_on_the_bar(bpm: int) -> None:
    four_on_the_floor = 0.6 * kicks(grid(bpm), SECONDS) + kicks(grid(bpm, 4), SECONDS)
    loop = four_on_the_floor + snares(grid(bpm, 2, 1), SECONDS) + hats(grid(bpm, 1, 0.5), SECONDS)
    found = find_beats(audio(loop))
    assert found.tempo == pytest.approx(bpm, rel=0.005)
    assert off_beat(found.beats, bpm).max() < TOLERANCE
    assert off_beat(found.downbeats, bpm / 4).max() < TOLERANCE


@pytest.mark.parametrize("bpm", [92, 110, 126])
def test_syncopated_drums_keep_the_beat(bpm: int) -> None:
    kick = np.concatenate([grid(bpm, 4), grid(bpm, 4, 1.75), grid(bpm, 4, 2.5)])
    loop = kicks(kick, SECONDS) + snares(grid(bpm, 2, 1), SECONDS) + hats(grid(bpm, 0.5), SECONDS)
    found = find_beats(audio(loop))
    assert found.tempo == pytest.approx(bpm, rel=0.01)
    assert np.median(off_beat(found.beats, bpm)) < TOLERANCE


def test_sparse_drums_are_enough() -> None:
    bpm = 100
    found = find_beats(audio(kicks(grid(bpm, 2), SECONDS)))
    assert octave(found.tempo, bpm) == pytest.approx(round(octave(found.tempo, bpm)), abs=0.01)
    assert np.median(off_beat(found.beats, bpm)) < TOLERANCE


def test_beats_go_on_through_a_break_and_to_both_ends() -> None:
    bpm, seconds = 120, 30.0
    times = grid(bpm, seconds=seconds)
    played = times[((times > 4) & (times < 12)) | ((times > 18) & (times < 25))]
    beats = find_beats(audio(kicks(played, seconds))).beats
    assert beats[0] < 60 / bpm
    assert beats[-1] > seconds - 60 / bpm - TOLERANCE
    assert np.diff(beats).max() < 1.1 * 60 / bpm
    near_the_drums = (beats > 3) & (beats < 26)
    assert off_beat(beats[near_the_drums], bpm).max() < 2 * TOLERANCE


def test_the_grid_follows_a_band_that_gets_faster() -> None:
    count = np.arange(0, 60)
    times = FIRST + count * 0.55 - 0.0008 * count**2  # from 109 to 132 bpm
    beats = find_beats(audio(kicks(times, times[-1] + 0.4))).beats
    nearest = np.abs(beats[:, None] - times).min(axis=1)
    assert np.median(nearest) < TOLERANCE


@pytest.mark.parametrize("seconds", [1.0, 1.4, 2.0])
@pytest.mark.parametrize("kind", ["noise", "tone", "one stroke", "nothing"])
def test_sound_without_a_beat_gets_an_even_grid(kind: str, seconds: float) -> None:
    time = np.arange(round(22050 * seconds)) / 22050
    sound = {
        "noise": np.random.default_rng(3).standard_normal(len(time)),
        "tone": np.sin(2 * np.pi * 440 * time),
        "one stroke": kicks(np.array([0.4]), seconds),
        "nothing": np.zeros(len(time)),
    }[kind]
    found = find_beats(audio(sound))
    assert 55 <= found.tempo <= 205
    assert len(found.beats) >= 1
    assert ((found.beats >= 0) & (found.beats <= seconds)).all()
    assert np.isin(found.downbeats, found.beats).all()


def test_one_stroke_is_a_beat_of_the_even_grid() -> None:
    found = find_beats(audio(kicks(np.array([0.75]), 2.0)))
    assert found.tempo == 120.0
    assert np.abs(found.beats - 0.75).min() < TOLERANCE
    np.testing.assert_allclose(np.diff(found.beats), 0.5)


def test_two_seconds_of_drums_are_enough_for_their_tempo() -> None:
    found = find_beats(audio(clicks(grid(120, seconds=2.0), 2.0)))
    assert octave(found.tempo, 120) == pytest.approx(round(octave(found.tempo, 120)), abs=0.03)
    assert off_beat(found.beats, 240).max() < TOLERANCE


@pytest.mark.parametrize("rate", [8000, 44100])
def test_the_rate_of_the_file_does_not_move_the_beats(rate: int) -> None:
    found = find_beats(audio(kicks(grid(112), SECONDS, rate), rate))
    assert found.tempo == pytest.approx(112, rel=0.005)
    assert off_beat(found.beats, 112).max() < TOLERANCE


@pytest.mark.parametrize("bpm", [90, 100, 120, 128, 150])
@pytest.mark.parametrize("drum", [clicks, kicks])
def test_a_beat_on_which_the_song_begins_is_found_at_0_s(bpm: int, drum: Callable[..., NDArray[np.float32]]) -> None:
    beats = find_beats(audio(drum(np.arange(0, 8, 60 / bpm), 8.0))).beats
    assert 0 <= beats[0] < TOLERANCE
    assert beats[1] == pytest.approx(60 / bpm, abs=TOLERANCE)


def test_an_even_grid_that_begins_a_little_early_begins_at_0_s() -> None:
    beats = find_beats(audio(kicks(np.array([0.99]), 2.0))).beats
    assert beats[0] == 0.0
    np.testing.assert_allclose(np.diff(beats[:4]), 0.5, atol=TOLERANCE)


def test_positions_count_from_the_first_downbeat_and_go_on_past_the_ends() -> None:
    beats = BeatGrid(tempo=120.0, beats=np.array([0.25, 0.75, 1.25, 1.75]), downbeats=np.array([0.75]))
    seconds = np.array([-0.25, 0.25, 0.75, 1.0, 1.75, 2.75])
    np.testing.assert_allclose(beats.position(seconds), [-2, -1, 0, 0.5, 2, 4])


HEARD = BeatGrid(120.0, np.arange(0.25, 10, 0.5), np.arange(0.75, 10, 2.0))


@pytest.mark.parametrize(
    ("correction", "tempo", "beats", "downbeats"),
    [
        (BeatsRequest(), 120, HEARD.beats, HEARD.downbeats),
        (BeatsRequest("half"), 60, np.arange(0.75, 10, 1.0), np.arange(0.75, 10, 4.0)),
        (BeatsRequest("double"), 240, np.arange(0, 10.01, 0.25), np.arange(0.75, 10, 1.0)),
        (BeatsRequest(offset=0.1), 120, np.arange(0.35, 10, 0.5), np.arange(0.85, 10, 2.0)),
        (BeatsRequest(offset=-0.4), 120, np.arange(0.35, 10, 0.5), np.arange(0.35, 10, 2.0)),
        (BeatsRequest(offset=0.6), 120, np.arange(0.35, 10, 0.5), np.arange(1.35, 10, 2.0)),
        (BeatsRequest(bar=3), 120, HEARD.beats, np.arange(0.25, 10, 2.0)),
    ],
)
def test_the_user_can_correct_tempo_offset_and_bar(correction, tempo, beats, downbeats) -> None:
    """Beats still run from the song's start to its end, and bars begin where they did, moved by the same."""
    grid = HEARD.corrected(correction, duration=10.0)
    assert grid.tempo == pytest.approx(tempo)
    assert grid.beats == pytest.approx(beats)
    first = downbeats[0] % (4 * 60 / tempo)
    assert grid.downbeats == pytest.approx(np.arange(first, 10, 4 * 60 / tempo))


def test_a_bar_that_begins_outside_the_beats_is_counted_from_there_however_it_rounds() -> None:
    """As processors without AVX-512 hear a second of song; a beat more was counted for the last bit of a difference."""
    grid = BeatGrid(59.80181810034803, np.array([0.5101150388039102]), np.array([-0.49319893903066736]))
    assert grid.position(grid.downbeats) == pytest.approx([0], abs=1e-6)


@pytest.mark.parametrize("seconds", [1.0, 1.2, 2.0, 9.0])
@pytest.mark.parametrize("offset", [-10.0, -1.0, -0.5, 0.0, 1.0, 10.0])
@pytest.mark.parametrize("tempo", TEMPO_CHANGES)
@pytest.mark.parametrize("bar", [0, 3])
def test_any_correction_of_a_short_song_leaves_its_beat_in_the_same_time(
    seconds: float, offset: float, tempo: str, bar: int
) -> None:
    """Beats and bars lie on the heard ones, moved by the offset, however few fall into the song."""
    correction = BeatsRequest(tempo, offset, bar)  # type: ignore[arg-type]
    values, grid = rhythm_features(audio(kicks(np.arange(0.3, seconds, 0.5), seconds)), 30, correction)
    heard = find_beats(audio(kicks(np.arange(0.3, seconds, 0.5), seconds)))
    period = {"heard": 0.5, "half": 1.0, "double": 0.25}[tempo]
    assert np.isfinite(values).all()
    assert grid.tempo == pytest.approx(60 / period, rel=0.02)
    inside = (grid.beats >= 0) & (grid.beats <= seconds)
    assert inside.all() or len(grid.beats) == 1
    assert inside.sum() >= np.floor(seconds / period)
    bars = (heard.downbeats[0] + offset + bar * period - grid.downbeats) / (4 * period)
    np.testing.assert_allclose(bars, np.round(bars), atol=0.05)
    counted = grid.position(grid.downbeats) / 4
    np.testing.assert_allclose(counted, np.round(counted), atol=1e-6)
    on_beats = (grid.beats - grid.downbeats[0]) / period
    np.testing.assert_allclose(on_beats, np.round(on_beats), atol=0.15)
