"""Where a camera has to stand so that nothing of a dance is cut off, in closed form. No bpy."""

from typing import NamedTuple

import numpy as np

from ..edge_backend.numerics.array import Array

_REACH = 4.0  # standard deviations after which a Gaussian window is cut off


class Framing(NamedTuple):
    """Where the camera stands, in its own axes, from the point that it follows: to the right, up, and back; metres."""

    right: float
    up: float
    back: float


def smoothed_path(path: Array, sigma: float) -> Array:
    """The way (T, 2) without its steps: each point the mean of its neighbours, by a Gaussian window of sigma frames."""
    reach = int(np.ceil(_REACH * sigma))
    window = np.exp(-((np.arange(-reach, reach + 1) / max(sigma, 1e-6)) ** 2) / 2)
    middle = slice(reach, reach + len(path))
    total = np.convolve(np.ones(len(path)), window)[middle]
    return np.stack([np.convolve(column, window)[middle] / total for column in path.T], axis=-1)


def fit_camera(points: Array, radius: float, tangents: tuple[float, float]) -> Framing:
    """The nearest place from which every ball of `radius` around the points (N, 3) is in the picture.

    points: from the point that the camera follows, in the camera's axes: x right, y up, z towards the camera; metres.
    tangents: of half the picture's angles, horizontal and vertical. The camera's direction is given; where it stands is
    not: a point at x is in the picture of a camera at (right, up, back) if |x - right| <= tangent * (back - z). All
    points together leave one bound for each of the picture's four sides; two opposite sides meet where both are
    reached, and the further of the two pairs decides.
    """
    places, distances = [], []
    for axis, tangent in enumerate(tangents):
        high = (points[:, axis] + tangent * points[:, 2]).max() + radius
        low = (-points[:, axis] + tangent * points[:, 2]).max() + radius
        places.append(float(high - low) / 2)
        distances.append(float(high + low) / (2 * tangent))
    return Framing(places[0], places[1], max(distances))
