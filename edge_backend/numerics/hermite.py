"""Cubic Hermite interpolation: cubics with given values and slopes at both ends of a segment."""

import numpy as np

from .array import Array


def hermite_basis(u: Array) -> tuple[Array, Array, Array, Array]:
    """The four Hermite basis functions at u (...), 0 to 1 along the segment.

    In order: for the value at the start, the value at the end, the slope at the start, the slope at the end. Slopes are
    per length of the segment.
    """
    return (1 + 2 * u) * (1 - u) ** 2, u**2 * (3 - 2 * u), u * (1 - u) ** 2, u**2 * (u - 1)


def hermite(start: Array, start_slope: Array, end: Array, end_slope: Array, frames: int) -> Array:
    """The cubic (frames + 1, n) from start (n,) to end (n,), both included, with slopes (n,) per frame."""
    here, there, slope_here, slope_there = hermite_basis(np.linspace(0, 1, frames + 1)[:, None])
    curve: Array = here * start + there * end + slope_here * frames * start_slope + slope_there * frames * end_slope
    return curve
