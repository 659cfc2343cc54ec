"""Motions made by hand, so that every metric's value is known by arithmetic."""

import numpy as np

from edge_backend.motion.kinematics import forward_kinematics
from edge_backend.motion.motion import Motion
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.skeleton import SMPL, Y_UP_TO_Z_UP
from edge_backend.numerics.array import Array

FPS = 30
UPRIGHT = 0.94  # m, height of the pelvis over flat feet


def still(frames: int) -> Array:
    """Joints (frames, 24, 3) that all stay at the origin."""
    return np.zeros((frames, 24, 3))


def standing_rotations(frames: int) -> Array:
    """Arms stretched out, upright, facing -y."""
    rotations = np.broadcast_to(np.eye(3), (frames, 24, 3, 3)).copy()
    rotations[:, 0] = Y_UP_TO_Z_UP
    return rotations


def standing(frames: int) -> Array:
    """Joints (frames, 24, 3) of someone who stands still."""
    return forward_kinematics(standing_rotations(frames), np.tile([0.0, 0.0, UPRIGHT], (frames, 1)), SMPL)


def swaying(frames: int, period_s: float, beats: Array | None = None) -> Motion:
    """Someone who sways from the hips, at rest at every whole and half period; contacts all 1."""
    angle = 0.4 * np.cos(2 * np.pi * np.arange(frames) / (period_s * FPS))
    rotations = standing_rotations(frames)
    rotations[:, 3] = axis_angle_to_matrix(angle[:, None] * np.array([0.0, 0.0, 1.0]))
    root = np.tile([0.0, 0.0, UPRIGHT], (frames, 1)).astype(np.float32)
    known = np.arange(0.0, frames / FPS, period_s / 2) if beats is None else beats
    return Motion(rotations.astype(np.float32), root, np.ones((frames, 4), np.float32), known.astype(np.float32))
