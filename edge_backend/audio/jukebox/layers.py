"""One layer of Jukebox's prior, in several precisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from .attention import KINDS, attend

StoredPrecision = Literal["fp32", "fp16", "bf16", "int8"]
"""How matrices are stored in memory: in the precision of their products, or in int8."""

_DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}

MATRICES = ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj")
NORMS = ("ln_0", "ln_1")
NAMES = tuple(f"{part}.{end}" for part in MATRICES for end in "wb") + tuple(
    f"{norm}.{end}" for norm in NORMS for end in ("weight", "bias")
)
"""The parameters of a layer, under the names of OpenAI's file. Matrices are (in, out)."""

_EPSILON = 1e-5
_SLOPE = 1.702  # of the sigmoid in "quick GELU"


@dataclass(frozen=True)
class Int8Matrix:
    """A matrix (in, out) as integers from -127 to 127, and a scale for each column, (out,)."""

    values: Tensor
    scale: Tensor

    @classmethod
    def of(cls, matrix: Tensor) -> "Int8Matrix":
        """Quantise a matrix (in, out): each column is scaled by its largest absolute value."""
        exact = matrix.float()
        scale = exact.abs().amax(dim=0).clamp_min(torch.finfo(torch.float32).tiny) / 127
        return cls((exact / scale).round().to(torch.int8), scale)

    def to(self, dtype: torch.dtype) -> Tensor:
        """The matrix in floating point."""
        return self.values.to(dtype).mul_(self.scale.to(dtype))


@dataclass(frozen=True)
class Layer:
    """A layer on its device. parameters: by NAMES; matrices in `dtype` or int8, others in float32."""

    parameters: Mapping[str, Tensor]
    quantised: Mapping[str, Int8Matrix]
    kind: int
    heads: int
    dtype: torch.dtype

    def ready(self) -> "Layer":
        """The layer with all matrices in floating point, as `apply` needs it; fast compared to a slice."""
        matrices = {name: matrix.to(self.dtype) for name, matrix in self.quantised.items()}
        return Layer({**self.parameters, **matrices}, {}, self.kind, self.heads, self.dtype)

    def apply(self, stream: Tensor) -> None:
        """Add the layer's output to the stream (B, L, width), float32, in place.

        Norms and sums are computed in float32, matrix products in `dtype`.
        """
        stream += self._attention(self._norm("ln_0", stream))
        stream += self._network(self._norm("ln_1", stream))

    def _attention(self, x: Tensor) -> Tensor:
        return self._product("attn.c_proj", attend(self._product("attn.c_attn", x), self.heads, self.kind))

    def _network(self, x: Tensor) -> Tensor:
        hidden = self._product("mlp.c_fc", x)
        gate = (hidden * _SLOPE).sigmoid_()
        return self._product("mlp.c_proj", gate.mul_(hidden))

    def _norm(self, name: str, stream: Tensor) -> Tensor:
        weight, bias = self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"]
        return functional.layer_norm(stream, stream.shape[-1:], weight, bias, _EPSILON).to(self.dtype)

    def _product(self, name: str, x: Tensor) -> Tensor:
        matrix, bias = self.parameters[f"{name}.w"], self.parameters[f"{name}.b"]
        product = torch.addmm(bias.to(self.dtype), x.reshape(-1, x.shape[-1]), matrix)
        return product.view(*x.shape[:-1], -1)


def product_dtype(precision: StoredPrecision, device: torch.device) -> torch.dtype:
    """The type of values in matrix products; with int8, which is how they are stored, float16, on the CPU float32."""
    if precision == "int8":
        return torch.float32 if device.type == "cpu" else torch.float16
    return _DTYPES[precision]


def make_layer(
    stored: Mapping[str, Tensor], index: int, heads: int, precision: StoredPrecision, device: torch.device
) -> Layer:
    """Layer `index` (from 0) on the device, from its stored parameters.

    precision: of matrix products; int8 stores matrices in int8.
    """
    dtype = product_dtype(precision, device)
    parameters: dict[str, Tensor] = {}
    quantised: dict[str, Int8Matrix] = {}
    for name in NAMES:
        value = stored[name]
        if not name.endswith(".w"):
            parameters[name] = value.to(device, torch.float32, copy=True)  # a copy, so that the file's mapping is freed
        elif precision == "int8":
            quantised[name] = Int8Matrix.of(value.to(device))
        elif device.type == "cpu" and dtype != torch.float32:
            # Rows in the order in which products read them: a twentieth quicker.
            parameters[name] = value.T.to(dtype).contiguous().T
        else:
            parameters[name] = value.to(device).to(dtype)
    return Layer(parameters, quantised, index % KINDS, heads, dtype)
