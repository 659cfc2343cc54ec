"""Denoisers whose answer is known, so that samplers can be judged without a network."""

from collections.abc import Callable

import pytest
import torch

from edge_backend.diffusion.schedule import Schedule, cosine_schedule


@pytest.fixture(scope="session")
def schedule() -> Schedule:
    return cosine_schedule()


@pytest.fixture(scope="session")
def gaussian_denoiser(schedule) -> Callable:
    """deviation -> the exact E[x0 | x] of data that is normal with mean 0 and that standard deviation."""

    def build(deviation):
        def denoise(x, t):
            abar = schedule.abar(t)
            return schedule.signal(t) * deviation**2 / (abar * deviation**2 + 1 - abar) * x

        return denoise

    return build


@pytest.fixture
def normal_noise() -> Callable:
    """shape -> a source of standard normal values in double precision."""

    def build(shape, seed=0):
        generator = torch.Generator().manual_seed(seed)
        return lambda: torch.randn(shape, generator=generator, dtype=torch.float64)

    return build
