"""Songs of an hour: what is done with them takes little memory beside the song and its result."""

import tracemalloc
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from edge_backend.audio import bar_likeness, beat_network
from edge_backend.audio.bar_likeness import compare_bars, onset_bands
from edge_backend.audio.log_spectrum import RATE, band_frequencies, log_spectrum
from edge_backend.diffusion.constraints import free
from edge_backend.diffusion.long_form import plan_windows
from edge_backend.diffusion.timeline import Timeline
from edge_backend.motion.files import load_motion, save_motion
from edge_backend.motion.motion import Motion
from edge_backend.motion.representation import CHANNELS, Normaliser
from edge_backend.numerics.resampling import Resampled, resampled

MB = 1_000_000
MINUTE = 44100 * 60


@pytest.fixture
def most() -> Iterator[Callable[[Callable[[], object]], float]]:
    """The most memory that a call has in use at a time, MB."""
    tracemalloc.start()

    def measured(call: Callable[[], object]) -> float:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        call()
        return (tracemalloc.get_traced_memory()[1] - before) / MB

    yield measured
    tracemalloc.stop()


def test_a_song_is_resampled_without_a_copy_of_it(most: Callable[[Callable[[], object]], float]) -> None:
    song = np.zeros(3 * MINUTE, np.float32)  # 32 MB; its result has 16
    assert most(lambda: resampled(song, 44100, RATE)) < 24


def test_a_part_of_a_song_is_resampled_alone(most: Callable[[Callable[[], object]], float]) -> None:
    song = np.zeros(3 * MINUTE, np.float32)
    sound = Resampled(song, 44100, RATE)
    assert len(sound[RATE : 2 * RATE]) == RATE
    assert most(lambda: sound[RATE : 2 * RATE]) < 2


def test_a_spectrum_is_made_without_a_copy_of_the_song(most: Callable[[Callable[[], object]], float]) -> None:
    song = np.ones(RATE * 600, np.float32)  # 53 MB; its spectrum of 30 000 frames has 10
    frames = 1024 * 2048 * 16 / MB  # a block's complex values
    assert most(lambda: log_spectrum(song)) < 2 * 10 + 2.5 * frames


def test_the_beat_network_hears_the_same_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    spectrum = np.random.default_rng(0).random((2500, 81), np.float32)
    whole = beat_network.beat_activations(spectrum)
    monkeypatch.setattr(beat_network, "LARGE_BLOCK", 900)
    parts = beat_network.beat_activations(spectrum)
    np.testing.assert_allclose(parts.beats, whole.beats, atol=1e-5)
    np.testing.assert_allclose(parts.metres, whole.metres, atol=1e-5)


def test_the_bars_of_an_hour_are_compared_in_blocks(most: Callable[[Callable[[], object]], float]) -> None:
    bars = 1800
    spectrum = np.random.default_rng(0).random((5 * bars, len(band_frequencies())), np.float32)
    edges = np.arange(bars + 1) * 0.1
    assert most(lambda: compare_bars(spectrum, edges)) < 400  # one matrix has 26, and all differences of timbre 540


def test_onsets_of_an_hour_are_found_in_blocks(
    most: Callable[[Callable[[], object]], float], monkeypatch: pytest.MonkeyPatch
) -> None:
    spectrum = np.random.default_rng(0).random((100_000, len(band_frequencies())), np.float32)
    assert most(lambda: onset_bands(spectrum)) < 120  # all levels, as float64, have 65, and their changes as much again
    whole = onset_bands(spectrum[:1000])
    monkeypatch.setattr(bar_likeness, "LARGE_BLOCK", 90)
    np.testing.assert_array_equal(onset_bands(spectrum[:1000]), whole)


def test_constraints_of_some_windows_need_memory_for_these_alone(most: Callable[[Callable[[], object]], float]) -> None:
    frames = 20 * 60 * 30
    timeline = Timeline(plan_windows(frames), free(frames), Normaliser(np.ones(CHANNELS), np.zeros(CHANNELS)))
    timeline._weight[:100] = 1
    window = 150 * CHANNELS * 8 / MB
    constraint = timeline.constraint_of(range(0, 8), 1000)
    assert constraint is not None and constraint.values.shape == (8, 150, CHANNELS)
    assert most(lambda: timeline.constraint_of(range(0, 8), 1000)) < 8 * 8 * window  # not 479 windows


def test_a_dance_is_written_and_read_in_stretches(
    most: Callable[[Callable[[], object]], float], tmp_path: object
) -> None:
    frames = 10 * 60 * 30
    turns = np.tile(np.eye(3, dtype=np.float32), (frames, 24, 1, 1))  # 16 MB
    dance = Motion(turns, np.zeros((frames, 3), np.float32), np.zeros((frames, 4), np.float32))
    path = f"{tmp_path}/dance.npz"
    assert most(lambda: save_motion(path, dance)) < 45  # poses and joints have 10, the file as much
    assert most(lambda: load_motion(path)) < 75
