"""Writes AMASS's npz with SMPL-H's 52 joints. The motion files of this project have SMPL's 24 joints."""

import os

import numpy as np

from .files import SMPL_PELVIS, write_npz
from .motion import Motion
from .rotations import matrix_to_axis_angle

_BODY = 22  # joints that SMPL and SMPL-H share; SMPL-H adds 15 for each hand
_JOINTS = _BODY + 30
_BETAS, _DMPLS = 16, 8


def save_amass(path: str | os.PathLike[str], motion: Motion) -> None:
    """Write poses (T, 156) axis-angle radians, trans (T, 3) metres, betas (16,), dmpls (T, 8), gender, mocap_framerate.

    Z up, 30 frames a second. Finger rotations are 0: SMPL's two hand joints have no counterpart in SMPL-H and are
    omitted. trans is root - SMPL's rest pelvis; a body with other betas has its pelvis elsewhere by the difference of
    the rest pelvises. Raises OSError.
    """
    poses = np.zeros((motion.frames, _JOINTS, 3), dtype=np.float32)
    poses[:, :_BODY] = matrix_to_axis_angle(np.asarray(motion.rotations[:, :_BODY], dtype=np.float64))
    arrays = {
        "trans": np.asarray(motion.root, dtype=np.float32) - SMPL_PELVIS,
        "gender": np.array("male"),
        "mocap_framerate": np.array(float(Motion.fps)),
        "betas": np.zeros(_BETAS, dtype=np.float32),
        "dmpls": np.zeros((motion.frames, _DMPLS), dtype=np.float32),
        "poses": poses.reshape(motion.frames, 3 * _JOINTS),
    }
    write_npz(path, arrays)
