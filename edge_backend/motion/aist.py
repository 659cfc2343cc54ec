"""AIST++ motions (Li et al. 2021), 60 frames a second, y up, as EDGE uses them: 30 frames a second, z up."""

import numpy as np

from ..numerics.array import Array
from .contacts import edge_contacts
from .kinematics import forward_kinematics
from .motion import Motion
from .rotations import axis_angle_to_matrix
from .skeleton import SMPL, Y_UP_TO_Z_UP, Joint


def from_aist(poses: Array, root: Array) -> Motion:
    """Every second frame of an AIST++ motion of T frames, z up, with EDGE's contact labels.

    poses: (T, 72) axis-angle radians, `smpl_poses`. root: (T, 3) metres, y up: `smpl_trans` / `smpl_scaling`.
    """
    rotations = axis_angle_to_matrix(poses[::2].reshape(-1, len(SMPL), 3))
    rotations[:, Joint.PELVIS] = Y_UP_TO_Z_UP @ rotations[:, Joint.PELVIS]
    turned_root = np.asarray(root[::2] @ Y_UP_TO_Z_UP.T)
    return Motion(rotations, turned_root, edge_contacts(forward_kinematics(rotations, turned_root)))
