"""The camera position at which nothing of a dance is cut off, in closed form. No bpy."""

from typing import NamedTuple

import numpy as np

from ..edge_backend.numerics.array import Array
from ..edge_backend.numerics.filters import gaussian_kernel

_REACH = 4.0  # standard deviations at which a Gaussian window is cut off


class Framing(NamedTuple):
    """Position of the camera in its own axes, relative to the point that it follows: right, up and back, metres."""

    right: float
    up: float
    back: float


def smoothed_path(path: Array, sigma: float) -> Array:
    """The path (T, 2) smoothed by a Gaussian of `sigma` frames, whose weights outside the path are left out."""
    reach = int(np.ceil(_REACH * sigma))
    window = gaussian_kernel(max(sigma, 1e-6), reach)
    middle = slice(reach, reach + len(path))
    total = np.convolve(np.ones(len(path)), window)[middle]
    return np.stack([np.convolve(column, window)[middle] / total for column in path.T], axis=-1)


def fit_camera(points: Array, radius: float, tangents: tuple[float, float]) -> Framing:
    """The nearest camera position with every ball of `radius` around the points (N, 3) in the picture.

    points: relative to the point that the camera follows, in the camera's axes: x right, y up, z towards the camera;
    metres. tangents: of half the angle of view, horizontal and vertical. The camera's direction is given. A point is in
    the picture of a camera at (right, up, back) if |x - right| <= tangent * (back - z). All points together give one
    bound for each side of the picture; for two opposite sides, the nearest position meets both bounds, and the larger
    distance of the two pairs is the result.
    """
    places, distances = [], []
    for axis, tangent in enumerate(tangents):
        high = (points[:, axis] + tangent * points[:, 2]).max() + radius
        low = (-points[:, axis] + tangent * points[:, 2]).max() + radius
        places.append(float(high - low) / 2)
        distances.append(float(high + low) / (2 * tangent))
    return Framing(places[0], places[1], max(distances))
