"""The engine by ONNX Runtime equals that by torch for networks of all sizes, and caches the music."""

from dataclasses import replace
from functools import partial

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from edge_backend.model import onnx_engine
from edge_backend.model.decoder import DanceDecoder, parameters_of
from edge_backend.model.decoder_config import DecoderConfig
from edge_backend.model.memory_cache import MemoryCache
from edge_backend.model.onnx_decoder import OnnxDecoder
from edge_backend.model.onnx_engine import OnnxEngine
from edge_backend.model.torch_engine import TorchEngine
from edge_backend.model.weights_file import Weights, WeightsInfo
from edge_backend.motion.representation import Normaliser

SMALL = DecoderConfig(latent=32, ff=64, layers=3, heads=4, features=12)
SHAPES = {
    "paper": SMALL,
    "frame_music": replace(SMALL, frame_music=True),
    "one head": replace(SMALL, heads=1, layers=1),
    "wide": replace(SMALL, latent=64, heads=8, ff=32, features=35),
}
STEPS = (999, 430, 999, 0)  # back and forth: nothing of the step before may stay
TOLERANCE = 1e-5


def weights_of(config):
    torch.manual_seed(0)
    normaliser = Normaliser(np.ones(151, np.float32), np.zeros(151, np.float32))
    info = WeightsInfo("small", "Small", "CC0-1.0", "rhythm", config)
    return Weights(parameters_of(DanceDecoder(config)), normaliser, info)


def given(config, windows=3):
    """x and cond of some windows."""
    random = np.random.default_rng(1)
    sizes = (config.channels, config.features)
    return [random.normal(size=(windows, config.frames, size)).astype(np.float32) for size in sizes]


@pytest.fixture(scope="module", params=SHAPES)
def engines(request):
    """The same network by ONNX Runtime and by torch."""
    config = SHAPES[request.param]
    weights = weights_of(config)
    torch.manual_seed(0)
    return OnnxEngine(weights, threads=2), TorchEngine(DanceDecoder(config).eval()), config


@pytest.mark.parametrize("branches", [(True, True), (True, False), (False, True)])
def test_both_engines_say_the_same(engines, branches):
    ours, theirs, config = engines
    x, cond = given(config)
    conditional, unconditional = branches
    musics = ours.encode(cond), theirs.encode(cond)
    for t in STEPS:
        found, expected = (
            engine.predict(x, t, music, conditional=conditional, unconditional=unconditional)
            for engine, music in zip((ours, theirs), musics, strict=True)
        )
        assert len(found) == sum(branches)
        np.testing.assert_allclose(found, expected, atol=TOLERANCE, rtol=0)


def test_the_plain_evaluation_gives_the_same(engines):
    ours, theirs, config = engines
    x, cond = given(config)
    for unconditional in (False, True):
        found, expected = (engine.plain(x, 500, cond, unconditional=unconditional) for engine in (ours, theirs))
        np.testing.assert_allclose(found, expected, atol=TOLERANCE, rtol=0)


def test_a_window_is_the_same_bytes_alone_and_among_others_by_any_number_of_threads():
    weights = weights_of(SMALL)
    x, cond = given(SMALL, windows=5)
    together = OnnxEngine(weights, threads=1)
    expected = together.predict(x, 300, together.encode(cond), conditional=True, unconditional=True)
    for threads in (2, 3, 8):
        engine = OnnxEngine(weights, threads=threads)
        found = engine.predict(x, 300, engine.encode(cond), conditional=True, unconditional=True)
        np.testing.assert_array_equal(found, expected)
    alone = together.predict(x[2:3], 300, together.encode(cond[2:3]), conditional=True, unconditional=True)
    np.testing.assert_array_equal(np.array(alone)[:, 0], np.array(expected)[:, 2])


def test_music_and_time_are_worked_out_once(monkeypatch):
    engine = OnnxEngine(weights_of(SMALL), threads=1)
    x, cond = given(SMALL)
    counts = dict.fromkeys(("_encoder", "_memory", "_time"), 0)
    for name in counts:

        def counted(session, inputs, name=name):
            counts[name] += 1
            return session(inputs)

        monkeypatch.setattr(engine, name, partial(counted, getattr(engine, name)))
    music = engine.encode(cond)
    for t in (500, 20, 500, 20):
        engine.predict(x, t, music, conditional=True, unconditional=True)
    assert counts == {"_encoder": 3, "_memory": 3, "_time": 2}  # of three windows


