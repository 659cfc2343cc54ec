"""Other arithmetics: near the exact one, chosen by a measurement, and the choice is kept."""

import json

import pytest
import torch

from edge_backend.model import arithmetic
from edge_backend.model.arithmetic import PRECISIONS, candidates, quickest
from edge_backend.model.cached_decoder import CachedDecoder
from edge_backend.model.decoder import DanceDecoder
from edge_backend.model.decoder_config import DecoderConfig

SMALL = DecoderConfig(latent=64, ff=96, layers=2, heads=4, features=12)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return DanceDecoder(SMALL).eval()


@pytest.mark.parametrize(("name", "error"), [("fp32", 0), ("fp16", 1e-3), ("bf16", 8e-3)])
def test_every_arithmetic_is_as_near_as_its_bits_allow(network, name, error):
    """Relative to the spread of what comes out: 24, 11 and 8 bits."""
    random = torch.Generator().manual_seed(1)
    x, cond = torch.randn(2, 150, 151, generator=random), torch.randn(2, 150, 12, generator=random)
    results = []
    for decoder in (CachedDecoder(network), CachedDecoder(network, PRECISIONS[name])):
        with torch.inference_mode():
            results.append(decoder(x, 400, decoder.memory(network.encode_music(cond)), unconditional=True))
    exact, rough = results
    assert rough.dtype == torch.float32
    assert float((rough - exact).std() / exact.std()) <= error
    assert name == "fp32" or not torch.equal(rough, exact)


def test_the_choice_is_measured_once_and_kept(network, tmp_path, monkeypatch):
    measured = []

    def measure(model, windows):
        measured.append(windows)
        return "bf16"

    monkeypatch.setattr(arithmetic, "_measured", measure)
    assert [quickest(network, 4, tmp_path / "cache") for _ in range(3)] == ["bf16"] * 3
    assert measured == [4]
    wider = DanceDecoder(DecoderConfig(latent=32, ff=32, layers=2, heads=4, features=12)).eval()
    quickest(wider, 4, tmp_path / "cache")
    assert len(measured) == 2  # what is best for one size need not be for another
    assert set(json.loads((tmp_path / "cache" / "arithmetic.json").read_text()).values()) == {"bf16"}


@pytest.mark.parametrize("content", ["no json", "[1]", '{"x": "fp7"}'])
def test_a_spoilt_note_is_measured_anew(network, tmp_path, monkeypatch, content):
    (tmp_path / "arithmetic.json").write_text(content)
    monkeypatch.setattr(arithmetic, "_measured", lambda *_: "fp32")
    assert quickest(network, 1, tmp_path) == "fp32"


def test_a_folder_that_cannot_be_written_is_no_obstacle(network, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(arithmetic, "_measured", lambda *_: "bf16")
    assert quickest(network, 1, tmp_path / "file") == "bf16"
    assert quickest(network, 1, None) == "bf16"


def test_what_is_measured_is_one_that_this_machine_has(network):
    assert quickest(network, 1, None) in ("fp32", *candidates(torch.device("cpu")))


def test_an_arithmetic_that_takes_for_ever_is_not_tried_on_the_network(network, monkeypatch):
    """As bf16 on processors that do not have it."""
    monkeypatch.setattr(arithmetic, "is_usable", lambda *_: False)
    monkeypatch.setattr(arithmetic, "CachedDecoder", only_exact)
    assert quickest(network, 1, None) == "fp32"


def only_exact(model, precision=torch.float32):
    assert precision == torch.float32
    return CachedDecoder(model)


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [
        ({"fp32": 1.0, "fp16": 0.7, "bf16": 0.69}, "fp16"),  # as good as equally quick, and eight times as exact
        ({"fp32": 1.0, "fp16": 0.9, "bf16": 0.5}, "bf16"),
        ({"fp32": 1.0, "fp16": 0.95, "bf16": 0.92}, "fp32"),
    ],
)
def test_of_two_that_are_equally_quick_the_exacter_is_taken(network, monkeypatch, seconds, chosen):
    monkeypatch.setattr(arithmetic, "candidates", lambda _device: ("fp16", "bf16"))
    monkeypatch.setattr(arithmetic, "is_usable", lambda *_: True)
    rounds = iter(list(seconds.values()) * arithmetic.ROUNDS)
    monkeypatch.setattr(arithmetic, "seconds_of", lambda *_: next(rounds))
    assert quickest(network, 1, None) == chosen


@pytest.mark.parametrize("name", ["fp16", "bf16"])
def test_an_arithmetic_that_overflows_is_not_chosen(network, monkeypatch, name):
    monkeypatch.setattr(arithmetic, "candidates", lambda _device: (name,))
    monkeypatch.setattr(arithmetic, "is_usable", lambda *_: True)
    monkeypatch.setattr(arithmetic, "seconds_of", lambda work, _device: work().isfinite().all() and 1.0)

    class Overflowing(CachedDecoder):
        def __init__(self, model, precision=torch.float32):
            super().__init__(model, precision)
            self.precision = precision

        def __call__(self, *given, **options):
            return super().__call__(*given, **options) * (1 if self.precision == torch.float32 else float("inf"))

    monkeypatch.setattr(arithmetic, "CachedDecoder", Overflowing)
    assert quickest(network, 1, None) == "fp32"
