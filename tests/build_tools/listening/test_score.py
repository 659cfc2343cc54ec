"""Songs that are written to train on: what is said of them is what is played."""

import numpy as np
import pytest

from build_tools.listening.fit_readings import drum_loops, fit
from build_tools.listening.grooves import DRUMS, KINDS
from build_tools.listening.score import DRUM_CHANNEL, write_song
from build_tools.listening.train import DILATIONS, FRAMES, example, targets


@pytest.mark.parametrize("name", list(KINDS))
def test_every_kind_has_notes_on_known_beats(name: str) -> None:
    song = write_song(np.random.default_rng(5), name)
    assert song.metre == KINDS[name].metre
    assert np.all(np.diff(song.beats[:, 0]) > 0.2)
    assert set(np.diff(song.beats[:, 1]).tolist()) <= {1.0, 1.0 - song.metre}
    assert all(abs(a[1] - b[0]) < 1e-9 for a, b in zip(song.sections, song.sections[1:], strict=False))
    strokes = np.array([note.start for note in song.notes])
    near = np.abs(song.beats[song.beats[:, 1] == 1, 0][:, None] - strokes).min(axis=1)
    assert np.mean(near < 0.03) > 0.5
    assert max(strokes) < song.seconds


def test_grooves_fill_whole_bars() -> None:
    for name, kind in KINDS.items():
        for groove in kind.grooves:
            for pattern in DRUMS[groove].values():
                bar = kind.metre * kind.steps
                assert len(pattern) % bar == 0 or bar % len(pattern) == 0, (name, groove)


def test_songs_without_drums_have_none() -> None:
    song = write_song(np.random.default_rng(1), "strings_waltz")
    assert not any(note.channel == DRUM_CHANNEL for note in song.notes)


def test_every_weight_of_the_network_is_trained() -> None:
    farthest = 2 * max(DILATIONS)  # frames; in an example not longer than that it would stay at random
    assert farthest < 0.75 * FRAMES


def test_targets_say_for_each_frame_how_much_of_a_beat_it_is() -> None:
    found = targets(np.array([[0.5, 1.0], [1.01, 2.0]]), 80)
    np.testing.assert_allclose(found.sum(axis=0), 1, atol=1e-6)
    assert found[2, 25] == 1.0
    assert found[1, 50] == pytest.approx(2 / 3, abs=1e-6)


def test_an_example_has_its_targets_on_its_strokes_at_any_tempo() -> None:
    frames = 3000
    beats = np.column_stack([np.arange(0.5, 58, 0.5), np.arange(115) % 4 + 1.0])
    spectrum = np.zeros((frames, 79), np.float16)
    spectrum[np.round(50 * beats[:, 0]).astype(int)] = 2.0
    song = {"s": spectrum, "beats": beats, "metre": np.array(4)}
    distances = set()
    for seed in range(8):
        x, y, metre = example(np.random.default_rng(seed), song)
        assert x.shape == (FRAMES, 79) and y.shape == (3, FRAMES) and metre == 2
        np.testing.assert_allclose(y.sum(axis=0), 1, atol=1e-6)
        beat = y[1] + y[2]
        places = np.flatnonzero((beat[1:-1] > 0.4) & (beat[1:-1] >= beat[:-2]) & (beat[1:-1] > beat[2:])) + 1
        strokes = x.mean(axis=1)
        assert all(strokes[place - 1 : place + 2].max() > 0.7 * strokes.max() / 2 for place in places)
        distances.add(round(float(np.median(np.diff(places)))))
    assert min(distances) < 24 and max(distances) > 26


def test_the_fit_finds_the_informative_feature() -> None:
    rng = np.random.default_rng(0)
    choices = []
    for _ in range(40):
        features = rng.normal(size=(12, 3))
        choices.append((features, features[:, 1] / 2))
    weights = fit(choices)
    assert weights[1] > 5 * np.abs(weights[[0, 2]]).max()


def test_drum_loops_have_their_beats() -> None:
    loops = list(drum_loops(2))
    assert [metre for _, _, metre in loops] == [4, 4]
    assert loops[0][1][:, 1].tolist() == [0.0] * len(loops[0][1])
    assert loops[1][1][:5, 1].tolist() == [1, 2, 3, 4, 1]


def test_weights_of_before_stay_where_the_songs_say_nothing() -> None:
    """The second feature is the same for all readings of a song, so that no choice depends on it."""
    rng = np.random.default_rng(0)
    choices = []
    for _ in range(40):
        features = np.column_stack([rng.normal(size=12), np.full(12, rng.normal())])
        choices.append((features, features[:, 0] / 2))
    weights = fit(choices, np.array([0.0, 3.0]))
    assert weights[0] > 1.0
    assert weights[1] == pytest.approx(3.0, abs=0.01)
    assert fit(choices)[1] == pytest.approx(0.0, abs=0.01)
