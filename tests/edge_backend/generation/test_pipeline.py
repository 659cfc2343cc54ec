"""Generation of a dance: length, placement at the origin, reproducibility, and errors."""

import hashlib
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_fixtures import write_song, write_weights

from edge_backend.audio.loading import load
from edge_backend.errors import EdgeError
from edge_backend.generation.model_cache import ModelCache
from edge_backend.generation.pipeline import generate, write_dance, write_features
from edge_backend.generation.postprocess import place_at_origin
from edge_backend.motion.files import load_motion
from edge_backend.motion.motion import Motion
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.skeleton import Y_UP_TO_Z_UP
from edge_backend.schema.progress import Stage
from edge_backend.schema.requests import FeaturesRequest, FeetRequest, GenerateRequest


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pipeline")


@pytest.fixture(scope="module")
def weights(folder: Path) -> str:
    return str(write_weights(folder))


@pytest.fixture(scope="module")
def song(folder: Path) -> str:
    return str(write_song(folder / "song.wav"))


@pytest.fixture(scope="module")
def model_cache() -> ModelCache:
    return ModelCache("cpu")


@pytest.mark.parametrize("seconds", [1.0, 1.02, 4.98, 5.0, 5.01, 7.5, 12.34])
def test_a_dance_has_exactly_the_frames_of_its_duration(
    song: str, weights: str, model_cache: ModelCache, seconds: float
) -> None:
    motion = generate(GenerateRequest(song, duration=seconds, steps=2, weights=weights), model_cache=model_cache)
    assert motion.frames == round(seconds * 30)
    assert np.isfinite(motion.vectors()).all()


def test_without_a_duration_the_dance_goes_to_the_end_of_the_song(
    song: str, weights: str, model_cache: ModelCache
) -> None:
    motion = generate(GenerateRequest(song, start=1.5, steps=2, weights=weights), model_cache=model_cache)
    assert motion.frames == round(4.5 * 30)


@pytest.mark.parametrize(
    ("start", "seconds", "said"),
    [
        (0.0, 9.0, ["song.wav has 6.0 s of sound: the last 3.0 s of the dance have no music."]),
        (2.0, 5.5, ["song.wav has 4.0 s of sound from 2 s on: the last 1.5 s of the dance have no music."]),
        (0.0, 6.02, []),  # a strip's last frame goes beyond its file
    ],
)
def test_a_dance_longer_than_its_song_is_remarked_on(
    *,
    song: str,
    weights: str,
    model_cache: ModelCache,
    caplog: pytest.LogCaptureFixture,
    start: float,
    seconds: float,
    said: list[str],
) -> None:
    request = GenerateRequest(song, start=start, duration=seconds, steps=2, weights=weights)
    assert generate(request, model_cache=model_cache).frames == round(seconds * 30)
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == said


def test_the_same_request_gives_the_same_bytes_and_another_seed_another_dance(
    song: str, weights: str, model_cache: ModelCache, tmp_path: Path
) -> None:
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        request = GenerateRequest(song, seed=seed, steps=3, weights=weights)
        write_dance(request, tmp_path / name, model_cache=ModelCache("cpu") if name == "b" else model_cache)
    first, again, other = (hashlib.sha256((tmp_path / name).read_bytes()).digest() for name in "abc")
    assert first == again
    assert first != other


@pytest.mark.parametrize("sampler", ["ddim", "ddpm", "dpmpp"])
def test_every_sampler_makes_a_dance(song: str, weights: str, model_cache: ModelCache, sampler: str) -> None:
    motion = generate(GenerateRequest(song, sampler=sampler, steps=4, weights=weights), model_cache=model_cache)  # type: ignore[arg-type]
    assert motion.frames == 180
    assert motion.meta["sampler"] == sampler


def test_style_and_energy_reach_the_network(song: str, weights: str, model_cache: ModelCache) -> None:
    plain = generate(GenerateRequest(song, steps=2, weights=weights), model_cache=model_cache)
    for request in (
        GenerateRequest(song, steps=2, weights=weights, style="modern"),
        GenerateRequest(song, steps=2, weights=weights, energy=1.0),
    ):
        assert np.abs(generate(request, model_cache=model_cache).rotations - plain.rotations).max() > 1e-3


