"""How long slices take: the work is known, and it is nearly all matrix products, whose speed can be tried."""

import time

import torch

from .folder import PriorShape
from .layers import StoredPrecision
from .plans import SLICE_CODES

_REACHED = 0.8  # of a plain product's speed
_REPEATS = 3


def slice_operations(shape: PriorShape) -> float:
    """Floating-point operations in the matrices for a slice of 5 s; 15.7e12 for the true prior."""
    return 2.0 * shape.matrix_values * shape.layers * SLICE_CODES


def estimate_s(shape: PriorShape, device: torch.device, precision: StoredPrecision, slices: int) -> float:
    """About how many seconds so many slices will take, from the speed of a matrix product just now."""
    return slices * slice_operations(shape) / (_REACHED * product_rate(shape, device, precision))


def product_rate(shape: PriorShape, device: torch.device, precision: StoredPrecision) -> float:
    """Floating-point operations a second of a slice times a matrix of the prior, the best of a few."""
    dtype = torch.float32 if precision == "fp32" or device.type == "cpu" else torch.float16
    # Not ones: on some devices a product of equal numbers is quicker.
    x = torch.randn(SLICE_CODES, shape.width, device=device).to(dtype)
    matrix = torch.randn(shape.width, shape.width, device=device).to(dtype)
    fastest = float("inf")
    for _ in range(_REPEATS):
        wait(device)
        began = time.perf_counter()
        torch.mm(x, matrix)
        wait(device)
        fastest = min(fastest, time.perf_counter() - began)
    return 2.0 * SLICE_CODES * shape.width**2 / fastest


def wait(device: torch.device) -> None:
    """Until the device has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
