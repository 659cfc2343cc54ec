"""All parameters of a network as views of one tensor, so that an optimiser needs few operations per step."""

import torch
from torch import Tensor, nn

_ALIGNMENT = 64  # numbers: 256 bytes. Fused kernels need an alignment of 16 bytes, cuBLAS is faster with 256


class FlatParameters:
    """Stores a network's parameters and gradients in two tensors, `values` and `gradients`, each (n,) float32.

    The network's parameters become views of `values`, and their `grad` views of `gradients`, to which `backward` adds;
    no `grad` may be set to None. Zeros for alignment separate the parameters.
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
        """Parameter name -> view of buffer (n,), in the parameter's shape."""
        return {
            name: buffer[first : first + shape.numel()].view(shape) for name, (first, shape) in self._places.items()
        }
