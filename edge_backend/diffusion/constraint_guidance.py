"""Constraints in the sampling: constrained frames replace the network's prediction, and the frames around them
follow."""

import numpy as np
import torch
from torch import Tensor

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

    weight, values: (W, 150, 151) on the CPU, values normalised. steps: of the schedule.
    """

    def __init__(self, weight: Tensor, values: Tensor, steps: int, device: torch.device) -> None:
        self._steps = steps
        self._weight = weight.to(device)
        self.values = values.to(device)
        patterns, pattern_of = weight.transpose(1, 2).reshape(-1, WINDOW).unique(dim=0, return_inverse=True)
        self._groups = [
            _Group(pattern, (pattern_of == index).nonzero()[:, 0].to(device))
            for index, pattern in enumerate(patterns)
            if pattern.max() > 0
        ]

    def __call__(self, x0: Tensor, t: int) -> Tensor:
        """x0 (W, 150, 151), normalised, predicted at timestep t, corrected to satisfy the constraint."""
        constrained = self.constrained(t)
        error = torch.where(constrained, self.values - x0, 0).transpose(1, 2).reshape(-1, WINDOW)
        correction = torch.zeros_like(error)
        for group in self._groups:
            correction[group.columns] = error[group.columns] @ group.gain(self._least(t)).to(error).T
        corrected = x0 + correction.unflatten(0, (len(x0), -1)).transpose(1, 2)
        return torch.where(constrained, self.values, corrected)

    def constrained(self, t: int) -> Tensor:
        """(W, 150, 151) bool: the channels that the constraint fixes at timestep t."""
        return self._weight >= self._least(t)

    def _least(self, t: int) -> float:
        return max(1 - t / self._steps, 1e-6)


class _Group:
    """Channels of windows with the same weights over time. columns: their numbers among all windows' channels."""

    def __init__(self, weight: Tensor, columns: Tensor) -> None:
        self.columns = columns
        self._weight = weight
        self._constrained = torch.zeros(WINDOW, dtype=torch.bool)
        self._gain = torch.zeros(WINDOW, WINDOW)

    def gain(self, least: float) -> Tensor:
        """(150, 150): the matrix from errors at frames of weight `least` or more to expected errors at all frames."""
        constrained = self._weight >= least
        if not torch.equal(constrained, self._constrained):
            self._constrained, self._gain = constrained, _gain(constrained)
        return self._gain


def _gain(constrained: Tensor) -> Tensor:
    """Regression with the process's covariance (Rasmussen and Williams 2006, eq. 2.23). constrained: (150,) bool."""
    frame = np.arange(WINDOW)
    alike = torch.from_numpy(covariance(np.abs(frame[:, None] - frame)))
    among = alike[constrained][:, constrained] + _NOISE * torch.eye(int(constrained.sum()), dtype=torch.float64)
    gain = torch.zeros_like(alike)
    gain[:, constrained] = torch.linalg.solve(among, alike[constrained]).T
    return gain.float()


def covariance(frames: Array) -> Array:
    """Matern 5/2 covariance of errors `frames` apart, 1 at 0 (Rasmussen and Williams 2006, eq. 4.17)."""
    distance = 5**0.5 / REACH * frames
    return (1 + distance + distance**2 / 3) * np.exp(-distance)


def with_constraint(denoise: Denoiser, constraint: WindowConstraint) -> Denoiser:
    """The denoiser with its predictions corrected to satisfy the constraint."""
    return lambda x, t: constraint(denoise(x, t), t)


def with_origin(denoise: Denoiser, origin: Tensor, schedule: Schedule) -> Denoiser:
    """The denoiser for windows whose root lies outside the network's training range: each is shifted to its origin.

    origin: (W, 1, 151), normalised; 0 but in the root's channels.
    """
    return lambda x, t: denoise(x - schedule.signal(t) * origin, t) + origin
