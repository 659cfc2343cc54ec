"""Constraints in the sampling: constrained frames replace the network's prediction, and the frames around them
follow."""

import numpy as np

from ..numerics.array import Array
from ..schema.frames import WINDOW
from .samplers import Denoiser
from .schedule import Schedule

REACH = 12.0  # frames; how far around constrained frames the prediction's error is alike
_NOISE = 1e-4  # on the diagonal: keeps the matrices well-conditioned


class WindowConstraint:
    """Corrects predictions of x0 to satisfy a constraint.

    At constrained frames the prediction's error is known. Over time the error is modelled as a Gaussian process
    (Matern 5/2, length scale REACH), and its expected value at every frame of the channel is subtracted. Constrained
    frames then come out exactly, and free frames join them without a jump.
    A weight below 1 applies only while t >= (1 - weight) * steps, to the coarse movement that later steps no longer
    change. It leaves as much freedom as a variation of strength 1 - weight.

    weight, values: (W, 150, 151), values normalised. steps: of the schedule.
    """

    def __init__(self, weight: Array, values: Array, steps: int) -> None:
        self._steps = steps
        self._weight = weight
        self.values = values
        patterns, pattern_of = np.unique(_columns(weight), axis=0, return_inverse=True)
        self._groups = [
            _Group(pattern, np.flatnonzero(pattern_of.ravel() == index))
            for index, pattern in enumerate(patterns)
            if pattern.max() > 0
        ]

    def __call__(self, x0: Array, t: int) -> Array:
        """x0 (W, 150, 151), normalised, predicted at timestep t, corrected to satisfy the constraint."""
        constrained = self.constrained(t)
        error = _columns(np.where(constrained, self.values - x0, 0))
        correction = np.zeros_like(error)
        for group in self._groups:
            correction[group.columns] = error[group.columns] @ group.gain(self._least(t)).T
        corrected = x0 + correction.reshape(len(x0), -1, WINDOW).swapaxes(1, 2)
        return np.where(constrained, self.values, corrected)

    def constrained(self, t: int) -> Array:
        """(W, 150, 151) bool: the channels that the constraint fixes at timestep t."""
        return self._weight >= self._least(t)

    def _least(self, t: int) -> float:
        return max(1 - t / self._steps, 1e-6)


class _Group:
    """Channels of windows with the same weights over time. columns: their numbers among all windows' channels."""

    def __init__(self, weight: Array, columns: Array) -> None:
        self.columns = columns
        self._weight = weight
        self._constrained = np.zeros(WINDOW, dtype=bool)
        self._gain = np.zeros((WINDOW, WINDOW), np.float32)

    def gain(self, least: float) -> Array:
        """(150, 150): the matrix from errors at frames of weight `least` or more to expected errors at all frames."""
        constrained = self._weight >= least
        if not np.array_equal(constrained, self._constrained):
            self._constrained, self._gain = constrained, _gain(constrained)
        return self._gain


def _columns(windows: Array) -> Array:
    """Each channel of each window (W * channels, 150), of windows (W, 150, channels)."""
    return windows.swapaxes(1, 2).reshape(-1, WINDOW)


def _gain(constrained: Array) -> Array:
    """Regression with the process's covariance (Rasmussen and Williams 2006, eq. 2.23). constrained: (150,) bool."""
    frame = np.arange(WINDOW)
    alike = covariance(np.abs(frame[:, None] - frame))
    among = alike[constrained][:, constrained] + _NOISE * np.eye(int(constrained.sum()))
    gain = np.zeros_like(alike)
    gain[:, constrained] = np.linalg.solve(among, alike[constrained]).T
    return gain.astype(np.float32)


def covariance(frames: Array) -> Array:
    """Matern 5/2 covariance of errors `frames` apart, 1 at 0 (Rasmussen and Williams 2006, eq. 4.17)."""
    distance = 5**0.5 / REACH * frames
    return (1 + distance + distance**2 / 3) * np.exp(-distance)


def with_constraint(denoise: Denoiser, constraint: WindowConstraint) -> Denoiser:
    """The denoiser with its predictions corrected to satisfy the constraint."""
    return lambda x, t: constraint(denoise(x, t), t)


def with_origin(denoise: Denoiser, origin: Array, schedule: Schedule) -> Denoiser:
    """The denoiser for windows whose root lies outside the network's training range: each is shifted to its origin.

    origin: (W, 1, 151), normalised; 0 but in the root's channels.
    """
    return lambda x, t: denoise(x - schedule.signal(t) * origin, t) + origin
