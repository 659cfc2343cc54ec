"""All parameters of a network in one tensor: what works on them is then a handful of operations, not hundreds."""

import torch
from torch import Tensor, nn

_ALIGNMENT = 64  # numbers; fused kernels want tensors to begin at multiples of 16 bytes, cuBLAS is happier with 256


class FlatParameters:
    """Takes the place of a network's parameters and gradients: `values` and `gradients`, each (n,) float32.

    The network's own parameters become views of `values`, their `grad` views of `gradients`: `backward` adds to it, and
    nobody may set a `grad` to None. Between the parameters lie a few unused zeros.
    """

    def __init__(self, network: nn.Module) -> None:
        self._places: dict[str, tuple[int, torch.Size]] = {}
        size = 0
        for name, parameter in network.named_parameters():
            self._places[name] = size, parameter.shape
            size += -(-parameter.numel() // _ALIGNMENT) * _ALIGNMENT
        device = next(network.parameters()).device
        self.values = torch.zeros(size, device=device)
        self.gradients = torch.zeros(size, device=device)
        values, gradients = self.named(self.values), self.named(self.gradients)
        for name, parameter in network.named_parameters():
            values[name].copy_(parameter.detach())
            parameter.data = values[name]
            if parameter.requires_grad:
                parameter.grad = gradients[name]

    def named(self, buffer: Tensor) -> dict[str, Tensor]:
        """Views of a tensor as large as `values`, one for each parameter, by its name and in its shape."""
        return {
            name: buffer[first : first + shape.numel()].view(shape) for name, (first, shape) in self._places.items()
        }
