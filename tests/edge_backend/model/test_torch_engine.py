"""The engine by torch, on one and several threads and in both arithmetics."""

import numpy as np
import pytest
import torch

from edge_backend.model.engine import EXACT_BELOW
from edge_backend.model.torch_engine import TorchEngine


def test_threads_that_work_apart_say_what_they_say_together(parity, torch_threads):
    x, cond = parity.golden["model.x"], parity.golden["model.cond"]
    assert len(x) >= 2
    results = []
    for threads in (1, 2):
        torch_threads(threads)
        engine = TorchEngine(parity.network)
        assert engine.threads == threads and engine.device == "cpu"
        music = engine.encode(cond)
        results.append([engine.predict(x, t, music, conditional=True, unconditional=True) for t in (999, 300, 300, 0)])
    np.testing.assert_allclose(*results, atol=1e-5, rtol=0)


def test_plain_and_cached_evaluations_give_the_same(parity):
    x, cond = parity.golden["model.x"], parity.golden["model.cond"]
    engine = TorchEngine(parity.network, batch=1)
    kept = engine.predict(x, 300, engine.encode(cond), conditional=True, unconditional=True)
    plain = [engine.plain(x, 300, cond, unconditional=unconditional) for unconditional in (False, True)]
    np.testing.assert_allclose(kept, plain, atol=1e-5, rtol=0)


def test_no_gradients_are_kept(parity):
    x, cond = parity.golden["model.x"], parity.golden["model.cond"]
    with torch.enable_grad():
        engine = TorchEngine(parity.network)
        music = engine.encode(cond)
        engine.predict(x, 300, music, conditional=True, unconditional=True)
    assert not music.encoded.tokens.requires_grad


@pytest.mark.parametrize(
    ("t", "rough"), [(999, True), (300, True), (EXACT_BELOW, True), (EXACT_BELOW - 1, False), (0, False)]
)
def test_in_16_bits_the_last_evaluations_are_as_in_float32(parity, t, rough):
    """The rounding of the last ones would tremble in the dance: it differs from frame to frame."""
    x, cond = parity.golden["model.x"], parity.golden["model.cond"]
    exact, short = (
        engine.predict(x, t, engine.encode(cond), conditional=False, unconditional=True)
        for engine in (TorchEngine(parity.network), TorchEngine(parity.network, arithmetic="bf16"))
    )
    assert np.array_equal(exact, short) is not rough
    np.testing.assert_allclose(short, exact, atol=0.05 * np.std(exact))