def test_the_file_says_how_the_dance_was_made_without_paths_of_this_machine(
    song: str, weights: str, model_cache: ModelCache, tmp_path: Path
) -> None:
    write_dance(
        GenerateRequest(song, start=1.0, duration=2.0, seed=5, steps=2, weights=weights, style="modern"),
        tmp_path / "dance.npz",
        model_cache=model_cache,
    )
    motion = load_motion(tmp_path / "dance.npz")
    digest = hashlib.sha256(Path(song).read_bytes()).hexdigest()
    assert motion.meta["song"] == {"name": "song.wav", "sha256": digest, "start": 1.0, "duration": 2.0}
    assert motion.meta["weights"]["id"] == "tiny"
    assert (motion.meta["seed"], motion.meta["steps"], motion.meta["style"]) == (5, 2, "modern")
    assert str(tmp_path.parent) not in str(motion.meta)


def test_beats_are_counted_from_the_first_frame_of_the_dance(song: str, weights: str, model_cache: ModelCache) -> None:
    motion = generate(
        GenerateRequest(song, start=1.25, duration=4.0, steps=2, weights=weights), model_cache=model_cache
    )
    beats = motion.beats
    assert len(beats) >= 7  # 8 clicks fall into 4 s at 120 bpm
    assert (np.abs((beats + 1.25) % 0.5 - 0.25) > 0.25 - 0.04).all()  # within 40 ms, about a frame, of the clicks
    assert beats.max() < 4.0


def test_baseline_features_are_computed_for_each_window_separately(
    folder: Path, song: str, model_cache: ModelCache
) -> None:
    weights = str(write_weights(folder, "deaf-to-style", "baseline"))
    motion = generate(GenerateRequest(song, duration=5.5, steps=2, weights=weights), model_cache=model_cache)
    assert motion.frames == 165
    assert motion.meta["features"] == "baseline"
    with pytest.raises(EdgeError) as caught:
        generate(GenerateRequest(song, steps=2, weights=weights, style="salsa"), model_cache=model_cache)
    assert caught.value.code == "control_unsupported"


def test_a_studio_loads_weights_once_until_the_file_changes(folder: Path) -> None:
    model_cache, path = ModelCache("cpu"), write_weights(folder, "changing")
    first = model_cache.weights(str(path))
    assert model_cache.weights(str(path)) is first
    assert model_cache.loaded == "changing"
    write_weights(folder, "changing", latent=64)
    assert model_cache.weights(str(path)).info.config.latent == 64
    model_cache.forget()
    assert model_cache.loaded == ""


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"song": "no-such-song.ogg"}, "audio_missing"),
        ({"song": "."}, "audio_folder"),
        ({"weights": "no-such-weights"}, "weights_missing"),
        ({"steps": 0}, "request_invalid"),
        ({"seed": -1}, "request_invalid"),
        ({"duration": 0.0}, "request_invalid"),
        ({"duration": 1e9}, "request_invalid"),
        ({"guidance": float("nan")}, "request_invalid"),
        ({"feet": FeetRequest(strength=2)}, "request_invalid"),
        ({"duration": 0.2}, "audio_too_short"),
        ({"start": 100.0}, "audio_too_short"),
        ({"start": -1.0}, "audio_range"),
        ({"energy": 2.0}, "energy_out_of_range"),
        ({"style": "polka"}, "style_unknown"),
    ],
)
def test_impossible_loops_are_refused_in_one_sentence(
    song: str, weights: str, model_cache: ModelCache, change: dict[str, object], code: str
) -> None:
    request = GenerateRequest(**({"song": song, "steps": 2, "weights": weights} | change))  # type: ignore[arg-type]
    with pytest.raises(EdgeError) as caught:
        generate(request, model_cache=model_cache)
    assert caught.value.code == code
    assert caught.value.message.endswith(".")
    assert "\n" not in caught.value.message


def test_weights_that_need_jukebox_say_so_before_anything_is_computed(
    folder: Path, song: str, model_cache: ModelCache
) -> None:
    weights = str(write_weights(folder, "listener", "jukebox"))
    with pytest.raises(EdgeError, match="jukebox") as caught:
        generate(GenerateRequest(song, weights=weights), model_cache=model_cache)
    assert caught.value.code == "feature_unavailable"


