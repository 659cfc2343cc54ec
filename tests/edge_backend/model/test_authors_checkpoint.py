"""The authors' checkpoint is read completely, and no code of it is run."""

import io
import os
import pickle
import sys
import types
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch

from edge_backend.errors import EdgeError
from edge_backend.model.authors_checkpoint import import_checkpoint, read_checkpoint
from edge_backend.model.decoder import DanceDecoder, build_decoder, rotary_frequencies
from edge_backend.model.decoder_config import DecoderConfig
from edge_backend.model.weights_file import load_weights

CONFIG = DecoderConfig(latent=16, ff=32, layers=1, heads=4, features=35)


class Checkpoint(dict):
    """What the authors' training writes, on a tiny network, with their class names."""

    def __init__(self, prefix=""):
        torch.manual_seed(0)
        self.network = DanceDecoder(CONFIG)
        state = OrderedDict((prefix + name, value) for name, value in self.network.state_dict().items())
        for place in ("", "cond_encoder.0.", "seqTransDecoder.stack.0."):
            state[f"{prefix}{place}rotary.freqs"] = rotary_frequencies(16)
        super().__init__(
            ema_state_dict=state, model_state_dict=OrderedDict(), optimizer_state_dict={}, normalizer=normaliser()
        )

    def write(self, path, **options):
        torch.save(dict(self), path, **options)
        return path


def normaliser():
    held = sys.modules["dataset.preprocess"].Normalizer()
    held.scaler = sys.modules["dataset.scaler"].MinMaxScaler()
    vars(held.scaler).update(
        scale_=torch.linspace(1, 2, 151), min_=torch.linspace(-1, 1, 151), n_samples_seen_=7, clip=True
    )
    return held


@pytest.fixture(autouse=True)
def authors_classes(monkeypatch):
    """Their modules, while the test writes a checkpoint; ours never imports them."""
    monkeypatch.setitem(sys.modules, "dataset", types.ModuleType("dataset"))
    for module, name in (("dataset.preprocess", "Normalizer"), ("dataset.scaler", "MinMaxScaler")):
        stand_in = types.ModuleType(module)
        setattr(stand_in, name, type(name, (), {"__module__": module}))
        monkeypatch.setitem(sys.modules, module, stand_in)


def refusal(path):
    with pytest.raises(EdgeError) as caught:
        read_checkpoint(path)
    return caught.value


def test_parity_of_the_imported_network(parity, tmp_path):
    """From the authors' file through ours: the golden outputs."""
    target = tmp_path / "reference.safetensors"
    heads = parity.network.config.heads
    import_checkpoint(parity.folder / "edge_reference.pt", target, id="a", name="A", licence="MIT", heads=heads)
    weights = load_weights(target)
    with torch.no_grad():
        network = build_decoder(weights.info.config, weights.parameters)
        out = network(*(parity.tensor(f"model.{name}") for name in ("x", "cond", "t")))
    np.testing.assert_allclose(out, parity.golden["model.out_cond"], atol=1e-4, rtol=0)
    np.testing.assert_array_equal(weights.normaliser.scale, parity.golden["normalizer.scale"])


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before torch 1.6"])
def test_parameters_and_normaliser_come_out(tmp_path, prefix, zipped):
    checkpoint = Checkpoint(prefix)
    path = checkpoint.write(tmp_path / "checkpoint.pt", _use_new_zipfile_serialization=zipped)
    read = read_checkpoint(path)
    expected = checkpoint.network.state_dict()
    assert read.state.keys() == expected.keys()
    assert all(torch.equal(read.state[name], value) for name, value in expected.items())
    np.testing.assert_array_equal(read.normaliser.scale, torch.linspace(1, 2, 151).numpy())
    np.testing.assert_array_equal(read.normaliser.min, torch.linspace(-1, 1, 151).numpy())


def test_the_import_says_where_it_came_from(tmp_path):
    path = Checkpoint().write(tmp_path / "checkpoint.pt")
    info = import_checkpoint(path, tmp_path / "out.safetensors", id="mine", name="Mine", licence="MIT")
    assert (info.feature_type, info.config.heads, info.controls) == ("baseline", 4, ())
    assert load_weights(tmp_path / "out.safetensors").info == info
    assert len(info.training["imported_from_sha256"]) == 64


def test_tensors_of_every_type_and_harmless_values_are_passed_over(tmp_path):
    checkpoint = Checkpoint()
    types_ = [torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int8, torch.bool, torch.complex64]
    checkpoint["optimizer_state_dict"] = {
        "tensors": [torch.ones(3, dtype=dtype) for dtype in [*types_, torch.uint16, torch.float8_e4m3fn]],
        "empty": torch.zeros(0),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "scalar": np.float64(1.5),
        "shape": torch.Size([1, 2]),
        "device": torch.device("cpu"),
        "dtype": torch.float32,
    }
    for zipped in (True, False):
        path = checkpoint.write(tmp_path / "checkpoint.pt", _use_new_zipfile_serialization=zipped)
        assert read_checkpoint(path).state.keys() == checkpoint.network.state_dict().keys()


