"""The choice of the engine: by request, by what is installed, by whether there is a GPU."""

import pytest
import torch

from edge_backend.errors import EdgeError
from edge_backend.model import engine_choice
from edge_backend.model.engine_choice import choose_engine, engine_in_words, engines_here, promised_engine


@pytest.fixture
def machine(monkeypatch):
    """(installed engines, promised device) -> a machine that has them."""

    def build(installed, device):
        monkeypatch.setattr(engine_choice, "installed", lambda name: name in installed)
        monkeypatch.setattr(engine_choice, "promised", lambda wanted: device if wanted == "auto" else wanted)

    return build


@pytest.mark.parametrize(
    ("installed", "gpu", "asked", "taken"),
    [
        (("onnx", "torch"), "cpu", ("auto", "auto"), ("onnx", "cpu")),
        (("onnx", "torch"), "cuda", ("auto", "auto"), ("torch", "cuda")),
        (("onnx", "torch"), "cuda", ("auto", "cpu"), ("onnx", "cpu")),
        (("onnx", "torch"), "cuda", ("onnx", "auto"), ("onnx", "cpu")),
        (("onnx", "torch"), "cpu", ("torch", "auto"), ("torch", "cpu")),
        (("onnx", "torch"), "cpu", ("auto", "mps"), ("torch", "mps")),
        (("torch",), "cpu", ("auto", "auto"), ("torch", "cpu")),
        (("onnx",), "", ("auto", "auto"), ("onnx", "cpu")),
    ],
)
def test_what_is_taken(machine, installed, gpu, asked, taken):
    machine(installed, gpu)
    assert promised_engine(*asked) == taken


@pytest.mark.parametrize(
    ("installed", "wanted", "device", "code"),
    [
        ((), "auto", "auto", "engine_missing"),
        (("onnx",), "torch", "auto", "engine_missing"),
        (("torch",), "onnx", "auto", "engine_missing"),
        (("onnx", "torch"), "onnx", "cuda", "engine_device"),
    ],
)
def test_what_cannot_be_is_one_sentence(machine, installed, wanted, device, code):
    machine(installed, "cpu" if "torch" in installed else "")
    with pytest.raises(EdgeError) as caught:
        promised_engine(wanted, device)
    assert caught.value.code == code
    assert caught.value.message.endswith(".") and caught.value.hint


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has what the test takes for missing")
def test_a_gpu_that_only_the_driver_knows_is_not_taken(machine):
    machine(("onnx", "torch"), "cuda")
    assert choose_engine() == ("onnx", "cpu")
    machine(("torch",), "cuda")
    assert choose_engine() == ("torch", "cpu")
    with pytest.raises(EdgeError) as caught:
        choose_engine("auto", "cuda")
    assert caught.value.code == "device_missing"


def test_those_to_compare_are_all_that_run_on_the_device(machine):
    machine(("onnx", "torch"), "cpu")
    assert engines_here("auto", "auto") == ["onnx", "torch"]
    assert engines_here("torch", "auto") == ["torch"]
    machine(("onnx", "torch"), "cuda")
    assert engines_here("auto", "auto") == ["torch"]


def test_a_library_that_does_not_load_is_named_with_the_reason_and_torch_stands_in(machine, monkeypatch, caplog):
    load = engine_choice.importlib.import_module

    def fail(name, package=None):
        if name == ".onnx_engine":
            raise ImportError("DLL load failed while importing it")
        return load(name, package)

    monkeypatch.setattr(engine_choice.importlib, "import_module", fail)
    machine(("onnx", "torch"), "cpu")
    assert choose_engine() == ("torch", "cpu")
    assert "ONNX Runtime cannot be loaded: DLL load failed" in caplog.messages[0]
    for installed in (("onnx",), ("onnx", "torch")):
        machine(installed, "cpu")
        with pytest.raises(EdgeError, match="ONNX Runtime cannot be loaded: DLL load failed") as caught:
            choose_engine("onnx" if "torch" in installed else "auto")
        assert caught.value.code == "engine_missing"


def test_in_words_they_are_libraries_with_versions():
    assert engine_in_words("torch") == f"PyTorch {torch.__version__}"
    assert engine_in_words("onnx").startswith("ONNX Runtime 1.")
