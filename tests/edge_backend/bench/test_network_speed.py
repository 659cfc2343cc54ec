"""The bench's operation count equals that of the network."""

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from edge_backend.bench.network import evaluation_flops, measure_network
from edge_backend.model.cached_decoder import CachedDecoder
from edge_backend.model.decoder import DanceDecoder
from edge_backend.model.decoder_config import DecoderConfig
from edge_backend.model.torch_engine import TorchEngine

SMALL = DecoderConfig(latent=64, ff=96, layers=3, heads=4, features=12)


def test_the_work_of_an_evaluation_is_what_torch_counts():
    torch.manual_seed(0)
    model = DanceDecoder(SMALL).eval()
    decoder = CachedDecoder(model)
    memory = decoder.memory(model.encode_music(torch.randn(3, 150, 12)))
    x = torch.randn(3, 150, 151)
    decoder(x, 500, memory, unconditional=False)  # the timestep is told
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):  # the fused one is not counted
        decoder(x, 500, memory, unconditional=False)
    film = 2 * 3 * 64 * (3 * 3 * 2 * 64)  # windows, latent, all FiLM numbers: too little to count
    assert counter.get_total_flops() - film == 3 * evaluation_flops(SMALL)


def test_the_paper_s_network_takes_seven_gigaflops_a_window():
    assert round(evaluation_flops(DecoderConfig()) / 1e9, 1) == 7.1


def test_speed_and_peak_are_measured_side_by_side():
    speed = measure_network(TorchEngine(DanceDecoder(SMALL).eval()), SMALL, windows=2)
    assert speed.windows == 2 and speed.seconds > 0
    assert speed.evaluations_per_s == 4 / speed.seconds
    assert 0 < speed.share_of_peak < 1.5
