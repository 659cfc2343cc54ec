"""How constraints enter the sampling: what is held replaces the network's prediction, and its surroundings follow."""

import torch
from torch import Tensor

from .long_form import WINDOW
from .samplers import Denoiser
from .schedule import Schedule

REACH = 12.0  # frames; how far around held frames the prediction's error is alike
_SMALLEST_NOISE = 1e-4  # keeps the matrices well-conditioned


class Hold:
    """Corrects predictions of x0 by what is held.

    At held frames the prediction's error is known. Over time it is taken as a Gaussian process (Matérn 5/2, REACH), of
    which a weight w is an observation with the noise (1 - w) / w; what the process then expects of the error at every
    frame of the channel is taken off. So held frames come out as they should and free ones join them without a jump.

    weight, values: (W, 150, 151) on the CPU, values normalised.
    """

    def __init__(self, weight: Tensor, values: Tensor, device: torch.device) -> None:
        self._exact = (weight >= 1).to(device)
        self._held = (weight > 0).to(device)
        self._values = values.to(device)
        columns = weight.transpose(1, 2).reshape(-1, WINDOW)
        patterns, pattern_of = columns.unique(dim=0, return_inverse=True)
        self._parts = [
            ((pattern_of == index).nonzero()[:, 0].to(device), _gain(pattern).to(self._values))
            for index, pattern in enumerate(patterns)
            if pattern.max() > 0 and pattern.min() < 1
        ]

    def __call__(self, x0: Tensor) -> Tensor:
        """x0 (W, 150, 151), normalised, with what is held put in."""
        error = torch.where(self._held, self._values - x0, 0).transpose(1, 2)
        correction = torch.zeros_like(error.reshape(-1, WINDOW))
        for columns, gain in self._parts:
            correction[columns] = error.reshape(-1, WINDOW)[columns] @ gain.T
        corrected = x0 + correction.reshape(error.shape).transpose(1, 2)
        return torch.where(self._exact, self._values, corrected)


def _gain(weight: Tensor) -> Tensor:
    """(150, 150): from the errors at held frames to those expected at all (Rasmussen and Williams 2006, eq. 2.23).

    weight: (150,), 0 where nothing is held.
    """
    held = weight.nonzero()[:, 0]
    observed = weight[held].double()
    noise = (1 - observed) / observed + _SMALLEST_NOISE
    frame = torch.arange(WINDOW, dtype=torch.float64, device=weight.device)
    distance = 5**0.5 / REACH * (frame[:, None] - frame).abs()
    covariance = (1 + distance + distance**2 / 3) * torch.exp(-distance)
    gain = torch.zeros_like(covariance)
    gain[:, held] = torch.linalg.solve(covariance[held][:, held] + noise.diag(), covariance[held]).T
    return gain


def holding(denoise: Denoiser, hold: Hold) -> Denoiser:
    """The denoiser whose predictions keep what is held."""
    return lambda x, t: hold(denoise(x, t))


def around(denoise: Denoiser, origin: Tensor, schedule: Schedule) -> Denoiser:
    """The denoiser for dances whose root is too far away for the network: it sees each window around its origin.

    origin: (W, 1, 151), normalised; 0 but in the root's channels.
    """
    return lambda x, t: denoise(x - schedule.signal(t) * origin, t) + origin
