"""Reads poses of SMPL, SMPL-H and SMPL-X, as AMASS, SMPL's own tools and other programs store them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..fileio.safe_npz import read_npz
from ..motion.files import SMPL_PELVIS
from ..motion.rotations import axis_angle_to_matrix
from ..numerics.array import Array
from .clip import BODY, Clip

RATES = ("mocap_framerate", "mocap_frame_rate", "framerate", "frame_rate", "fps")
"""Names of arrays that state frames a second."""

POSES = ("smpl_poses", "poses", "pose", "fullpose")
ORIENTS = ("root_orient", "global_orient")
BODIES = ("pose_body", "body_pose")
PLACES = ("trans", "transl", "translation", "smpl_trans")
SMPL_NAMES = (*POSES, *ORIENTS, *BODIES, *PLACES, *RATES)
ASSUMED_RATE = 30.0


def read_smpl_npz(path: Path) -> list[Clip]:
    """The clip of an npz of AMASS or of SMPL's tools. Raises ValueError if it has no poses and positions."""
    content = read_npz(path, SMPL_NAMES)
    return [clip_of(content, path.name)]


def clip_of(content: Mapping[str, Any], name: str, up: str = "", rate: float | None = None) -> Clip:
    """The clip of SMPL arrays under any of their usual names.

    Poses (T, 66 or more) axis-angle radians, or pelvis (T, 3) and body (T, 63 or more) separately, or rotation matrices
    of the same joints. Positions (T, 3) of SMPL's origin, metres. rate: used if the file states none; None = 30,
    marked as assumed. Raises ValueError.
    """
    root = numbers(first(content, PLACES), "the places")
    root = root.reshape(len(root), -1)
    rotations = body_rotations(content)
    if root.shape != (len(rotations), 3):
        raise ValueError(f"{len(rotations)} frames of poses and places of the shape {root.shape}")
    stated = next((content[key] for key in RATES if key in content), rate)
    frames_a_second = ASSUMED_RATE if stated is None else float(numbers(stated, "the rate").reshape(-1)[0])
    if not 0 < frames_a_second < float("inf"):
        raise ValueError(f"{frames_a_second} frames a second")
    return Clip(name, rotations, root + SMPL_PELVIS, frames_a_second, up, assumed=stated is None)


def body_rotations(content: Mapping[str, Any]) -> Array:
    """Local rotations (T, 22, 3, 3) of the body joints. Raises ValueError if there are no poses."""
    if any(key in content for key in ORIENTS) and any(key in content for key in BODIES):
        orient, body = (as_matrices(first(content, names)) for names in (ORIENTS, BODIES))
        if orient.shape[1] != 1:
            raise ValueError(f"the pelvis has {orient.shape[1]} rotations a frame")
        whole = np.concatenate([orient, body], axis=1)[:, :BODY]
    else:
        whole = as_matrices(first(content, POSES), BODY)
    if whole.shape[1] < BODY:
        raise ValueError(f"poses of {whole.shape[1]} joints; a body has {BODY}")
    return whole


def as_matrices(values: Any, most: int | None = None) -> Array:
    """Rotation matrices (T, J, 3, 3) from axis-angle (T, 3 J) or (T, J, 3), or matrices (T, J, 3, 3).

    most: number of joints, of which the further ones are left out. Raises ValueError.
    """
    array = numbers(values, "the poses")
    if array.ndim == 4 and array.shape[-2:] == (3, 3):
        return array[:, :most]
    if array.ndim == 3 and array.shape[-2:] == (3, 3):
        return array[:, None]
    if array.ndim not in {2, 3} or array.size == 0 or (array.size // len(array)) % 3:
        raise ValueError(f"poses of the shape {array.shape}")
    return axis_angle_to_matrix(array.reshape(len(array), -1, 3)[:, :most])


def numbers(values: Any, what: str) -> Array:
    """Values as float64. Raises ValueError, which names `what`, if they are not numbers."""
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{what} are not numbers")
    return array.astype(np.float64)


def first(content: Mapping[str, Any], names: Sequence[str]) -> Any:
    """The value of the first of the names that exists. Raises ValueError if none does."""
    for name in names:
        if name in content:
            return content[name]
    raise ValueError(f"none of {', '.join(names)} is there")
