"""Metrics of how the body moves. Joints are (T, 24, 3) metres, world, z up, at 30 frames a second."""

import numpy as np

from ..motion.skeleton import Joint
from ..numerics.array import Array
from ..schema.frames import FPS


def jitter(joints: Array) -> float:
    """Mean jerk of all joints, m/s^3 (Shin et al. 2024, WHAM, which reports a tenth of it)."""
    return float(np.linalg.norm(np.diff(joints.astype(np.float64), n=3, axis=0), axis=-1).mean() * FPS**3)


def dynamics(joints: Array) -> float:
    """Mean speed of the joints relative to the pelvis, m/s: how much is danced, wherever the dancer goes."""
    body = (joints - joints[:, [Joint.PELVIS]]).astype(np.float64)
    return float(np.linalg.norm(np.diff(body, axis=0), axis=-1).mean() * FPS)


def travel(joints: Array) -> float:
    """Mean speed of the pelvis along the floor, m/s."""
    return float(np.linalg.norm(np.diff(joints[:, Joint.PELVIS, :2].astype(np.float64), axis=0), axis=-1).mean() * FPS)