@pytest.mark.parametrize("has_bf16", [True, False])
def test_fastest_is_bf16_where_the_processor_has_it_but_for_the_last_evaluations(monkeypatch, has_bf16):
    """On x86 ONNX Runtime ignores the option: there the numbers are the same, on ARM they are near."""
    monkeypatch.setattr(onnx_engine, "multiplies_in_bf16", lambda: has_bf16)
    exact, fastest = (OnnxEngine(weights_of(SMALL), 1, arithmetic) for arithmetic in ("exact", "fastest"))
    assert (exact.arithmetic, fastest.arithmetic) == ("fp32", "bf16" if has_bf16 else "fp32")
    x, cond = given(SMALL)
    for t, tolerance in ((500, 0.05), (onnx_engine.EXACT_BELOW - 1, 0.0)):
        numbers = [engine.predict(x, t, engine.encode(cond), conditional=True, unconditional=True)
                   for engine in (exact, fastest)]  # fmt: skip
        np.testing.assert_allclose(*numbers, atol=tolerance, rtol=0)


def test_poll_is_called_before_each_evaluation_and_may_end_them():
    x, cond = given(SMALL)
    for threads in (1, 2):
        engine, asked = OnnxEngine(weights_of(SMALL), threads=threads), []

        def poll(asked=asked):
            asked.append(1)
            if len(asked) == 5:
                raise KeyboardInterrupt

        music = engine.encode(cond, poll)
        with pytest.raises(KeyboardInterrupt):
            engine.predict(x, 500, music, conditional=True, unconditional=True, poll=poll)
        assert len(asked) == 5


def test_the_whole_network_is_a_model_that_others_can_read(engines):
    """onnx's own checker takes it, and ONNX Runtime gives torch's numbers; weights and all in one file."""
    _, theirs, config = engines
    model = OnnxDecoder(config, weights_of(config).parameters).network().to_bytes(with_weights=True)
    onnx.checker.check_model(onnx.load_from_string(model), full_check=False)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    x, cond = given(config, windows=1)
    found = session.run(["conditional", "unconditional"], {"x": x[0], "cond": cond[0], "t": np.array([77], np.float32)})
    expected = theirs.predict(x, 77, theirs.encode(cond), conditional=True, unconditional=True)
    np.testing.assert_allclose(found, np.array(expected)[:, 0], atol=TOLERANCE, rtol=0)


def test_what_finds_no_room_is_made_anew_each_time(monkeypatch):
    monkeypatch.setattr("edge_backend.model.memory_cache.ROOM_BYTES", 100)
    made = []
    cache = MemoryCache(lambda key: made.append(key) or np.zeros(60 if key == "large" else 10, np.uint8))
    for key in ("small", "large", "small", "other", "large", "third", "fourth", "fourth"):
        cache.of(key)
    assert made == ["small", "large", "other", "third", "fourth"]  # 60 + 4 * 10 bytes: all find room
    monkeypatch.setattr("edge_backend.model.memory_cache.ROOM_BYTES", 50)
    made.clear()
    cache = MemoryCache(lambda key: made.append(key) or np.zeros(60 if key == "large" else 10, np.uint8))
    for key in ("small", "large", "small", "large"):
        cache.of(key)
    assert made == ["small", "large", "large"]


def test_the_other_branch_may_have_a_condition_of_its_own(engines):
    """As a window of that condition has it in the conditional branch; both engines alike."""
    ours, theirs, config = engines
    x, cond = given(config)
    baseline = np.zeros_like(cond[0])
    baseline[:, -1] = 0.7
    wanted = np.tile(baseline, (len(x), 1, 1))
    for t in STEPS:
        found = []
        for engine in (ours, theirs):
            music = engine.encode(cond, baseline=baseline)
            conditional, other = engine.predict(x, t, music, conditional=True, unconditional=True)
            (alone,) = engine.predict(x, t, engine.encode(wanted), conditional=True, unconditional=False)
            np.testing.assert_allclose(other, alone, atol=TOLERANCE)
            (plain,) = engine.predict(x, t, engine.encode(cond), conditional=True, unconditional=False)
            np.testing.assert_allclose(conditional, plain, atol=TOLERANCE)
            found.append(other)
        np.testing.assert_allclose(*found, atol=TOLERANCE)
