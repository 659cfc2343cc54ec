import pytest
import torch

from edge_backend.diffusion.guidance import (
    constant,
    ddpm_rule,
    encode,
    guided,
    in_interval,
    long_form_ramp,
)
from edge_backend.diffusion.samplers import Cancelled
from edge_backend.model.cached_decoder import CachedDecoder


def test_the_ramp_is_edges_at_edges_steps():
    weight = 2.7
    expected = torch.linspace(0, 2 * weight, 50).clamp(max=weight)
    ramp = long_form_ramp(weight)
    torch.testing.assert_close(torch.tensor([ramp(999 - 20 * i) for i in range(50)]), expected)


def test_ancestral_sampling_is_not_guided_near_its_end():
    assert [ddpm_rule(2.0)(t) for t in (999, 100, 99, 0)] == [2, 2, 1, 1]
    assert ddpm_rule(0.5)(0) == 0.5


def test_outside_the_interval_the_network_is_as_trained():
    guidance = in_interval(constant(3.0), 100, 800)
    assert [guidance(t) for t in (999, 801, 800, 100, 99)] == [1, 1, 3, 3, 1]


@pytest.fixture
def network_outputs(parity):
    model = parity.weights.model
    x, cond = parity.tensor("model.x"), parity.tensor("model.cond")
    with torch.inference_mode():
        music = encode(model, cond)
        unconditional = model.decode(x, model.null_music(len(x)), torch.full((len(x),), 300))
        conditional = model.decode(x, music, torch.full((len(x),), 300))
    return model, music, x, conditional, unconditional


@pytest.mark.parametrize("weight", [0.0, 1.0, 2.0])
@torch.inference_mode()
def test_guidance_goes_from_the_dance_without_music_to_that_with_it_and_beyond(network_outputs, weight):
    model, music, x, conditional, unconditional = network_outputs
    result = guided(CachedDecoder(model), music, constant(weight))(x, 300)
    torch.testing.assert_close(
        result, (unconditional + weight * (conditional - unconditional)).clamp(-1, 1), atol=1e-5, rtol=0
    )


@torch.inference_mode()
def test_what_the_network_says_is_kept_within_the_range_of_the_dances_it_knows(network_outputs):
    model, music, x, _, _ = network_outputs
    assert guided(CachedDecoder(model), music, constant(20.0))(x, 300).abs().max() == 1


@torch.inference_mode()
def test_a_poll_that_cancels_is_asked_before_each_evaluation(network_outputs, torch_threads):
    torch_threads(1)
    model, music, x, _, _ = network_outputs
    asked = 0

    def cancel_at_the_third():
        nonlocal asked
        asked += 1
        if asked == 3:
            raise Cancelled

    denoise = guided(CachedDecoder(model), music, constant(2.0), batch=1, poll=cancel_at_the_third)
    with pytest.raises(Cancelled):
        denoise(x, 300)
    assert asked == 3


@torch.inference_mode()
def test_threads_that_work_apart_say_what_they_say_together(network_outputs, torch_threads):
    model, music, x, _, _ = network_outputs
    assert len(x) >= 2
    results = []
    for threads in (1, 2):
        torch_threads(threads)
        denoise = guided(CachedDecoder(model), music, constant(2.0))
        results.append([denoise(x, t) for t in (999, 300, 300, 0)])
    torch.testing.assert_close(*results, atol=1e-5, rtol=0)
