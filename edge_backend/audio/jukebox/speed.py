"""Estimates how long slices take: nearly all of the work is matrix products, whose speed is measured."""

import torch

from ...runtime.usage import seconds_of
from .folder import PriorShape
from .layers import StoredPrecision
from .plans import SLICE_CODES

_REACHED = 0.8  # of a plain product's speed
_REPEATS = 3


def slice_operations(shape: PriorShape) -> float:
    """Floating-point operations of the matrix products for a slice of 5 s; 15.7e12 for the true prior."""
    return 2.0 * shape.matrix_values * shape.layers * SLICE_CODES


def estimate_s(shape: PriorShape, device: torch.device, precision: StoredPrecision, slices: int) -> float:
    """Estimated seconds for so many slices, from the speed of a matrix product, which is measured."""
    return slices * slice_operations(shape) / (_REACHED * product_rate(shape, device, precision))


def product_rate(shape: PriorShape, device: torch.device, precision: StoredPrecision) -> float:
    """Floating-point operations a second of a slice times a matrix of the prior, the fastest of _REPEATS."""
    dtype = torch.float32 if precision == "fp32" or device.type == "cpu" else torch.float16
    # Not ones: on some devices a product of equal numbers is quicker.
    x = torch.randn(SLICE_CODES, shape.width, device=device).to(dtype)
    matrix = torch.randn(shape.width, shape.width, device=device).to(dtype)
    fastest = min(seconds_of(lambda: torch.mm(x, matrix), device) for _ in range(_REPEATS))
    return 2.0 * SLICE_CODES * shape.width**2 / fastest
