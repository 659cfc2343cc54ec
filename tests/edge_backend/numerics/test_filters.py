import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from edge_backend.numerics.filters import gaussian


@pytest.mark.parametrize("sigma", [1.5, 50.0])
@pytest.mark.parametrize("samples", [3, 50, 5000])
def test_smoothing_is_scipys(samples, sigma):
    signal = np.random.default_rng(samples).random(samples)
    assert np.abs(gaussian(signal, sigma) - gaussian_filter1d(signal, sigma)).max() < 1e-12
