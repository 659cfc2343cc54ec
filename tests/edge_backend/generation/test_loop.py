"""Loops: at a bar line, of whole bars, with a joint that is no other than the rest of the dance."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pipeline_fixtures import write_song, write_weights

from edge_backend.audio.beats import BeatGrid
from edge_backend.diffusion.ring import Ring
from edge_backend.errors import EdgeError
from edge_backend.generation.loop import Span, find_span, song_around
from edge_backend.generation.model_cache import ModelCache
from edge_backend.generation.pipeline import generate
from edge_backend.motion.kinematics import forward_kinematics
from edge_backend.motion.looping import lap_motion, travel_of
from edge_backend.motion.motion import Motion
from edge_backend.motion.skeleton import Joint
from edge_backend.schema.edits import EditRequest, KeepPath
from edge_backend.schema.requests import GenerateRequest, LoopRequest

FEET = [Joint.LEFT_ANKLE, Joint.RIGHT_ANKLE, Joint.LEFT_TOES, Joint.RIGHT_TOES]
SONG = Path(__file__).parents[3] / "demo/song/training.ogg"


@pytest.fixture(scope="module")
def model_cache() -> ModelCache:
    return ModelCache("cpu")


@pytest.fixture(scope="module")
def make(model_cache: ModelCache) -> Any:
    """A function that makes loops."""

    def loop(bars: int, travel: bool = False, **settings: Any) -> Motion:
        request = GenerateRequest(str(SONG), loop=LoopRequest(bars, travel), **settings)
        return generate(request, model_cache=model_cache)

    return loop


@pytest.fixture(scope="module")
def made(make: Any) -> Any:
    """The same, each loop made once for all tests."""
    return cache(make)


def repeated(loop: Motion, laps: int) -> Any:
    """Joints (laps * T, 24, 3), metres, of the loop played over and over."""
    root = np.concatenate([loop.root[:-1].astype(float) + lap * travel_of(loop) for lap in range(laps)])
    return forward_kinematics(np.concatenate([loop.rotations[:-1].astype(float)] * laps), root)


def seam(loop: Motion, joints: list[Joint]) -> list[tuple[float, float]]:
    """For speed and acceleration: the largest of these joints' at the seam, and the 99th percentile over the loop."""
    frames = loop.frames - 1
    places = repeated(loop, 2)[:, joints]
    found = []
    for order in (1, 2):
        sizes = np.linalg.norm(np.diff(places, n=order, axis=0), axis=-1).max(axis=1)[:frames]
        found.append((sizes[frames - order :].max(), np.percentile(sizes[: frames - order], 99)))
    return found


@pytest.mark.parametrize("travel", [False, True])
def test_the_end_leads_into_the_beginning(made: Any, travel: bool) -> None:
    loop = made(4, travel, seed=3)
    np.testing.assert_array_equal(loop.rotations[-1], loop.rotations[0])
    np.testing.assert_array_equal(loop.contacts[-1], loop.contacts[0])
    assert loop.root[-1, 2] == loop.root[0, 2]
    assert bool(travel_of(loop).any()) == travel
    for joints in (list(Joint), FEET):
        for at_seam, usual in seam(loop, joints):
            assert at_seam <= usual
    assert loop.rotations.std(axis=0).max() > 0.05  # it dances


def test_a_thousand_laps_in_place_end_where_they_began(made: Any) -> None:
    loop = made(1, False, seed=1)
    np.testing.assert_array_equal(loop.root[-1], loop.root[0])
    np.testing.assert_array_equal(repeated(loop, 1000)[-1], repeated(loop, 1)[-1])


def test_a_loop_begins_on_a_bar_and_lasts_whole_bars(made: Any) -> None:
    loop = made(4, False, seed=3)
    meta = loop.meta["loop"]
    bar = meta["seconds"] / 4
    assert 1.6 < bar < 1.8  # the song has 140 beats a minute
    assert loop.frames == round(30 * meta["seconds"]) + 1
    np.testing.assert_allclose(loop.meta["downbeats"], bar * np.arange(4), atol=0.06)
    assert len(loop.beats) == 16 and loop.beats[0] == 0
    later = made(4, seed=3, start=5.0)
    assert later.meta["song"]["start"] == pytest.approx(5.0 + later.meta["loop"]["start"], abs=1e-3)


