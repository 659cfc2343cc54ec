"""The network's shapes and properties; test_decoder_parity compares its numbers."""

import math
from dataclasses import replace

import pytest
import torch

from edge_backend.model.decoder import DanceDecoder, Rotary, TimeEmbedding
from edge_backend.model.decoder_config import DecoderConfig

SMALL = DecoderConfig(latent=32, ff=64, layers=2, heads=4, features=12)
# The same sums in another order: float32 rounding on values near 1, through four layers.
ROUNDING = 2e-5


def shapes(latent, ff, layers, features):
    """The authors' parameters and their shapes, as their checkpoint lists them, without the rotary constants."""

    def linear(name, out, inputs):
        return {f"{name}.weight": (out, inputs), f"{name}.bias": (out,)}

    def norm(name):
        return {f"{name}.weight": (latent,), f"{name}.bias": (latent,)}

    def attention(name):
        projection = {f"{name}.in_proj_weight": (3 * latent, latent), f"{name}.in_proj_bias": (3 * latent,)}
        return projection | linear(f"{name}.out_proj", latent, latent)

    def layer(name, attentions, norms):
        parts = linear(f"{name}.linear1", ff, latent) | linear(f"{name}.linear2", latent, ff)
        for part in attentions:
            parts |= attention(f"{name}.{part}")
        for number in norms:
            parts |= norm(f"{name}.norm{number}")
        return parts

    found = {"null_cond_embed": (1, 150, latent), "null_cond_hidden": (1, latent)}
    found |= norm("norm_cond") | linear("time_mlp.1", 4 * latent, latent)
    found |= linear("to_time_cond.0", latent, 4 * latent) | linear("to_time_tokens.0", 2 * latent, 4 * latent)
    found |= linear("input_projection", latent, 151) | linear("cond_projection", latent, features)
    found |= linear("final_layer", 151, latent) | norm("non_attn_cond_projection.0")
    for number in (1, 3):
        found |= linear(f"non_attn_cond_projection.{number}", latent, latent)
    for number in range(2):
        found |= layer(f"cond_encoder.{number}", ["self_attn"], [1, 2])
    for number in range(layers):
        name = f"seqTransDecoder.stack.{number}"
        found |= layer(name, ["self_attn", "multihead_attn"], [1, 2, 3])
        for film in (1, 2, 3):
            found |= linear(f"{name}.film{film}.block.1", 2 * latent, latent)
    return found


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return DanceDecoder(SMALL).eval()


@pytest.fixture
def inputs():
    random = torch.Generator().manual_seed(1)
    x = torch.randn(3, 150, 151, generator=random)
    cond = torch.randn(3, 150, 12, generator=random)
    return x, cond, torch.tensor([0, 500, 999])


def close(actual, expected, tolerance=ROUNDING):
    torch.testing.assert_close(actual, expected, atol=tolerance, rtol=0)


@pytest.mark.parametrize(("features", "millions"), [(4800, 49.5), (35, 47.0)])
def test_the_full_size_network_has_the_authors_parameters(features, millions):
    network = DanceDecoder(DecoderConfig(features=features))
    state = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert state == shapes(512, 1024, 8, features)
    assert round(sum(value.numel() for value in network.parameters()) / 1e6, 1) == millions


@pytest.mark.parametrize("frame_music", [False, True])
def test_the_architecture_follows_from_the_parameters(frame_music):
    config = replace(SMALL, frame_music=frame_music)
    parameters = DanceDecoder(config).state_dict()
    assert DecoderConfig.from_parameters(parameters, heads=4) == config
    assert dict(config.parameter_shapes()) == {name: tuple(value.shape) for name, value in parameters.items()}


@pytest.mark.parametrize("heads", [0, 5])
def test_heads_that_do_not_divide_the_width_are_refused(heads):
    with pytest.raises(ValueError, match="heads"):
        DecoderConfig.from_parameters(DanceDecoder(SMALL).state_dict(), heads)


@torch.no_grad()
def test_with_frame_music_a_frame_gets_its_own_music_without_any_attention(inputs):
    torch.manual_seed(0)
    network = DanceDecoder(replace(SMALL, frame_music=True)).eval()
    for name, parameter in network.named_parameters():
        if ".out_proj." in name:
            parameter.zero_()  # nothing passes from frame to frame, or from the music to the dance, by attention
    x, cond, t = inputs
    music = network.encode_music(cond)
    tokens = music.tokens.clone()
    tokens[:, 70] += 1 + torch.arange(32)
    moved = (network.decode(x, music._replace(tokens=tokens), t) - network.decode(x, music, t)).abs().amax(dim=-1)
    assert (moved[:, 70] > 0.01).all()
    moved[:, 70] = 0
    close(moved, torch.zeros_like(moved))


@torch.no_grad()
def test_forward_equals_encoding_the_music_and_decoding(network, inputs):
    x, cond, t = inputs
    close(network(x, cond, t), network.decode(x, network.encode_music(cond), t), 0)


@torch.no_grad()
def test_a_window_without_music_does_not_depend_on_any(network, inputs):
    x, cond, t = inputs
    unknown = network(x, cond, t, torch.ones(3, dtype=torch.bool))
    close(unknown, network(x, cond * 2 - 1, t, torch.ones(3, dtype=torch.bool)), 0)
    close(unknown, network.decode(x, network.null_music(3), t))
    assert (unknown - network(x, cond, t)).abs().max() > 0.01


@torch.no_grad()
def test_a_window_does_not_depend_on_the_others_in_its_batch(network, inputs):
    together = network(*inputs)
    for window in range(3):
        close(network(*(part[window : window + 1] for part in inputs))[0], together[window])


def test_every_parameter_has_a_gradient(network, inputs):
    network.zero_grad()
    network(*inputs, torch.tensor([True, False, False])).square().mean().backward()
    idle = [name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()]
    assert idle == []


def test_dropout_works_in_training_only(network, inputs):
    with torch.no_grad():
        close(network(*inputs), network(*inputs), 0)
        network.train()
        assert (network(*inputs) - network(*inputs)).abs().max() > 0.01
        network.eval()


@torch.no_grad()
def test_bfloat16_autocast_stays_near(network, inputs):
    exact = network(*inputs)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = network(*inputs).float()
    assert rough.isfinite().all()
    # bfloat16 keeps 8 bits: 0.4 % of values up to 4, summed through two layers.
    assert (rough - exact).abs().mean() < 0.02


def test_the_compiler_takes_it_in_one_piece(network, inputs):
    compiled = torch.compile(network, backend="eager", fullgraph=True)
    close(compiled(*inputs, torch.tensor([True, False, True])), network(*inputs, torch.tensor([True, False, True])))


def test_rotary_turns_pair_i_at_position_p_by_p_times_its_frequency():
    rotary = Rotary(width=8, positions=5)
    x = torch.zeros(1, 5, 8)
    x[..., 4] = 1  # the first of pair 2, whose frequency is 10000^(-4/8) = 0.01
    turned = rotary(x)[0]
    for position in range(5):
        expected = [0, 0, 0, 0, math.cos(0.01 * position), math.sin(0.01 * position), 0, 0]
        close(turned[position], torch.tensor(expected), 1e-7)


def test_the_timestep_is_embedded_by_sines_then_cosines():
    embedded = TimeEmbedding(6)(torch.tensor([100]))[0]
    angles = [100.0, 1.0, 0.01]  # 100 times 10000^0, 10000^-0.5, 10000^-1
    close(embedded, torch.tensor([*map(math.sin, angles), *map(math.cos, angles)]), 1e-5)
