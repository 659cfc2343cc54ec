"""Conversions between rotation matrices, axis-angle vectors, quaternions and 6D vectors.

Matrices act on column vectors. Quaternions are (w, x, y, z). Every function preserves the leading dimensions and the
floating dtype of its input; integers are converted to float64.
"""

import numpy as np
import numpy.typing as npt

from ..numerics.array import Array
from ..numerics.vectors import SHORTEST, unit

_ROUNDING = 32  # machine epsilons by which products of rows may be off after a few products of rotation matrices


def axis_angle_to_matrix(axis_angle: npt.ArrayLike) -> Array:
    """Rotation matrices (..., 3, 3) from axis-angle vectors (..., 3) in radians, by Rodrigues' formula."""
    vector = _floating(axis_angle)
    angle = np.linalg.norm(vector, axis=-1)[..., None, None]
    K = cross_product_matrix(vector)
    # sin(a)/a and (1 - cos(a))/a^2 as sinc: both are smooth at 0.
    first = np.sinc(angle / np.pi)
    second = np.sinc(angle / (2 * np.pi)) ** 2 / 2
    identity = np.eye(3, dtype=vector.dtype)
    return (identity + first * K + second * (K @ K)).astype(vector.dtype, copy=False)


def matrix_to_axis_angle(matrix: npt.ArrayLike) -> Array:
    """Axis-angle vectors (..., 3) from rotation matrices (..., 3, 3); angles lie in [0, pi]."""
    quaternion = matrix_to_quaternion(matrix)
    imaginary = quaternion[..., 1:]
    sine = np.linalg.norm(imaginary, axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, quaternion[..., :1])
    # angle / sin(angle/2) tends to 2 for small angles.
    factor = np.where(sine > SHORTEST, angle / np.maximum(sine, SHORTEST), 2)
    return (imaginary * factor).astype(quaternion.dtype, copy=False)


def rot6d_to_matrix(rot6d: npt.ArrayLike) -> Array:
    """Rotation matrices (..., 3, 3) from 6D vectors (..., 6): their first two rows, as in `rows_to_matrix`."""
    vector = _floating(rot6d)
    return rows_to_matrix(vector.reshape(*vector.shape[:-1], 2, 3))


def rows_to_matrix(rows: npt.ArrayLike) -> Array:
    """Rotation matrices (..., 3, 3) from their first two rows (..., 2, 3), made orthonormal (Zhou et al. 2019, eq. 15).

    Rows that are orthonormal but for rounding are not changed. The third row is the cross product. Where a row has
    length 0 or the rows are parallel, the result has rows of 0.
    """
    given = _floating(rows)
    first = unit(given[..., 0, :])
    second = given[..., 1, :]
    second = unit(second - np.sum(first * second, axis=-1, keepdims=True) * first)
    products = np.abs(given @ np.swapaxes(given, -1, -2) - np.eye(2, dtype=given.dtype))
    rounded = (products < _ROUNDING * np.finfo(given.dtype).eps).all(axis=-1, keepdims=True)
    both = np.where(rounded, given, np.stack([first, second], axis=-2))
    return np.concatenate([both, np.cross(both[..., :1, :], both[..., 1:, :])], axis=-2)


def matrix_to_rot6d(matrix: npt.ArrayLike) -> Array:
    """6D vectors (..., 6), the first two ROWS of the rotation matrices (..., 3, 3), one after the other."""
    rows = _floating(matrix)[..., :2, :]
    return rows.reshape(*rows.shape[:-2], 6).copy()


def matrix_to_quaternion(matrix: npt.ArrayLike) -> Array:
    """Unit quaternions (..., 4), w >= 0, from rotation matrices (..., 3, 3).

    Each quaternion is computed from its largest component, for precision (Shepperd 1978).
    """
    m = _floating(matrix)
    m00, m11, m22 = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    x, y, z = m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]
    xy, xz, yz = m[..., 0, 1] + m[..., 1, 0], m[..., 0, 2] + m[..., 2, 0], m[..., 1, 2] + m[..., 2, 1]
    # Row i is 4 q_i q, with 4 q_i^2 on the diagonal.
    candidates = np.stack(
        [
            np.stack([1 + m00 + m11 + m22, x, y, z], axis=-1),
            np.stack([x, 1 + m00 - m11 - m22, xy, xz], axis=-1),
            np.stack([y, xy, 1 - m00 + m11 - m22, yz], axis=-1),
            np.stack([z, xz, yz, 1 - m00 - m11 + m22], axis=-1),
        ],
        axis=-2,
    )
    best = np.argmax(np.diagonal(candidates, axis1=-2, axis2=-1), axis=-1)
    quaternion = unit(np.take_along_axis(candidates, best[..., None, None], axis=-2)[..., 0, :])
    return np.where(quaternion[..., :1] < 0, -quaternion, quaternion)


def quaternion_to_matrix(quaternion: npt.ArrayLike) -> Array:
    """Rotation matrices (..., 3, 3) from quaternions (..., 4) of any non-zero length."""
    q = unit(_floating(quaternion))
    w, imaginary = q[..., :1, None], q[..., 1:]
    K = cross_product_matrix(imaginary)
    return np.eye(3, dtype=q.dtype) + 2 * (w * K + K @ K)


def slerp(start: npt.ArrayLike, end: npt.ArrayLike, weight: npt.ArrayLike) -> Array:
    """Spherical linear interpolation (Shoemake 1985): unit quaternions (..., 4) on the shorter arc from start to end.

    start, end: (..., 4) unit quaternions. weight: (...), broadcast against them; 0 gives start, 1 gives end.
    """
    a, b = _floating(start), _floating(end)
    t = np.asarray(weight, dtype=np.result_type(a, b))[..., None]
    cosine = np.sum(a * b, axis=-1, keepdims=True)
    b = np.where(cosine < 0, -b, b)
    # The angle from the chord keeps its precision where the cosine is nearly 1.
    angle = 2 * np.arctan2(np.linalg.norm(a - b, axis=-1, keepdims=True), np.linalg.norm(a + b, axis=-1, keepdims=True))
    # sin(t angle)/sin(angle), written with sinc to be smooth at angle 0; angle <= pi/2, so sinc(angle/pi) > 0.6.
    scale = np.sinc(angle / np.pi)
    mixed = (1 - t) * np.sinc((1 - t) * angle / np.pi) / scale * a + t * np.sinc(t * angle / np.pi) / scale * b
    return unit(mixed)


def continuous_quaternions(quaternions: npt.ArrayLike) -> Array:
    """The same rotations (T, ..., 4) with signs such that each quaternion has a dot product >= 0 with its predecessor.

    quaternions: (T, ..., 4), along time; the signs of the first frame are unchanged.
    """
    q = _floating(quaternions)
    turned = np.sum(q[1:] * q[:-1], axis=-1) < 0
    signs = np.where(np.cumsum(turned, axis=0) % 2 == 1, -1, 1).astype(q.dtype)
    return np.concatenate([q[:1], q[1:] * signs[..., None]])


def cross_product_matrix(vector: Array) -> Array:
    """Matrices K (..., 3, 3) with K @ u = vector x u, for vectors (..., 3)."""
    x, y, z = vector[..., 0], vector[..., 1], vector[..., 2]
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(*vector.shape[:-1], 3, 3)


def _floating(values: npt.ArrayLike) -> Array:
    array = np.asarray(values)
    return array if np.issubdtype(array.dtype, np.floating) else array.astype(np.float64)
