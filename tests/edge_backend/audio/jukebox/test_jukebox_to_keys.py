"""From a song through Jukebox to a dance, and the commands around it, with a tiny prior and a tiny EDGE."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_jukebox import DATA, HEADS, LAYERS

from edge_backend.audio.jukebox.benchmark import measure
from edge_backend.audio.jukebox.folder import PriorShape, layer_file
from edge_backend.audio.jukebox.place import NAME
from edge_backend.cli import main as cli
from edge_backend.model.decoder import DanceDecoder, parameters_of
from edge_backend.model.decoder_config import DecoderConfig
from edge_backend.model.weights_file import Weights, WeightsInfo, save_weights
from edge_backend.motion.files import load_motion
from edge_backend.motion.representation import CHANNELS, Normaliser

SONG = str(DATA / "song.flac")


def write_edge(path: Path, width: int) -> str:
    """A random network that listens through Jukebox features of that width."""
    torch.manual_seed(0)
    config = DecoderConfig(latent=32, ff=64, layers=1, heads=2, features=width)
    info = WeightsInfo(path.stem, "Tiny", "CC0-1.0", "jukebox", config)
    normaliser = Normaliser(np.ones(CHANNELS, np.float32), np.zeros(CHANNELS, np.float32))
    save_weights(path, Weights(parameters_of(DanceDecoder(config)), normaliser, info))
    return str(path)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("EDGE_DANCE_CACHE", str(tmp_path / "cache"))


def generate(jukebox, weights: str, output: Path, *more: str) -> int:
    folder = str(jukebox.path.parent)
    return cli.main(
        [
            "generate",
            SONG,
            "-o",
            str(output),
            "--weights",
            weights,
            "--weights-folder",
            folder,
            "--duration",
            "7",
            "--steps",
            "2",
            *more,
        ]
    )


def test_a_song_becomes_a_dance_and_the_next_one_extracts_nothing(jukebox, tmp_path, capfd, monkeypatch) -> None:
    weights = write_edge(tmp_path / "tiny.safetensors", jukebox.shape.width)
    assert generate(jukebox, weights, tmp_path / "first.npz") == 0
    assert "2 slices of 5 s" in capfd.readouterr().err
    monkeypatch.setattr("edge_backend.audio.jukebox.extractor.encode", None)  # would fail
    assert generate(jukebox, weights, tmp_path / "second.npz") == 0
    assert "slices" not in capfd.readouterr().err
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()
    motion = load_motion(tmp_path / "first.npz")
    assert motion.frames == 210
    assert motion.meta["features"] == "jukebox"


def test_the_music_leads(jukebox, tmp_path) -> None:
    weights = write_edge(tmp_path / "tiny.safetensors", jukebox.shape.width)
    generate(jukebox, weights, tmp_path / "start.npz")
    generate(jukebox, weights, tmp_path / "later.npz", "--start", "10")
    first, second = (load_motion(tmp_path / name).rotations for name in ("start.npz", "later.npz"))
    assert np.abs(first - second).max() > 1e-3


def test_a_jukebox_of_another_width_is_refused(jukebox, tmp_path, capfd) -> None:
    weights = write_edge(tmp_path / "wide.safetensors", jukebox.shape.width + 1)
    assert generate(jukebox, weights, tmp_path / "dance.npz") == 2
    assert "feature_unavailable" in capfd.readouterr().err


def test_features_are_written_for_other_programs(jukebox, tmp_path) -> None:
    folder = str(jukebox.path.parent)
    output = tmp_path / "features.npz"
    arguments = ["features", SONG, "-o", str(output), "--type", "jukebox", "--duration", "7.5", "--no-cache"]
    assert cli.main([*arguments, "--weights-folder", folder, "--json"]) == 0
    with np.load(output, allow_pickle=False) as file:
        assert file["values"].shape == (2, 150, 64)
    assert not (tmp_path / "cache").exists()


def test_convert_and_verify(sources, tmp_path, capfd) -> None:
    arguments = ["--weights-folder", str(tmp_path)]
    numbers = ["--layers", str(LAYERS), "--heads", str(HEADS)]
    assert cli.main(["jukebox", "convert", str(sources), *numbers, *arguments]) == 0
    assert "not the ones OpenAI published" in capfd.readouterr().out
    assert cli.main(["jukebox", "verify", *arguments]) == 0
    (tmp_path / NAME / layer_file(0)).write_bytes(b"")
    assert cli.main(["jukebox", "verify", *arguments]) == 2
    assert "jukebox_damaged" in capfd.readouterr().err


def test_nothing_is_fetched_before_the_licence_is_accepted(tmp_path, capfd, monkeypatch) -> None:
    monkeypatch.setattr("edge_backend.cli.commands.jukebox_fetch.download", None)  # would fail
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert cli.main(["jukebox", "fetch", "-o", str(tmp_path / "originals")]) == 2
    shown = capfd.readouterr().err
    assert "not commercial" in shown
    assert "licence_not_accepted" in shown
    assert not (tmp_path / "originals").exists()


def test_verify_without_jukebox_says_how_to_get_it(tmp_path, capfd) -> None:
    assert cli.main(["jukebox", "verify", "--weights-folder", str(tmp_path)]) == 2
    assert "jukebox_missing" in capfd.readouterr().err


def test_compare_measures_both_extractors(jukebox, stand_in, capfd) -> None:
    """The stand-in gives ones where this program gives features: far apart, and said so for each window."""
    arguments = ["compare", SONG, "--duration", "7.5", "--weights-folder", str(jukebox.path.parent), "--no-cache"]
    assert cli.main(["jukebox", *arguments]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) == len(stand_in) == 2
    assert all(float(line.split()[4]) > 0.1 for line in lines)


@pytest.mark.parametrize("plan", ["stream", "full", "int8"])
def test_the_benchmark_measures_every_plan(plan) -> None:
    result = measure(plan, torch.device("cpu"), 2, shape=PriorShape(width=128, state=32, heads=2, layers=66))
    assert result.slice_s > 0
    assert result.product_rate > 0
    # So narrow a prior spends its time beside the products.
    assert 0 < result.rate < 1.5 * result.product_rate
    assert result.memory >= 0
