"""Adan (Xie et al. 2022, algorithm 1) as EDGE's authors run it."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


class Adan(Optimizer):
    """Adaptive Nesterov momentum on whole lists of tensors at once, so that a GPU is not kept waiting for launches.

    The first step accumulates nothing, only the weight decay acts: here it differs from the published packages.
    betas: (b1, b2, b3), the weight of the NEW value in the averages of gradient, gradient difference and square.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 4e-4,
        betas: tuple[float, float, float] = (0.02, 0.08, 0.01),
        eps: float = 1e-8,
        weight_decay: float = 0.02,
    ) -> None:
        super().__init__(parameters, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "step": 0})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step over every parameter that has a gradient. Returns what the closure returns, if there is one."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            parameters = [p for p in group["params"] if p.grad is not None]
            if parameters:
                group["step"] += 1
                self._step_group(group, parameters)
        return loss

    def _step_group(self, group: dict[str, Any], parameters: list[Tensor]) -> None:
        lr, eps, step = group["lr"], group["eps"], group["step"]
        b1, b2, b3 = group["betas"]
        gradients = [p.grad for p in parameters if p.grad is not None]
        for p in parameters:
            if not self.state[p]:
                self.state[p] = {key: torch.zeros_like(p) for key in ("m", "v", "n", "previous")}
        m, v, n, previous = ([self.state[p][key] for p in parameters] for key in ("m", "v", "n", "previous"))

        if step > 1:
            difference = torch._foreach_sub(gradients, previous)
            torch._foreach_lerp_(m, gradients, b1)
            torch._foreach_lerp_(v, difference, b2)
            looked_ahead = torch._foreach_add(gradients, difference, alpha=1 - b2)
            torch._foreach_mul_(n, 1 - b3)
            torch._foreach_addcmul_(n, looked_ahead, looked_ahead, b3)

            # Each average starts at zero; c takes that bias out.
            c1, c2, c3 = (1 / (1 - (1 - b) ** step) for b in (b1, b2, b3))
            size = torch._foreach_mul(n, c3)
            torch._foreach_sqrt_(size)
            torch._foreach_add_(size, eps)
            direction = torch._foreach_mul(m, c1)
            torch._foreach_add_(direction, v, alpha=(1 - b2) * c2)
            torch._foreach_addcdiv_(parameters, direction, size, -lr)
        torch._foreach_div_(parameters, 1 + lr * group["weight_decay"])
        torch._foreach_copy_(previous, gradients)
