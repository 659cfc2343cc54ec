"""The engine that is kept between dances."""

import pytest

from edge_backend.generation.model_cache import ModelCache
from edge_backend.model import torch_engine


@pytest.mark.parametrize(("quickest", "engine"), [("fp32", "onnx"), ("bf16", "torch")])
def test_the_fastest_arithmetic_is_torch_s_only_where_it_has_a_quicker_one(monkeypatch, quickest, engine):
    """In float32 ONNX Runtime is quicker, and needs less memory."""
    monkeypatch.setattr(torch_engine, "quickest", lambda *_: quickest)
    cache = ModelCache("cpu")
    weights = cache.weights("starter")
    made = cache.engine(weights, "fastest")
    assert (made.name, made.arithmetic) == (engine, quickest)
    assert cache.engine(weights, "fastest") is made
    assert cache.engine(weights, "exact").name == "onnx"