def test_half_precision_and_views_are_read(tmp_path):
    checkpoint = Checkpoint()
    state = checkpoint["ema_state_dict"]
    state["final_layer.weight"] = state["final_layer.weight"].half().t().contiguous().t()
    read = read_checkpoint(checkpoint.write(tmp_path / "checkpoint.pt"))
    assert torch.equal(read.state["final_layer.weight"], state["final_layer.weight"])


class Bomb:
    """Runs a command when a pickle of it is read."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("place", ["ema_state_dict", "normalizer", "extra"])
def test_nothing_is_run(tmp_path, place, zipped):
    checkpoint = Checkpoint()
    checkpoint[place] = Bomb(os.mkdir, str(tmp_path / "exploded"))
    error = refusal(checkpoint.write(tmp_path / "checkpoint.pt", _use_new_zipfile_serialization=zipped))
    assert error.code == "checkpoint_forbidden"
    assert "mkdir" in error.message
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    "function", [eval, exec, getattr, __import__, os.system, np.load, torch.hub.load, torch.nn.Linear], ids=str
)
def test_functions_off_the_list_are_named(tmp_path, function):
    checkpoint = Checkpoint()
    checkpoint["extra"] = Bomb(function, "1")
    error = refusal(checkpoint.write(tmp_path / "checkpoint.pt"))
    assert error.code == "checkpoint_forbidden"
    assert function.__name__ in error.message


def test_a_dotted_name_does_not_reach_into_a_listed_module(tmp_path):
    """Protocol 4 may ask for an attribute of an attribute."""
    hostile = b"\x80\x04\x8c\x05torch\x8c\x0bnn.Linear.x\x93."
    with zipfile.ZipFile(tmp_path / "checkpoint.pt", "w") as archive:
        archive.writestr("checkpoint/data.pkl", hostile)
    assert refusal(tmp_path / "checkpoint.pt").code == "checkpoint_forbidden"


def test_a_bare_pickle_is_not_run_either(tmp_path):
    (tmp_path / "checkpoint.pt").write_bytes(pickle.dumps(Bomb(os.mkdir, str(tmp_path / "exploded"))))
    assert refusal(tmp_path / "checkpoint.pt").code == "checkpoint_forbidden"
    assert not (tmp_path / "exploded").exists()


def test_a_file_that_is_not_there(tmp_path):
    assert refusal(tmp_path / "checkpoint.pt").code == "weights_missing"


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"\x80\x02}q\x00."])
def test_a_file_of_another_kind(tmp_path, content):
    (tmp_path / "checkpoint.pt").write_bytes(content)
    assert refusal(tmp_path / "checkpoint.pt").code == "weights_unreadable"


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_that_was_cut_short(tmp_path, zipped):
    path = Checkpoint().write(tmp_path / "checkpoint.pt", _use_new_zipfile_serialization=zipped)
    path.write_bytes(path.read_bytes()[:-1000])
    assert refusal(path).code == "weights_unreadable"


def test_a_tensor_may_not_reach_beyond_its_storage(tmp_path):
    path = Checkpoint().write(tmp_path / "checkpoint.pt")
    content = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name)[:-4] if name.endswith("/data/0") else old.read(name))
    path.write_bytes(content.getvalue())
    assert refusal(path).code == "weights_unreadable"


@pytest.mark.parametrize("lost", ["ema_state_dict", "normalizer"])
def test_a_torch_file_of_something_else(tmp_path, lost):
    checkpoint = Checkpoint()
    del checkpoint[lost]
    error = refusal(checkpoint.write(tmp_path / "checkpoint.pt"))
    assert error.code == "weights_not_ours"
    assert lost in error.message


def test_other_rotary_frequencies_are_another_network(tmp_path):
    checkpoint = Checkpoint()
    checkpoint["ema_state_dict"]["rotary.freqs"] = rotary_frequencies(16) * 2
    assert refusal(checkpoint.write(tmp_path / "checkpoint.pt")).code == "weights_not_ours"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"final_layer.bias": torch.zeros(3)}, "weights_not_ours"),
        ({"final_layer.bias": torch.full((151,), torch.nan)}, "weights_nan"),
        ({"cond_projection.weight": torch.zeros(16, 77)}, "weights_not_ours"),
    ],
)
def test_networks_that_cannot_be_used_are_not_imported(tmp_path, change, code):
    checkpoint = Checkpoint()
    checkpoint["ema_state_dict"].update(change)
    path = checkpoint.write(tmp_path / "checkpoint.pt")
    with pytest.raises(EdgeError) as caught:
        import_checkpoint(path, tmp_path / "out.safetensors", id="mine", name="Mine", licence="MIT")
    assert caught.value.code == code
    assert not (tmp_path / "out.safetensors").exists()
