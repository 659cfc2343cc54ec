"""Draws a frame of a dance: floor, figure and camera. Everything that draws a dance without Blender uses this."""

from functools import lru_cache

import numpy as np
from PIL import Image

from ..motion.kinematics import forward_kinematics, global_rotations
from ..motion.motion import Motion
from ..numerics.filters import gaussian
from .body import Array, pose_limbs
from .camera import Camera
from .figure import draw_limbs
from .floor import Floor, foot_glow

_VIEW = np.array([-1.15, -4.75, 1.0], np.float32)  # metres, world, from the target to the camera
_LOOK_HEIGHT_M = 0.98
_FOLLOW_S = 0.5  # standard deviation of the Gaussian that smooths the camera's path
_PULSE_S = 0.12  # time constant of the grid's brightness after a beat


class Scene:
    """A dance to be drawn frame by frame.

    size: width, height in pixels. follow: the camera follows the dancer's smoothed path; otherwise each frame is
    centred on the dancer.
    """

    def __init__(self, motion: Motion, size: tuple[int, int], follow: bool = True) -> None:
        self._motion = motion
        self._size = size
        self._joints = forward_kinematics(motion.rotations, motion.root)
        self._turned = global_rotations(motion.rotations)
        path = self._joints[:, :, :2].mean(axis=1)
        self._path = _followed(path, _FOLLOW_S * motion.fps) if follow else path

    def draw(self, frame: int) -> Image.Image:
        """An RGB picture of one frame."""
        camera = self._camera(frame)
        limbs = pose_limbs(self._joints[frame], self._turned[frame])
        glow = foot_glow(self._joints, self._motion.contacts, frame)
        image = np.array(_floor(self._size).draw(camera, limbs, glow, self._pulse(frame)))
        draw_limbs(image, limbs, camera)
        return Image.fromarray(image)

    def _camera(self, frame: int) -> Camera:
        return _camera_at(self._path[frame], self._size)

    def _pulse(self, frame: int) -> float:
        """Brightness of the grid: 1 on a beat, decaying exponentially after it."""
        since = frame / self._motion.fps - self._motion.beats
        since = since[since > -1e-3]
        return float(np.exp(-since.min() / _PULSE_S)) if len(since) else 0.0


@lru_cache(maxsize=4)
def _floor(size: tuple[int, int]) -> Floor:
    return Floor(_camera_at(np.zeros(2, np.float32), size))


def _camera_at(place: Array, size: tuple[int, int]) -> Camera:
    """The camera for a target above place (2,), metres, world. Its direction is constant, as `Floor` requires."""
    target = np.array([place[0], place[1], _LOOK_HEIGHT_M], np.float32)
    return Camera(target + _VIEW, target, size)


def _followed(path: Array, width: float) -> Array:
    """A path (T, 2) smoothed by a Gaussian of `width` frames, with its ends repeated."""
    return gaussian(path, width, int(3 * width), "edge").astype(np.float32)
