"""World rotations for feet and legs: headings, tilts, swings. z is up."""

import numpy as np

from ...numerics.array import Array
from ..rotations import axis_angle_to_matrix, cross_product_matrix

UP = np.array([0.0, 0.0, 1.0])


def swing(start: Array, end: Array) -> Array:
    """The smallest rotations (..., 3, 3) that take unit vectors start (..., 3) to unit vectors end (..., 3)."""
    start, end = np.broadcast_arrays(start, end)
    cosine = np.sum(start * end, axis=-1)[..., None, None]
    K = cross_product_matrix(np.cross(start, end))
    # For opposite vectors, half a turn about any perpendicular axis is smallest; one is chosen.
    aside = np.cross(start, np.eye(3)[np.argmin(np.abs(start), axis=-1)])
    aside /= np.linalg.norm(aside, axis=-1, keepdims=True)
    half_turn = 2 * aside[..., :, None] * aside[..., None, :] - np.eye(3)
    return np.where(cosine < -1 + 1e-9, half_turn, np.eye(3) + K + K @ K / np.maximum(1 + cosine, 1e-9))


def heading(turn: Array) -> tuple[Array, Array]:
    """Split rotations (..., 3, 3) into a levelling rotation and a heading.

    Returns the smallest rotations (..., 3, 3) that bring their z axes to the world's, and the angles (...), radians,
    about z that remain.
    """
    upright = swing(turn[..., :, 2], UP)
    flat = upright @ turn
    return upright, np.arctan2(flat[..., 1, 0], flat[..., 0, 0])


def about_z(angle: Array) -> Array:
    """Rotations (..., 3, 3) by angles (...), radians, about z."""
    return axis_angle_to_matrix(np.asarray(angle)[..., None] * UP)


def raising(vector: Array, angle: Array) -> Array:
    """Rotations (..., 3, 3) that raise vectors (..., 3) towards the vertical by angles (...), radians."""
    axis = np.cross(vector, UP)
    axis /= np.maximum(np.linalg.norm(axis, axis=-1, keepdims=True), 1e-9)
    return axis_angle_to_matrix(axis * angle[..., None])


def inverse(turn: Array) -> Array:
    """Inverses of rotations (..., 3, 3): their transposes."""
    return np.swapaxes(turn, -1, -2)
