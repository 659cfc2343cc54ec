"""Forward kinematics: world positions and world rotations of joints from local rotations."""

import numpy as np

from ..numerics.array import Array
from .skeleton import SMPL, Skeleton


def forward_kinematics(rotations: Array, root: Array, skeleton: Skeleton = SMPL) -> Array:
    """World positions (..., J, 3) of all joints, metres, z up (Loper et al. 2015, eq. 4, without blend shapes).

    rotations: (..., J, 3, 3) local rotation matrices. root: (..., 3) metres, world, z up: the position of joint 0.
    Raises ValueError if rotations and skeleton have different joint counts.
    """
    return joint_positions(global_rotations(rotations, skeleton), root, skeleton)


def joint_positions(turned: Array, root: Array, skeleton: Skeleton = SMPL) -> Array:
    """World positions (..., J, 3) of all joints, metres. turned: (..., J, 3, 3) world rotations. root: of joint 0."""
    joints = np.empty(turned.shape[:-1], dtype=np.result_type(turned, root))
    joints[..., 0, :] = root
    for joint, parent in enumerate(skeleton.parents[1:], start=1):
        joints[..., joint, :] = joints[..., parent, :] + _product(turned[..., parent, :, :], skeleton.offsets[joint])
    return joints


def global_rotations(rotations: Array, skeleton: Skeleton = SMPL) -> Array:
    """World rotations (..., J, 3, 3) from local ones (..., J, 3, 3): the product along the path from the root.

    Raises ValueError if rotations and skeleton have different joint counts.
    """
    rotations = np.asarray(rotations)
    if rotations.shape[-3:] != (len(skeleton), 3, 3):
        raise ValueError(f"rotations have the shape {rotations.shape}, the skeleton has {len(skeleton)} joints")
    turned = np.empty_like(rotations)
    turned[..., 0, :, :] = rotations[..., 0, :, :]
    for joint, parent in enumerate(skeleton.parents[1:], start=1):
        turned[..., joint, :, :] = _product(turned[..., parent, :, :], rotations[..., joint, :, :])
    return turned


def _product(one: Array, other: Array) -> Array:
    """The matrix product, as a call: in a long dance, Blender pauses the work between two calls."""
    product: Array = one @ other
    return product
