"""A pinhole camera in a world whose z is up."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .body import Array

UP = np.array([0, 0, 1], np.float32)


@dataclass(frozen=True)
class Camera:
    """A pinhole camera. position, target: (3,) metres, world. size: width, height in pixels.

    height_of_view: degrees, the vertical field of view.
    """

    position: Array
    target: Array
    size: tuple[int, int]
    height_of_view: float = 31.0

    @cached_property
    def axes(self) -> Array:
        """Axes (3, 3), rows right, down, forward in the world: `axes @ v` converts world to camera vectors."""
        forward = self.target - self.position
        forward = forward / np.linalg.norm(forward)
        right = np.cross(forward, UP)
        right = right / np.linalg.norm(right)
        return np.stack([right, np.cross(forward, right), forward]).astype(np.float32)

    @cached_property
    def focal(self) -> float:
        """Focal length in pixels."""
        return float(self.size[1] / 2 / np.tan(np.radians(self.height_of_view) / 2))

    def to_camera(self, points: Array) -> Array:
        """World points (..., 3) in camera coordinates (right, down, forward), metres."""
        return (points - self.position) @ self.axes.T

    def project(self, points: Array) -> Array:
        """Pixel coordinates (..., 2) of world points (..., 3) in front of the camera."""
        seen = self.to_camera(points)
        return seen[..., :2] / seen[..., 2:] * self.focal + np.array(self.size) / 2

    def rays(self) -> Array:
        """World directions (height, width, 3) through the centres of pixels, with a forward component of 1."""
        width, height = self.size
        across = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) / self.focal
        down = (np.arange(height, dtype=np.float32) + 0.5 - height / 2) / self.focal
        right_axis, down_axis, forward = self.axes
        return across[None, :, None] * right_axis + down[:, None, None] * down_axis + forward
