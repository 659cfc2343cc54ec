"""Forward kinematics: from local rotations to the world."""

import numpy as np

from ..numerics.array import Array
from .skeleton import SMPL, Skeleton


def forward_kinematics(rotations: Array, root: Array, skeleton: Skeleton = SMPL) -> Array:
    """World positions of all joints.

    rotations: (..., J, 3, 3) local rotation matrices. root: (..., 3) metres, world, z up; joint 0 sits there.
    Returns (..., J, 3) metres. Raises ValueError if the joint counts differ. Loper et al. 2015, eq. 4, without blend
    shapes.
    """
    turned = global_rotations(rotations, skeleton)
    joints = np.empty(turned.shape[:-1], dtype=np.result_type(turned, root))
    joints[..., 0, :] = root
    for joint, parent in enumerate(skeleton.parents[1:], start=1):
        joints[..., joint, :] = joints[..., parent, :] + turned[..., parent, :, :] @ skeleton.offsets[joint]
    return joints


def global_rotations(rotations: Array, skeleton: Skeleton = SMPL) -> Array:
    """World rotations (..., J, 3, 3) from local ones (..., J, 3, 3): each joint's parents' rotations times its own.

    Raises ValueError if the joint counts differ.
    """
    rotations = np.asarray(rotations)
    if rotations.shape[-3:] != (len(skeleton), 3, 3):
        raise ValueError(f"rotations have the shape {rotations.shape}, the skeleton has {len(skeleton)} joints")
    turned = np.empty_like(rotations)
    turned[..., 0, :, :] = rotations[..., 0, :, :]
    for joint, parent in enumerate(skeleton.parents[1:], start=1):
        turned[..., joint, :, :] = turned[..., parent, :, :] @ rotations[..., joint, :, :]
    return turned
