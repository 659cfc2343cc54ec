import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from edge_backend.diffusion.noise import NormalStream, WindowNoise

SHAPE = (150, 151)


def _draws(seed, windows, count=3):
    noise = WindowNoise(seed, windows, SHAPE)
    return np.stack([noise() for _ in range(count)], axis=1)


def test_a_window_draws_the_same_alone_and_among_others():
    together = _draws(7, range(5))
    for window in range(5):
        np.testing.assert_array_equal(_draws(7, [window])[0], together[window])


def test_seeds_windows_and_calls_all_differ():
    values = np.concatenate([_draws(seed, range(3)).reshape(9, -1) for seed in (0, 1, 2**40)])
    correlation = np.corrcoef(values)
    # 22,650 values per draw: 0.04 is six standard errors.
    assert np.abs(correlation - np.eye(len(correlation))).max() < 0.04


def test_the_values_are_standard_normal():
    values = _draws(0, range(4))
    assert values.dtype == np.float32
    assert abs(float(values.mean())) < 0.01
    assert abs(float(values.std()) - 1) < 0.01


@given(st.integers(0, 2**64 - 1), st.lists(st.integers(16, 400), min_size=1, max_size=3))
def test_they_are_the_numbers_of_torch_s_generator(seed, sizes):
    """Torch's logarithm and sine are single-precision approximations on some processors: 2e-6 was seen."""
    generator, stream = torch.Generator().manual_seed(seed), NormalStream(seed)
    for size in sizes:
        expected = torch.randn(size, generator=generator).numpy()
        np.testing.assert_allclose(stream((size,)), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("shape", [SHAPE, (3, *SHAPE), (4, 4)])
def test_whole_windows_are_torch_s_too(shape):
    generator, stream = torch.Generator().manual_seed(2**40 + 3), NormalStream(2**40 + 3)
    for _ in range(2):
        expected = torch.randn(shape, generator=generator).numpy()
        np.testing.assert_allclose(stream(shape), expected, atol=1e-5, rtol=0)


def test_few_numbers_are_refused_because_torch_draws_them_otherwise():
    with pytest.raises(ValueError, match="15 numbers"):
        NormalStream(0)((15,))
