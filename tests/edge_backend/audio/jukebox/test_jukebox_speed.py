"""The usual precision is the one whose products are clearly the fastest here."""

import pytest
import torch

from edge_backend.audio.jukebox import speed

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def measured_anew():
    speed.usual_precision.cache_clear()
    yield
    speed.usual_precision.cache_clear()


@pytest.mark.parametrize(("times_as_fast", "chosen"), [(2.3, "bf16"), (1.1, "fp32"), (0.2, "fp32")])
def test_bf16_is_usual_where_it_is_clearly_faster(monkeypatch, times_as_fast, chosen):
    monkeypatch.setattr(speed, "is_usable", lambda *_: True)
    rates = {"fp32": 1.0, "bf16": times_as_fast}
    monkeypatch.setattr(speed, "product_rate", lambda _shape, _device, precision, _codes: rates[precision])
    assert speed.usual_precision(CPU) == chosen


def test_a_processor_without_bf16_is_not_kept_busy_with_it(monkeypatch):
    monkeypatch.setattr(speed, "is_usable", lambda *_: False)
    monkeypatch.setattr(speed, "product_rate", lambda *_: pytest.fail("measured"))
    assert speed.usual_precision(CPU) == "fp32"


def test_on_a_gpu_it_is_float16():
    assert speed.usual_precision(torch.device("cuda")) == "fp16"


def test_a_plan_is_computed_in_the_usual_precision_unless_another_is_wanted():
    gpu = torch.device("cuda")
    assert [speed.precision_of("stream", wanted, gpu) for wanted in (None, "bf16")] == ["fp16", "bf16"]
    assert speed.precision_of("int8", None, gpu) is None
