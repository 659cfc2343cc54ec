"""The engine by torch, on one and several threads and in both arithmetics."""

import numpy as np
import pytest
import torch
from some_rigs import dance

from edge_backend.model.catalogue import resolve
from edge_backend.model.decoder import build_decoder
from edge_backend.model.engine import EXACT_BELOW
from edge_backend.model.torch_engine import TorchEngine
from edge_backend.model.weights_file import load_weights
from edge_backend.motion.representation import ROTATIONS
from edge_backend.schema.frames import WINDOW


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


@pytest.mark.parametrize("t", [999, 300, EXACT_BELOW, EXACT_BELOW - 1, 0])
def test_16_bits_are_near(parity, t):
    x, cond = parity.golden["model.x"], parity.golden["model.cond"]
    exact, short = (
        engine.predict(x, t, engine.encode(cond), conditional=False, unconditional=True)
        for engine in (TorchEngine(parity.network), TorchEngine(parity.network, arithmetic="bf16"))
    )
    assert not np.array_equal(exact, short)
    np.testing.assert_allclose(short, exact, atol=0.05 * np.std(exact))


def test_in_16_bits_the_last_evaluations_leave_little_tremble():
    """Rounding differs from frame to frame; what it does to the dance in the last evaluation stays there."""
    weights = load_weights(resolve("starter"))
    network = build_decoder(weights.info.config, weights.parameters)
    x = weights.normaliser.normalise(dance("commercial", WINDOW).vectors())[None]
    cond = np.zeros((1, WINDOW, weights.info.config.features), np.float32)
    exact, short = TorchEngine(network), TorchEngine(network, arithmetic="bf16")
    music = {engine: engine.encode(cond) for engine in (exact, short)}

    def tremble(t):
        was, now = (
            engine.predict(x, t, music[engine], conditional=True, unconditional=False)[0][..., ROTATIONS]
            for engine in (exact, short)
        )
        return np.std(np.diff(now - was, n=3, axis=1))

    assert tremble(EXACT_BELOW - 1) < 0.6 * tremble(EXACT_BELOW)
