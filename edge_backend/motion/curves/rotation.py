"""Conversions between Blender's rotation channels and rotations, and angles between rotations."""

import numpy as np

from ...numerics.array import Array
from ..rotations import matrix_to_quaternion, quaternion_to_matrix


def rotation_matrices(values: Array, mode: str) -> Array:
    """Rotation matrices (T, 3, 3) of channels (T, 4 or 3) in a rotation mode, as for `rotation_quaternions`."""
    return quaternion_to_matrix(rotation_quaternions(values, mode))


def rotation_quaternions(values: Array, mode: str) -> Array:
    """Unit quaternions (T, 4) of channels (T, 4 or 3) in a rotation mode.

    values: quaternions w, x, y, z of any length; axis-angle as angle, x, y, z; or Euler angles x, y, z. Angles are in
    radians; mode XYZ rotates about x first. Quaternions are cheaper to compare than matrices.
    """
    if mode == "QUATERNION":
        return _unit(values)
    if mode == "AXIS_ANGLE":
        return np.hstack([np.cos(values[:, :1] / 2), np.sin(values[:, :1] / 2) * _unit(values[:, 1:])])
    cosine, sine = np.cos(values / 2), np.sin(values / 2)
    turned = np.zeros((len(values), 4))
    turned[:, 0] = 1
    for letter in mode:
        axis = "XYZ".index(letter)
        one, two, three = axis + 1, (axis + 1) % 3 + 1, (axis + 2) % 3 + 1  # the axis, and the next two
        w, x, y, z = (turned[:, column].copy() for column in (0, one, two, three))
        c, s = cosine[:, axis], sine[:, axis]
        turned[:, 0], turned[:, one] = c * w - s * x, c * x + s * w
        turned[:, two], turned[:, three] = c * y - s * z, c * z + s * y
    return turned


def turns_between(one: Array, other: Array) -> Array:
    """Angles (T,), radians, between unit quaternions (T, 4) of either sign; accurate for small angles."""
    apart, together = one - other, one + other
    chord = np.minimum(np.einsum("ti,ti->t", apart, apart), np.einsum("ti,ti->t", together, together))
    return 4 * np.arcsin(np.sqrt(chord) / 2)


def angles_between(one: Array, other: Array) -> Array:
    """Angles (T,), radians, between rotation matrices (T, 3, 3); accurate for small angles."""
    chord = np.linalg.norm(one - other, axis=(-2, -1)) / np.sqrt(8)
    return 2 * np.arcsin(np.minimum(chord, 1))


def rotation_channels(matrices: Array, mode: str, near: Array) -> Array:
    """Channels (T, 4 or 3) of rotation matrices (T, 3, 3) in a rotation mode.

    near: (T, 4 or 3). Of the channels that describe the same rotation, those nearest to these are returned.
    """
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


def _unit(vector: Array) -> Array:
    return vector / np.maximum(np.sqrt(np.einsum("ti,ti->t", vector, vector)), 1e-12)[:, None]
