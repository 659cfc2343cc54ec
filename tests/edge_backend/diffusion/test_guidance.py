import numpy as np
import pytest
import torch

from edge_backend.diffusion.guidance import constant, ddpm_rule, guided, in_interval, long_form_ramp
from edge_backend.diffusion.samplers import Cancelled
from edge_backend.model.onnx_engine import OnnxEngine
from edge_backend.model.torch_engine import TorchEngine


def test_the_ramp_is_edges_at_edges_steps():
    weight = 2.7
    expected = np.linspace(0, 2 * weight, 50).clip(max=weight)
    ramp = long_form_ramp(weight)
    np.testing.assert_allclose([ramp(999 - 20 * i) for i in range(50)], expected, rtol=1e-6)


def test_ancestral_sampling_is_not_guided_near_its_end():
    assert [ddpm_rule(2.0)(t) for t in (999, 100, 99, 0)] == [2, 2, 1, 1]
    assert ddpm_rule(0.5)(0) == 0.5


def test_outside_the_interval_the_network_is_as_trained():
    guidance = in_interval(constant(3.0), 100, 800)
    assert [guidance(t) for t in (999, 801, 800, 100, 99)] == [1, 1, 3, 3, 1]


@pytest.fixture
def given(parity):
    """x and cond of the reference network's windows."""
    return parity.golden["model.x"], parity.golden["model.cond"]


@pytest.mark.parametrize("weight", [0.0, 1.0, 2.0])
def test_guidance_goes_from_the_dance_without_music_to_that_with_it_and_beyond(engine, parity, given, weight):
    x, cond = given
    network, t = parity.network, torch.full((len(x),), 300)
    with torch.inference_mode():
        music = network.encode_music(torch.from_numpy(cond))
        conditional, unconditional = (
            network.decode(torch.from_numpy(x), known, t).numpy() for known in (music, network.null_music(len(x)))
        )
    result = guided(engine, engine.encode(cond), constant(weight))(x, 300)
    expected = (unconditional + weight * (conditional - unconditional)).clip(-1, 1)
    np.testing.assert_allclose(result, expected, atol=1e-5, rtol=0)


def test_predictions_are_clipped_to_the_training_range(engine, given):
    x, cond = given
    assert np.abs(guided(engine, engine.encode(cond), constant(20.0))(x, 300)).max() == 1


@pytest.mark.parametrize("name", ["torch", "onnx"])
def test_poll_is_called_before_each_evaluation_and_may_cancel(parity, given, name, torch_threads):
    torch_threads(1)
    engine = TorchEngine(parity.network, batch=1) if name == "torch" else OnnxEngine(parity.weights, threads=1)
    x, cond = given
    asked = 0

    def cancel_at_the_third():
        nonlocal asked
        asked += 1
        if asked == 3:
            raise Cancelled

    denoise = guided(engine, engine.encode(cond), constant(2.0), poll=cancel_at_the_third)
    with pytest.raises(Cancelled):
        denoise(x, 300)
    assert asked == 3
