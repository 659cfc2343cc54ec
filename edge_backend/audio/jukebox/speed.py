"""Estimates how long slices take: nearly all of the work is matrix products, whose speed is measured."""

from functools import cache

import torch

from ...runtime.half_precision import is_usable
from ...runtime.usage import seconds_of
from ...schema.requests import Plan, Precision
from .folder import PriorShape
from .layers import StoredPrecision, product_dtype
from .plans import SLICE_CODES

_REACHED = 0.8  # of a plain product's speed
_REPEATS = 3
_FEW_CODES = 256  # of the products that are measured for a choice
_WORTH = 1.3  # factor by which bf16 must be faster than float32 to be chosen


@cache
def usual_precision(device: torch.device) -> Precision:
    """float16 on a GPU; on the CPU bf16 where its products are clearly faster, else float32. Measured in a moment."""
    if device.type != "cpu":
        return "fp16"
    if not is_usable(torch.bfloat16, device):
        return "fp32"
    names: tuple[Precision, Precision] = ("fp32", "bf16")
    exact, half = (product_rate(PriorShape(), device, precision, _FEW_CODES) for precision in names)
    return "bf16" if half > _WORTH * exact else "fp32"


def precision_of(plan: Plan, wanted: Precision | None, device: torch.device) -> Precision | None:
    """The precision in which a plan's products are computed: the wanted one, else the usual one; None for int8."""
    return wanted if wanted or plan == "int8" else usual_precision(device)


def slice_operations(shape: PriorShape) -> float:
    """Floating-point operations of the matrix products for a slice of 5 s; 15.7e12 for the true prior."""
    return 2.0 * shape.matrix_values * shape.layers * SLICE_CODES


def estimate_s(shape: PriorShape, device: torch.device, precision: StoredPrecision, slices: int) -> float:
    """Estimated seconds for so many slices, from the speed of a matrix product, which is measured."""
    return slices * slice_operations(shape) / (_REACHED * product_rate(shape, device, precision))


def product_rate(
    shape: PriorShape, device: torch.device, precision: StoredPrecision, codes: int = SLICE_CODES
) -> float:
    """Floating-point operations a second of `codes` codes times a matrix of the prior, the fastest of _REPEATS."""
    dtype = product_dtype(precision, device)
    # Not ones: on some devices a product of equal numbers is quicker.
    x = torch.randn(codes, shape.width, device=device).to(dtype)
    matrix = torch.randn(shape.width, shape.width, device=device).to(dtype)
    fastest = min(seconds_of(lambda: torch.mm(x, matrix), device) for _ in range(_REPEATS))
    return 2.0 * codes * shape.width**2 / fastest
