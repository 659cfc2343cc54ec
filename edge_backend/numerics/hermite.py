"""Cubic Hermite curves: the cubics that have given values and slopes at both ends of a segment."""

import numpy as np

from .array import Array


def hermite_basis(u: Array) -> tuple[Array, Array, Array, Array]:
    """The cubics at u, 0 to 1 along the segment, for: value at its start, value at its end, slope at its start, slope
    at its end. Slopes are per length of the segment."""
    return (1 + 2 * u) * (1 - u) ** 2, u**2 * (3 - 2 * u), u * (1 - u) ** 2, u**2 * (u - 1)


def hermite(start: Array, start_slope: Array, end: Array, end_slope: Array, frames: int) -> Array:
    """The curve (frames + 1, n) between values (n,) with slopes (n,) per frame, both ends included."""
    here, there, slope_here, slope_there = hermite_basis(np.linspace(0, 1, frames + 1)[:, None])
    curve: Array = here * start + there * end + slope_here * frames * start_slope + slope_there * frames * end_slope
    return curve
