from pathlib import Path

import numpy as np

from build_tools.starter_pack.arrangement import RATE, draw_mix, render
from build_tools.starter_pack.pack_writer import same_beat
from edge_backend.audio.loading import Audio
from edge_backend.audio.rhythm import CHANNELS, rhythm_features

NO_HITS = np.zeros((0, 2))


def song(seed: int, bpm: float, seconds: float = 24.0, first: float = 0.25, hits: np.ndarray = NO_HITS) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return render(draw_mix(rng), seconds, first, 60 / bpm, hits=hits, rng=rng)


def test_a_rendering_is_audio_and_the_same_for_the_same_seed():
    samples = song(3, 120)
    assert samples.dtype == np.float32
    assert len(samples) == 24 * RATE
    assert 0.2 < np.abs(samples).max() <= 1
    np.testing.assert_array_equal(samples, song(3, 120))
    assert not np.array_equal(samples, song(4, 120))


def test_the_product_detects_the_beat_of_most_renderings():
    found = []
    for seed, bpm in enumerate([84, 96, 104, 112, 120, 128, 136, 150]):
        _, grid = rhythm_features(Audio(song(seed, bpm), RATE, Path("made.wav")), 24 * 30)
        found.append(same_beat(grid, 0.25, 60 / bpm))
    assert sum(found) >= 4  # off-beat grooves fool a tracker, as they do on real songs; those renderings are dropped


def test_hits_are_detected_as_onsets():
    hits = np.array([[t, 1.0] for t in np.arange(0.25 + 0.375, 23, 2.0)])  # on sixteenths that the grooves leave free
    with_hits, without = (
        rhythm_features(Audio(song(7, 120, hits=h), RATE, Path("made.wav")), 24 * 30)[0] for h in (hits, NO_HITS)
    )
    onset = CHANNELS.index("onset_mid")
    frames = np.round(hits[:, 0] * 30).astype(int)
    near = np.stack([frames - 1, frames, frames + 1])
    assert with_hits[near, onset].max(axis=0).mean() > without[near, onset].max(axis=0).mean() + 0.15
