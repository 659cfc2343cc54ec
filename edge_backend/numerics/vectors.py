"""Vectors along the last axis of arrays."""

import numpy as np

from .array import Array

SHORTEST = 1e-12  # vectors shorter than this are treated as zero
_AHEAD, _BEHIND = [1, 2, 0], [2, 0, 1]


def unit(vectors: Array) -> Array:
    """Vectors (..., n) scaled to length 1; those of length 0 stay zero."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), SHORTEST)


def dots(one: Array, other: Array) -> Array:
    """Dot products (...) of vectors (..., n); for many short vectors several times as fast as numpy's sum."""
    products: Array = np.einsum("...i,...i->...", one, other)
    return products


def lengths(vectors: Array) -> Array:
    """Lengths (...) of vectors (..., n); for many short vectors several times as fast as numpy's norm."""
    return np.sqrt(dots(vectors, vectors))


def cross(one: Array, other: Array) -> Array:
    """Cross products (..., 3) of vectors (..., 3); for few vectors several times as fast as numpy's."""
    product: Array = one[..., _AHEAD] * other[..., _BEHIND] - one[..., _BEHIND] * other[..., _AHEAD]
    return product
