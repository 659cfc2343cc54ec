import numpy as np
from scipy.ndimage import gaussian_filter1d

from build_tools.starter_pack.accents import GRID
from build_tools.starter_pack.beat_grid import lay_beats, warp_to_tempo
from edge_backend.schema.frames import FPS

SECONDS = 24.0


def unsteady_accents(bpm: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Accents whose intervals vary by 5 per cent: the curve, and the accents' times."""
    rng = np.random.default_rng(seed)
    times = 0.3 + np.concatenate([[0], np.cumsum(60 / bpm * (1 + 0.05 * rng.uniform(-1, 1, 60)))])
    times = times[times < SECONDS - 0.3]
    curve = np.zeros(int(SECONDS * GRID))
    curve[np.round(times * GRID).astype(int)] = 1
    return gaussian_filter1d(curve, 4) * 10, times


def test_the_tempo_of_unsteady_accents_is_found():
    curve, _ = unsteady_accents(100, seed=1)
    beats = lay_beats(curve, np.arange(84, 128, 4.0))
    assert abs(beats.tempo - 100) <= 4
    assert beats.fits
    assert beats.contrast > 3


def test_the_warp_puts_the_accents_on_an_even_beat():
    curve, times = unsteady_accents(100, seed=2)
    beats = lay_beats(curve, np.arange(96, 104, 2.0))
    source = warp_to_tempo(beats, SECONDS, 110)
    warped = np.interp(times, source, np.arange(len(source)) / FPS)
    phase = ((warped - warped[0]) * 110 / 60 + 0.5) % 1 - 0.5
    assert np.median(np.abs(phase)) * 60 / 110 < 0.02  # seconds
    assert np.all(np.diff(source) > 0)  # time never stops or runs back
    assert abs(len(source) / FPS - SECONDS * 100 / 110) < 1.0


def test_a_motion_without_accents_gets_no_music():
    assert not lay_beats(np.ones(int(SECONDS * GRID)), np.arange(80, 140, 4.0)).fits
