"""Weights files: round trips, equal bytes for equal weights, and errors for other files."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from edge_backend.errors import EdgeError
from edge_backend.model.controls import CHANNELS
from edge_backend.model.decoder import DanceDecoder, parameters_of
from edge_backend.model.decoder_config import DecoderConfig
from edge_backend.model.weights_file import Weights, WeightsInfo, load_weights, read_info, save_weights
from edge_backend.motion.representation import Normaliser

CONFIG = DecoderConfig(latent=16, ff=32, layers=1, heads=2, features=12 + len(CHANNELS))
INFO = WeightsInfo("mine", "Mine", "CC0-1.0", "rhythm", CONFIG, CHANNELS, {"steps": 10, "loss": 0.5})


def tiny_weights(info=INFO):
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    scale, low = random.uniform(1, 2, 151).astype(np.float32), random.normal(size=151).astype(np.float32)
    return Weights(parameters_of(DanceDecoder(info.config)), Normaliser(scale, low), info)


@pytest.fixture
def weights():
    return tiny_weights()


@pytest.fixture
def path(weights, tmp_path):
    save_weights(tmp_path / "mine.safetensors", weights)
    return tmp_path / "mine.safetensors"


def metadata_of(path):
    data = path.read_bytes()
    return json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]


def edited(path, metadata=None, **tensors):
    """The file with some of its metadata and tensors replaced; None takes one away."""
    kept = {name: value for name, value in {**load_file(path), **tensors}.items() if value is not None}
    described = {name: value for name, value in {**metadata_of(path), **(metadata or {})}.items() if value is not None}
    save_file(kept, path, metadata=described)
    return path


def refusal(path):
    with pytest.raises(EdgeError) as caught:
        load_weights(path)
    return caught.value


def test_network_normaliser_and_description_come_back(weights, path):
    back = load_weights(path)
    assert back.parameters.keys() == weights.parameters.keys()
    for name, value in weights.parameters.items():
        np.testing.assert_array_equal(back.parameters[name], value, name)
    np.testing.assert_array_equal(back.normaliser.scale, weights.normaliser.scale)
    np.testing.assert_array_equal(back.normaliser.min, weights.normaliser.min)
    assert back.info == INFO
    assert read_info(path) == INFO
    assert back.info.feature_width == 12
    assert back.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_network_with_frame_music_comes_back_as_one_and_files_from_before_there_was_any_as_without(path, tmp_path):
    info = replace(INFO, config=replace(CONFIG, frame_music=True))
    save_weights(tmp_path / "frame_music.safetensors", tiny_weights(info))
    assert load_weights(tmp_path / "frame_music.safetensors").info == info
    assert load_weights(edited(path, {"frame_music": None})).info == INFO


def test_half_size_files_hold_float16(weights, path, tmp_path):
    half = tmp_path / "half.safetensors"
    save_weights(half, weights, half=True)
    assert half.stat().st_size < 0.6 * path.stat().st_size
    back = load_weights(half)
    for name, value in weights.parameters.items():
        assert back.parameters[name].dtype == np.float16
        np.testing.assert_array_equal(back.parameters[name], value.astype(np.float16), name)
    np.testing.assert_array_equal(back.normaliser.scale, weights.normaliser.scale)  # kept in full


def test_equal_weights_give_equal_bytes_in_every_process(path, tmp_path):
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_weights_file import save_weights, tiny_weights\n"
        "save_weights(sys.argv[2], tiny_weights())"
    )
    here = str(__file__).rpartition("/")[0]
    subprocess.run([sys.executable, "-c", script, here, str(tmp_path / "other.safetensors")], check=True)
    assert (tmp_path / "other.safetensors").read_bytes() == path.read_bytes()


def test_the_description_can_be_read_without_us(path):
    described = metadata_of(path)
    assert described["id"] == "mine"
    assert described["licence"] == "CC0-1.0"
    assert (described["latent"], described["feature_width"], described["frames"]) == ("16", "12", "150")
    assert json.loads(described["training"]) == {"steps": 10, "loss": 0.5}


def test_a_description_of_another_network_is_not_saved(weights, tmp_path):
    other = WeightsInfo("mine", "Mine", "CC0-1.0", "rhythm", DecoderConfig(latent=32))
    with pytest.raises(ValueError, match="architecture"):
        save_weights(tmp_path / "mine.safetensors", Weights(weights.parameters, weights.normaliser, other))


def test_a_file_that_is_not_there(tmp_path):
    assert refusal(tmp_path / "none.safetensors").code == "weights_missing"
    assert refusal(tmp_path).code == "weights_missing"


@pytest.mark.parametrize("content", [b"", b"no weights", b"\xff" * 64, b"PK\x03\x04"])
def test_a_file_of_another_kind(tmp_path, content):
    path = tmp_path / "mine.safetensors"
    path.write_bytes(content)
    assert refusal(path).code == "weights_unreadable"


def test_a_file_that_was_cut_short(path):
    path.write_bytes(path.read_bytes()[:-1000])
    assert refusal(path).code == "weights_unreadable"


def test_safetensors_of_somebody_else(tmp_path):
    save_file({"a": torch.zeros(3)}, tmp_path / "other.safetensors")
    error = refusal(tmp_path / "other.safetensors")
    assert error.code == "weights_not_ours"
    assert error.hint


@pytest.mark.parametrize(
    "metadata",
    [
        {"format": "2"},
        {"id": None},
        {"latent": "many"},
        {"latent": "32"},
        {"heads": "0"},
        {"heads": "3"},
        {"features": "35"},
        {"training": "{"},
    ],
)
def test_descriptions_that_do_not_fit(path, metadata):
    assert refusal(edited(path, metadata)).code == "weights_not_ours"


@pytest.mark.parametrize(
    "tensors",
    [
        {"model.final_layer.bias": None},
        {"model.final_layer.bias": torch.zeros(3)},
        {"model.extra": torch.zeros(3)},
        {"model.seqTransDecoder.stack.4.norm1.bias": torch.zeros(16)},
        {"normaliser.scale": None},
        {"normaliser.min": torch.zeros(150)},
        {"normaliser.scale": torch.zeros(151)},
    ],
)
def test_networks_that_do_not_fit(path, tensors):
    assert refusal(edited(path, **tensors)).code == "weights_not_ours"


@pytest.mark.parametrize("name", ["model.norm_cond.bias", "normaliser.min"])
def test_values_that_are_no_numbers_are_refused_by_name(path, name):
    broken = load_file(path)[name].clone()
    broken[5] = float("nan")
    error = refusal(edited(path, **{name: broken}))
    assert error.code == "weights_nan"
    assert name in error.message


def test_values_too_large_for_float16_are_not_saved(weights, tmp_path):
    weights.parameters["final_layer.bias"][0] = 1e6
    with pytest.raises(EdgeError) as caught:
        save_weights(tmp_path / "half.safetensors", weights, half=True)
    assert caught.value.code == "weights_nan"
    assert list(tmp_path.iterdir()) == []