def test_a_report_that_raises_stops_before_the_next_network_evaluation(
    song: str, weights: str, model_cache: ModelCache
) -> None:
    evaluations = []
    engine = model_cache.engine(model_cache.weights(weights))
    predict = engine.predict

    def counted(*arguments: Any, **options: Any) -> Any:
        evaluations.append(1)
        return predict(*arguments, **options)

    def report(stage: Stage, done: int, total: int) -> None:
        if stage == "sampling" and done == 2:
            raise EdgeError("cancelled", "Enough.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "predict", counted)
        with pytest.raises(EdgeError, match="Enough"):
            generate(GenerateRequest(song, duration=5.0, steps=20, weights=weights), report, model_cache)
    assert len(evaluations) == 2  # two steps


def test_what_is_shown_of_a_dance_in_the_making_is_what_it_becomes(
    song: str, weights: str, model_cache: ModelCache
) -> None:
    """With beat alignment, smoothing and foot cleanup, which depend on later frames."""
    parts: list[Motion] = []
    request = GenerateRequest(song, duration=20.0, steps=2, weights=weights, sequential=True, smoothness=0.3)
    whole = generate(request, model_cache=model_cache, on_partial=parts.append)
    assert [part.frames for part in parts] == [135, 150]  # all but the last half second
    assert whole.frames == 600
    shown = 0
    for part in parts:
        assert np.array_equal(part.vectors(), whole.vectors()[shown : shown + part.frames])
        shown += part.frames
        assert np.array_equal(part.beats, whole.beats[whole.beats < shown / 30])


def test_the_songs_samples_are_freed_before_sampling(
    song: str, weights: str, model_cache: ModelCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long song's samples would take as much memory as the network."""
    loaded: list[weakref.ref[Any]] = []

    def loading(*arguments: Any) -> Any:
        audio = load(*arguments)
        loaded.append(weakref.ref(audio.samples))
        return audio

    in_memory: dict[str, bool] = {}

    def report(stage: Stage, _done: int, _total: int) -> None:
        in_memory[stage] = any(samples() is not None for samples in loaded)

    monkeypatch.setattr("edge_backend.audio.song_source.load", loading)
    generate(GenerateRequest(song, steps=1, weights=weights), report, model_cache)
    assert len(loaded) == 1
    assert not in_memory["sampling"]


def test_progress_goes_through_the_stages_in_order(
    song: str, weights: str, model_cache: ModelCache, tmp_path: Path
) -> None:
    seen: list[tuple[Stage, int, int]] = []
    request = GenerateRequest(song, steps=3, weights=weights)
    write_dance(request, tmp_path / "dance.npz", lambda *step: seen.append(step), model_cache)
    assert list(dict.fromkeys(stage for stage, _, _ in seen)) == ["loading", "features", "sampling", "feet", "saving"]
    sampling = [done for stage, done, total in seen if stage == "sampling" and total == 3]
    assert sampling == sorted(sampling)
    assert {0, 1, 2, 3} <= set(sampling)


@given(heading=st.floats(-3.1, 3.1), x=st.floats(-5, 5), y=st.floats(-5, 5))
def test_place_at_origin_a_dance_begins_at_the_middle_and_faces_the_viewer(heading: float, x: float, y: float) -> None:
    turn = axis_angle_to_matrix(np.array([0.0, 0.0, heading]))
    rotations = np.tile(np.eye(3, dtype=np.float32), (60, 24, 1, 1))
    rotations[:, 0] = turn @ Y_UP_TO_Z_UP
    walk = np.stack([np.linspace(0, 1, 60), np.zeros(60), np.full(60, 0.9)], axis=1)  # along x, before the turn
    motion = place_at_origin(
        Motion(rotations, (walk @ turn.T + [x, y, 0]).astype(np.float32), np.zeros((60, 4), np.float32))
    )
    assert np.abs(motion.root[0, :2]).max() == 0
    forward = motion.rotations[:, 0] @ [0, 0, 1]
    assert np.abs(forward - [0, -1, 0]).max() < 1e-5
    assert np.abs(motion.root - walk).max() < 1e-4  # the same walk in its own frame; heights untouched


def test_features_are_written_with_their_beats(song: str, tmp_path: Path) -> None:
    write_features(FeaturesRequest(song, "rhythm", duration=4.0), tmp_path / "f.npz")
    with np.load(tmp_path / "f.npz", allow_pickle=False) as file:
        assert file["values"].shape == (120, 12)
        assert str(file["kind"]) == "rhythm"
        assert abs(float(file["tempo"]) - 120) < 2
        assert len(file["beats"]) >= 7
    write_features(FeaturesRequest(song, "baseline"), tmp_path / "f.npz")
    with np.load(tmp_path / "f.npz", allow_pickle=False) as file:
        assert file["values"].shape == (2, 150, 35)  # 6 s: two windows of 5 s, each 2.5 s after the last
