"""Writes the pickle that EDGE's own test script writes, for tools that read it. Such pickles are never read here."""

import os
import pickle

import numpy as np

from ..fileio.atomic_write import atomic_write
from .motion import Motion
from .rotations import matrix_to_axis_angle


def save_edge_pickle(path: str | os.PathLike[str], motion: Motion) -> None:
    """Write smpl_poses (T, 72) axis-angle radians, smpl_trans (T, 3) = root, full_pose (T, 24, 3) joint positions.

    Metres, z up, 30 frames a second. As in EDGE, smpl_trans is the position of the root joint itself. Raises OSError.
    """
    poses = matrix_to_axis_angle(motion.rotations).reshape(motion.frames, motion.rotations.shape[1] * 3)
    content = {
        "smpl_poses": poses.astype(np.float32),
        "smpl_trans": np.asarray(motion.root, dtype=np.float32),
        "full_pose": motion.joints().astype(np.float32),
    }
    with atomic_write(path) as unfinished:
        unfinished.write_bytes(pickle.dumps(content))
