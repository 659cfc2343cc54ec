"""Cubic Hermite interpolation: cubics with given values and slopes at both ends of a segment."""

from .array import Array


def hermite_basis(u: Array) -> tuple[Array, Array, Array, Array]:
    """The four Hermite basis functions at u (...), 0 to 1 along the segment.

    In order: for the value at the start, the value at the end, the slope at the start, the slope at the end. Slopes are
    per length of the segment.
    """
    return (1 + 2 * u) * (1 - u) ** 2, u**2 * (3 - 2 * u), u * (1 - u) ** 2, u**2 * (u - 1)
