import torch

from edge_backend.diffusion.noise import WindowNoise

SHAPE = (150, 151)
CPU = torch.device("cpu")


def _draws(seed, windows, count=3):
    noise = WindowNoise(seed, windows, SHAPE, CPU)
    return torch.stack([noise() for _ in range(count)], dim=1)


def test_a_window_draws_the_same_alone_and_among_others():
    together = _draws(7, range(5))
    for window in range(5):
        assert torch.equal(_draws(7, [window])[0], together[window])


def test_seeds_windows_and_calls_all_differ():
    values = torch.cat([_draws(seed, range(3)).flatten(0, 1) for seed in (0, 1, 2**40)])
    correlation = torch.corrcoef(values.flatten(1))
    # 22,650 values per draw: 0.04 is six standard errors.
    assert (correlation - torch.eye(len(correlation))).abs().max() < 0.04


def test_the_values_are_standard_normal():
    values = _draws(0, range(4))
    assert abs(float(values.mean())) < 0.01
    assert abs(float(values.std()) - 1) < 0.01
