"""The Adan optimiser (Xie et al. 2022, algorithm 1) with the conventions of EDGE's authors."""

import torch
from torch import Tensor

_NUMBERS = 7  # learning rate, three weights, three corrections of bias


class Adan:
    """Adaptive Nesterov momentum on one flat tensor of parameters and one of gradients.

    values, gradients: (n,) float32, changed and read in place. betas: (b1, b2, b3), the weight of the NEW value in the
    averages of gradient, gradient difference and square. state: the averages m, v, n and the previous gradient, each
    (n,). In the first step the averages stay 0 and only the weight decay acts, unlike in the published packages.
    """

    def __init__(
        self,
        values: Tensor,
        gradients: Tensor,
        betas: tuple[float, float, float] = (0.02, 0.08, 0.01),
        eps: float = 1e-8,
        weight_decay: float = 0.02,
    ) -> None:
        self.values, self.gradients = values, gradients
        self.betas, self.eps, self.weight_decay = betas, eps, weight_decay
        self.state = {key: torch.zeros_like(values) for key in ("m", "v", "n", "previous")}
        # Numbers that change from step to step are on the device, because a CUDA graph reads them at each replay.
        self._numbers = torch.zeros(_NUMBERS, device=values.device)

    def prepare(self, step: int, lr: float) -> None:
        """Set learning rate, weights and bias corrections for step `step`, counted from 1. Does not synchronise."""
        weights = self.betas if step > 1 else (0.0, 0.0, 0.0)
        # Each average starts at 0; the corrections remove that bias.
        corrections = (1 / (1 - (1 - b) ** step) for b in self.betas)
        for place, number in zip(self._numbers.unbind(), (lr, *weights, *corrections), strict=True):
            place.fill_(number)

    @torch.no_grad()
    def step(self) -> None:
        """One step with the prepared numbers; the same tensor operations at every step, as a CUDA graph requires."""
        lr, b1, b2, b3, c1, c2, c3 = self._numbers.unbind()
        m, v, n, previous = (self.state[key] for key in ("m", "v", "n", "previous"))
        ahead = 1 - self.betas[1]
        difference = self.gradients - previous
        m.lerp_(self.gradients, b1)
        v.lerp_(difference, b2)
        n.lerp_((self.gradients + ahead * difference).square(), b3)
        direction = m * c1 + v * (ahead * c2)
        self.values.sub_(lr * direction / ((n * c3).sqrt() + self.eps)).div_(1 + lr * self.weight_decay)
        previous.copy_(self.gradients)
