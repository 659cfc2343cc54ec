"""Kinetic features of a motion (Onuma et al. 2008), as AIST++'s evaluation has them: the energy of each joint.

All published code of this family lacks a pair of brackets, so that its third feature depends on where the dancer
stands. Both readings are here: the published one compares with papers, the mended one tells about movement.
"""

import numpy as np

from ..motion.skeleton import Joint
from ..numerics.array import Array
from ..schema.frames import FPS

REACH = 2  # frames on either side that a velocity is averaged over
PUBLISHED_FPS = 60  # hard-coded there, whatever the motion's rate


def kinetic_features(joints: Array) -> Array:
    """(72,): for each of 24 joints mean squared speed along the floor, the same up and down, mean acceleration.

    joints: (T, 24, 3) metres, z up, 30 fps, T >= 4. In (m/s)^2, (m/s)^2 and m/s^2.
    """
    return _features(joints, FPS, mended=True)


def published_kinetic_features(joints: Array) -> Array:
    """(72,): the same as the published code computes them: 60 fps, v1 = p[i] - p[i-1] / dt in the acceleration.

    The motion is moved so that its first frame's root is the origin (Siyao et al. 2022, Bailando).
    """
    return _features(joints - joints[0, Joint.PELVIS], PUBLISHED_FPS, mended=False)


def _features(joints: Array, fps: int, mended: bool) -> Array:
    joints = joints.astype(np.float64)
    velocity = _velocity(joints, fps)
    along = (velocity[..., :2] ** 2).sum(axis=-1)
    upward = velocity[..., 2] ** 2
    effort = np.linalg.norm(_acceleration(joints, fps, mended), axis=-1)
    return np.stack([along, upward, effort], axis=-1).mean(axis=0).ravel()


def _velocity(joints: Array, fps: int) -> Array:
    """(T - 1, 24, 3): mean velocity around frames 1 to T - 1, over the steps that exist within reach."""
    frames = np.arange(1, len(joints))
    first, last = np.maximum(frames - REACH - 1, 0), np.minimum(frames + REACH, len(joints) - 1)
    return (joints[last] - joints[first]) * (fps / (last - first))[:, None, None]


def _acceleration(joints: Array, fps: int, mended: bool) -> Array:
    """(T - 1, 24, 3): mean acceleration around frames 1 to T - 1, over the frames with two neighbours within reach."""
    before, here, after = joints[:-2], joints[1:-1], joints[2:]
    arriving = (here - before) * fps if mended else here - before * fps
    change = ((after - here) * fps - arriving) * fps
    total = np.concatenate([np.zeros((1, *change.shape[1:])), change.cumsum(axis=0)])
    frames = np.arange(1, len(joints))
    first, last = np.maximum(frames - REACH, 1), np.minimum(frames + REACH, len(joints) - 2)
    return (total[last] - total[first - 1]) / (last - first + 1)[:, None, None]
