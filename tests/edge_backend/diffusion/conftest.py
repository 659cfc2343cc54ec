"""Denoisers whose answer is known, so that sampling can be judged without a trained network."""

from collections.abc import Callable

import numpy as np
import pytest

from edge_backend.diffusion.schedule import Schedule, cosine_schedule
from edge_backend.diffusion.song import sample_song
from edge_backend.motion.motion import Motion
from edge_backend.motion.representation import ROOT, Normaliser


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
        random = np.random.default_rng(seed)
        return lambda: random.normal(size=shape)

    return build


class SmoothDancer:
    """The exact denoiser of dances in which every channel moves smoothly and for itself around standing upright.

    Each channel of a window is a Gaussian process with the covariance deviation^2 exp(-(distance / reach)^2 / 2), reach
    12 frames. It is an engine that hears no music.
    """

    normaliser = Normaliser(
        scale=np.array([2] * 4 + [1 / 3] * 3 + [0.5] * 144, np.float32),
        min=np.array([-1] * 4 + [0] * 147, np.float32),
    )

    def __init__(self, schedule, reach=12.0, deviation=0.08):
        frame = np.arange(150.0)
        covariance = deviation**2 * np.exp(-((((frame[:, None] - frame) / reach) ** 2) / 2))
        variance, self._waves = np.linalg.eigh(covariance)
        self._variance = variance.clip(min=1e-8)
        upright = np.zeros(151, np.float32)
        upright[ROOT.stop - 1] = 1
        upright[7:].reshape(24, 6)[:, [0, 4]] = 1
        self._mean = self.normaliser.normalise(upright).astype(np.float64)
        self._schedule = schedule

    def encode(self, cond, poll, *, baseline=None):
        return None

    def predict(self, x, t, music, *, conditional, unconditional, poll):
        abar = self._schedule.abar(t)
        gain = abar**0.5 * self._variance / (abar * self._variance + 1 - abar)
        away = x.astype(np.float64) - abar**0.5 * self._mean
        x0 = (self._waves @ (gain[:, None] * (self._waves.T @ away)) + self._mean).astype(np.float32)
        return [x0] * (conditional + unconditional)


@pytest.fixture(scope="session")
def smooth_dance(schedule) -> Callable:
    """(frames, settings, ...) -> vectors of a dance by the smooth dancer."""
    dancer = SmoothDancer(schedule)

    def build(frames, settings, **what):
        dance = sample_song(dancer, dancer.normaliser, np.zeros((1, 1), np.float32), frames, settings, **what)
        return dance.vectors()

    return build


@pytest.fixture(scope="session")
def acceleration() -> Callable:
    """vectors -> acceleration of every joint, (T - 2, 24), m per frame squared; row i is that of frame i + 1."""

    def of(vectors):
        return np.linalg.norm(np.diff(Motion.from_vectors(vectors).joints(), n=2, axis=0), axis=-1)

    return of


@pytest.fixture(scope="session")
def at_borders(acceleration) -> Callable:
    """(vectors, borders) -> the largest acceleration of any joint in the frames on both sides of each border.

    A border is the number of the first frame behind it.
    """

    def largest(vectors, borders):
        rows = acceleration(vectors)
        near = [border + shift for border in borders for shift in (-2, -1, 0)]
        return max(rows[row].max() for row in near if 0 <= row < len(rows))

    return largest