def test_the_same_loop_again_and_another_by_another_seed(made: Any, make: Any) -> None:
    first, again, other = made(1, False, seed=1), make(1, seed=1), make(1, seed=2)
    np.testing.assert_array_equal(first.vectors(), again.vectors())
    assert np.abs(first.vectors() - other.vectors()).max() > 0.1


@pytest.mark.slow
@pytest.mark.parametrize(("bars", "travel"), [(1, False), (2, True), (4, False), (8, True)])
def test_seams_of_many_loops(make: Any, bars: int, travel: bool) -> None:
    """Of 20 loops, no more go over the 99th percentile than frames do by chance (1 % of 2 each, at most 2)."""
    for joints in (list(Joint), FEET):
        over = [at_seam > usual for seed in range(20) for at_seam, usual in seam(make(bars, travel, seed=seed), joints)]
        assert sum(over) <= 2


def test_features_per_window_are_computed_of_the_bars_alone(tmp_path: Path) -> None:
    """By weights whose features are computed for each window; they hear the bars over and over."""
    pytest.importorskip("librosa")
    weights = str(write_weights(tmp_path, features="baseline"))
    song = str(write_song(tmp_path / "song.wav", 12.0))
    request = GenerateRequest(song, steps=2, weights=weights, loop=LoopRequest(2))
    loop = generate(request)
    assert loop.frames == 121  # two bars of four beats of half a second
    np.testing.assert_array_equal(loop.rotations[-1], loop.rotations[0])


def test_too_many_bars_are_refused(tmp_path: Path) -> None:
    song, weights = str(write_song(tmp_path / "song.wav")), str(write_weights(tmp_path))
    with pytest.raises(EdgeError, match="and the loop is to have 40") as refused:
        generate(GenerateRequest(song, weights=weights, steps=2, loop=LoopRequest(40)))
    assert refused.value.code == "loop_too_long"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"loop": LoopRequest(0)}, "0 bars"),
        ({"loop": LoopRequest(1), "sampler": "reference"}, "reference"),
        ({"loop": LoopRequest(1), "edit": EditRequest(paths=(KeepPath(0, 2, ((0.0, 0.0),)),))}, "keep something"),
    ],
)
def test_what_a_loop_cannot_have_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(EdgeError, match=words) as refused:
        generate(GenerateRequest(str(SONG), **settings))
    assert refused.value.code == "request_invalid"


def test_a_span_begins_at_the_first_downbeat() -> None:
    beats = 0.2 + 0.5 * np.arange(20)
    span = find_span(BeatGrid(120.0, beats, beats[1::4]), 2)
    assert (span.start, span.end, span.frames) == pytest.approx((0.7, 4.7, 120))
    np.testing.assert_allclose(span.beats, 0.5 * np.arange(8), atol=1e-9)


def test_the_music_goes_around_as_the_windows_do() -> None:
    span, ring = Span(1, 1.0, 3.0, np.zeros(0)), Ring(60)
    windows = song_around(np.arange(300.0)[:, None], span, ring)
    assert windows.shape == (1, 150, 1)
    np.testing.assert_allclose(windows[0, :, 0], 30 + np.arange(150) % 60)


def test_laps_on_both_sides() -> None:
    rng = np.random.default_rng(0)
    rotations = np.tile(np.eye(3, dtype=np.float32), (61, 24, 1, 1))
    root = np.cumsum(rng.normal(size=(61, 3)), axis=0).astype(np.float32)
    root[-1, 2] = root[0, 2]
    loop = Motion(rotations, root, np.zeros((61, 4), np.float32), np.array([0.0, 1.0], np.float32))
    around, middle = lap_motion(loop)
    assert middle.start >= 150 and around.frames - middle.stop >= 150 - 1
    np.testing.assert_allclose(around.root[middle], loop.root, atol=1e-6)
    step = around.root[middle.start + 60 :][:60] - around.root[middle.start :][:60]
    np.testing.assert_allclose(step, np.tile(travel_of(loop), (60, 1)), atol=1e-5)
    np.testing.assert_allclose(np.diff(around.beats), 1.0, atol=1e-5)
