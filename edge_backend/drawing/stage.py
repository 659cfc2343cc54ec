"""One picture of a dancer: floor, figure, camera. Everything that shows a dance without Blender draws with this."""

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

_VIEW = np.array([-1.15, -4.75, 1.0], np.float32)  # from the point that the camera looks at, metres
_LOOK_HEIGHT_M = 0.98
_FOLLOW_S = 0.5  # the camera's path is the dancer's, smoothed by a Gaussian of this width
_PULSE_S = 0.12


class Stage:
    """A dance ready to be drawn, frame by frame, at one picture size.

    follow: the camera goes along with the dancer, softly; without it each frame is centred on the dancer.
    """

    def __init__(self, motion: Motion, size: tuple[int, int], follow: bool = True) -> None:
        self._motion = motion
        self._size = size
        self._joints = forward_kinematics(motion.rotations, motion.root)
        self._turned = global_rotations(motion.rotations)
        path = self._joints[:, :, :2].mean(axis=1)
        self._path = _followed(path, _FOLLOW_S * motion.fps) if follow else path

    def draw(self, frame: int) -> Image.Image:
        """The dance at one frame, RGB."""
        camera = self._camera(frame)
        limbs = pose_limbs(self._joints[frame], self._turned[frame])
        glow = foot_glow(self._joints, self._motion.contacts, frame)
        image = np.array(_floor(self._size).draw(camera, limbs, glow, self._pulse(frame)))
        draw_limbs(image, limbs, camera)
        return Image.fromarray(image)

    def _camera(self, frame: int) -> Camera:
        return _camera_at(self._path[frame], self._size)

    def _pulse(self, frame: int) -> float:
        """1 on a beat, dying away after it."""
        since = frame / self._motion.fps - self._motion.beats
        since = since[since > -1e-3]
        return float(np.exp(-since.min() / _PULSE_S)) if len(since) else 0.0


def draw_figure(motion: Motion, frame: int, size: tuple[int, int] = (320, 360)) -> Image.Image:
    """One frame of a dance as a picture of its own, the dancer in its middle: for contact sheets and reports."""
    return Stage(motion, size, follow=False).draw(frame)


@lru_cache(maxsize=4)
def _floor(size: tuple[int, int]) -> Floor:
    return Floor(_camera_at(np.zeros(2, np.float32), size))


def _camera_at(place: Array, size: tuple[int, int]) -> Camera:
    """The camera that looks at the floor place (2,); it never turns, so that the floor can be drawn from one table."""
    target = np.array([place[0], place[1], _LOOK_HEIGHT_M], np.float32)
    return Camera(target + _VIEW, target, size)


def _followed(path: Array, width: float) -> Array:
    """A path (T, 2) under a Gaussian of `width` frames, its ends held."""
    return gaussian(path, width, int(3 * width), "edge").astype(np.float32)
