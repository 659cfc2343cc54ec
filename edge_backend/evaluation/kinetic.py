"""Kinetic features of a motion (Onuma et al. 2008), as in AIST++'s evaluation: energies of the joints.

The published implementations lack a pair of brackets, so that their third feature depends on the dancer's position.
Both versions are here: the published one for comparison with papers, and a corrected one.
"""

import numpy as np

from ..motion.skeleton import Joint
from ..numerics.array import Array
from ..schema.frames import FPS

REACH = 2  # frames on either side over which velocities are averaged
PUBLISHED_FPS = 60  # constant in the published code, whatever the motion's rate


def kinetic_features(joints: Array) -> Array:
    """Features (72,): for each of 24 joints mean squared horizontal and vertical velocity and mean acceleration.

    joints: (T, 24, 3) metres, z up, 30 fps, T >= 4. Units (m/s)^2, (m/s)^2 and m/s^2.
    """
    return _features(joints, FPS, corrected=True)


def published_kinetic_features(joints: Array) -> Array:
    """Features (72,) as in the published code: 60 fps, and v1 = p[i] - p[i-1] / dt in the acceleration.

    joints: as for `kinetic_features`. The motion is translated so that its first frame's root is the origin (Siyao et
    al. 2022, Bailando).
    """
    return _features(joints - joints[0, Joint.PELVIS], PUBLISHED_FPS, corrected=False)


def _features(joints: Array, fps: int, corrected: bool) -> Array:
    joints = joints.astype(np.float64)
    velocity = _velocity(joints, fps)
    along = (velocity[..., :2] ** 2).sum(axis=-1)
    upward = velocity[..., 2] ** 2
    effort = np.linalg.norm(_acceleration(joints, fps, corrected), axis=-1)
    return np.stack([along, upward, effort], axis=-1).mean(axis=0).ravel()


def _velocity(joints: Array, fps: int) -> Array:
    """Velocities (T - 1, 24, 3) at frames 1 to T - 1, m/s, mean over the steps within REACH."""
    frames = np.arange(1, len(joints))
    first, last = np.maximum(frames - REACH - 1, 0), np.minimum(frames + REACH, len(joints) - 1)
    return (joints[last] - joints[first]) * (fps / (last - first))[:, None, None]


def _acceleration(joints: Array, fps: int, corrected: bool) -> Array:
    """Accelerations (T - 1, 24, 3) at frames 1 to T - 1, m/s^2, mean over inner frames within REACH."""
    before, here, after = joints[:-2], joints[1:-1], joints[2:]
    arriving = (here - before) * fps if corrected else here - before * fps
    change = ((after - here) * fps - arriving) * fps
    total = np.concatenate([np.zeros((1, *change.shape[1:])), change.cumsum(axis=0)])
    frames = np.arange(1, len(joints))
    first, last = np.maximum(frames - REACH, 1), np.minimum(frames + REACH, len(joints) - 2)
    return (total[last] - total[first - 1]) / (last - first + 1)[:, None, None]
