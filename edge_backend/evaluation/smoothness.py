"""Metrics of body movement. Joints are (T, 24, 3) metres, world, z up, at 30 frames a second."""

import numpy as np

from ..motion.skeleton import Joint
from ..numerics.array import Array
from ..schema.frames import FPS

LOW = 0.6  # metres; a standing pelvis is at 0.9


def jitter(joints: Array) -> float:
    """Mean jerk of all joints, m/s^3 (Shin et al. 2024, WHAM, which reports it divided by 10)."""
    return float(np.linalg.norm(np.diff(joints.astype(np.float64), n=3, axis=0), axis=-1).mean() * FPS**3)


def dynamics(joints: Array) -> float:
    """Mean speed of the joints relative to the pelvis, m/s."""
    body = (joints - joints[:, [Joint.PELVIS]]).astype(np.float64)
    return float(np.linalg.norm(np.diff(body, axis=0), axis=-1).mean() * FPS)


def low_share(joints: Array) -> float:
    """Share of frames with the pelvis less than LOW above the floor: floor work and deep squats."""
    return float((joints[:, Joint.PELVIS, 2] < LOW).mean())


def height(joints: Array) -> float:
    """Mean height of the pelvis above the floor, metres."""
    return float(joints[:, Joint.PELVIS, 2].astype(np.float64).mean())


def travel(joints: Array) -> float:
    """Mean horizontal speed of the pelvis, m/s."""
    return float(np.linalg.norm(np.diff(joints[:, Joint.PELVIS, :2].astype(np.float64), axis=0), axis=-1).mean() * FPS)
