"""The decoder with caches equals the plain one."""

from dataclasses import replace

import pytest
import torch

from edge_backend.model.cached_decoder import CachedDecoder
from edge_backend.model.decoder import DanceDecoder, Music
from edge_backend.model.decoder_config import DecoderConfig

SMALL = DecoderConfig(latent=32, ff=64, layers=3, heads=4, features=12)
STEPS = (999, 430, 999, 3)  # back and forth: nothing of the step before may stay
TOLERANCE = 1e-5


@pytest.fixture(scope="module", params=[False, True], ids=["paper", "frame_music"])
def network(request):
    torch.manual_seed(0)
    return DanceDecoder(replace(SMALL, frame_music=request.param)).eval()


@pytest.fixture(scope="module")
def x():
    return torch.randn(3, 150, 151, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def music(network):
    with torch.inference_mode():
        return network.encode_music(torch.randn(3, 150, 12, generator=torch.Generator().manual_seed(2)))


def _plain(network, x, music, t):
    with torch.inference_mode():
        return network.decode(x, music, torch.full((len(x),), t))


def _close(actual, expected):
    torch.testing.assert_close(actual, expected, atol=TOLERANCE, rtol=0)


def test_both_branches_are_the_plain_networks(network, x, music):
    decoder = CachedDecoder(network)
    memory = decoder.memory(music)
    for t in STEPS:
        conditional, unconditional = decoder(x, t, memory, unconditional=True)
        _close(conditional, _plain(network, x, music, t))
        _close(unconditional, _plain(network, x, network.null_music(3), t))


def test_a_branch_alone_is_what_it_is_beside_the_other(network, x, music):
    decoder = CachedDecoder(network)
    memory = decoder.memory(music)
    for t in STEPS:
        (conditional,) = decoder(x, t, memory, unconditional=False)
        (unconditional,) = decoder(x, t, None, unconditional=True)
        _close(conditional, _plain(network, x, music, t))
        _close(unconditional, _plain(network, x, network.null_music(3), t))


def test_several_songs_go_through_one_decoder_in_turns(network, x, music):
    decoder = CachedDecoder(network)
    other = Music(music.tokens.flip(0), music.hidden.flip(0))
    memories = decoder.memory(music), decoder.memory(other)
    for t in STEPS:
        for song, memory in zip((music, other), memories, strict=True):
            _close(decoder(x, t, memory, unconditional=True)[0], _plain(network, x, song, t))


def test_what_is_kept_of_the_music_is_two_numbers_per_token_layer_and_channel(network, music):
    kept = CachedDecoder(network).memory(music)
    layers = 3 * 152 * 3 * 2 * 32 * 4  # windows, tokens, layers, keys and values, latent, float32
    assert kept.nbytes == layers + network.config.frame_music * 3 * 150 * 32 * 4


def test_the_timestep_is_encoded_once_for_all_windows_and_passes(network, x, music):
    decoder = CachedDecoder(network)
    told = []
    handle = network.time_mlp.register_forward_hook(lambda *_: told.append(1))
    try:
        for t in (500, 20, 500, 20):
            decoder(x, t, decoder.memory(music), unconditional=True)
    finally:
        handle.remove()
    assert len(told) == 2
