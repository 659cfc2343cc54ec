"""The channels in which a bone turns, as rotations."""

from typing import Literal

import numpy as np

from ..rotations import Array, axis_angle_to_matrix, matrix_to_quaternion, quaternion_to_matrix

RotationMode = Literal["QUATERNION", "AXIS_ANGLE", "XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX"]
"""As Blender names them."""


def rotation_matrices(values: Array, mode: str) -> Array:
    """Rotation matrices (T, 3, 3) of channels (T, 4 or 3) in a rotation mode.

    Quaternions w, x, y, z of any length; axis-angle as angle, x, y, z; Euler angles x, y, z in radians, where XYZ turns
    about x first.
    """
    if mode == "QUATERNION":
        return quaternion_to_matrix(values)
    if mode == "AXIS_ANGLE":
        axis = values[:, 1:] / np.maximum(np.linalg.norm(values[:, 1:], axis=1, keepdims=True), 1e-12)
        return axis_angle_to_matrix(values[:, :1] * axis)
    turned = np.eye(3)
    for letter in mode:
        axis_number = "XYZ".index(letter)
        turned = axis_angle_to_matrix(values[:, axis_number, None] * np.eye(3)[axis_number]) @ turned
    return turned


def angles_between(one: Array, other: Array) -> Array:
    """The angles (T,), radians, between rotations (T, 3, 3); exact for small ones."""
    chord = np.linalg.norm(one - other, axis=(-2, -1)) / np.sqrt(8)
    return 2 * np.arcsin(np.minimum(chord, 1))


def rotation_channels(matrices: Array, mode: str, near: Array) -> Array:
    """Channels (T, 4 or 3) of rotations (T, 3, 3) in a rotation mode; of equal ones those nearest to `near`."""
    if mode in ("QUATERNION", "AXIS_ANGLE"):
        quaternion = matrix_to_quaternion(matrices)
        if mode == "QUATERNION":
            return np.where(np.sum(quaternion * near, axis=1, keepdims=True) < 0, -quaternion, quaternion)
        return _axis_angle_near(quaternion, near)
    first, second, third = ("XYZ".index(letter) for letter in mode)
    sign = 1 if (second - first) % 3 == 1 else -1
    angles = np.empty((2, len(matrices), 3))
    middle = np.arcsin(np.clip(-sign * matrices[:, third, first], -1, 1))
    angles[0, :, first] = np.arctan2(sign * matrices[:, third, second], matrices[:, third, third])
    angles[0, :, second] = middle
    angles[0, :, third] = np.arctan2(sign * matrices[:, second, first], matrices[:, first, first])
    angles[1] = angles[0] + np.pi
    angles[1, :, second] = np.pi - middle
    angles += 2 * np.pi * np.round((near - angles) / (2 * np.pi))
    nearer = np.argmin(np.abs(angles - near).sum(axis=-1), axis=0)
    return angles[nearer, np.arange(len(matrices))]


def _axis_angle_near(quaternion: Array, near: Array) -> Array:
    half = np.linalg.norm(quaternion[:, 1:], axis=1, keepdims=True)
    axis = np.where(half > 1e-9, quaternion[:, 1:] / np.maximum(half, 1e-12), near[:, 1:])
    other_way = np.sum(axis * near[:, 1:], axis=1, keepdims=True) < 0
    angle = np.where(other_way, -1, 1) * 2 * np.arctan2(half, quaternion[:, :1])
    angle += 2 * np.pi * np.round((near[:, :1] - angle) / (2 * np.pi))
    return np.hstack([angle, np.where(other_way, -axis, axis)])
