"""Motion files: an npz with the arrays of AMASS, which SMPL tools open, and further arrays for the add-on.

Equal motions give equal bytes: entries have one order, no compression and no timestamps.
"""

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..errors import EdgeError, any_exception_as
from ..fileio.atomic_write import atomic_write
from ..fileio.safe_npz import read_npz
from ..numerics.array import Array
from .motion import Motion
from .rotations import axis_angle_to_matrix, matrix_to_axis_angle
from .skeleton import SMPL, Joint

FORMAT = 1

# Position of the pelvis in the rest pose of SMPL's male body with zero betas, metres, y up. The skeleton's offsets are
# those of that body, hence gender "male" in the files. SMPL rotates the body about this point and then adds `trans`, so
# the same value is subtracted whatever the world's axes are.
SMPL_PELVIS = np.array([-0.00217368, -0.24078917, 0.02858379], dtype=np.float32)

_STRETCH = 1800
"""Frames that are converted at a time: what lies between takes 3 kB a frame."""

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest date that zip can store


def save_motion(path: str | os.PathLike[str], motion: Motion) -> None:
    """Write a motion file atomically, as an npz of these arrays.

    poses (T, 72) axis-angle radians; trans (T, 3) = root - SMPL's rest pelvis, so that SMPL with zero betas puts its
    pelvis at root; betas (10,); gender; mocap_framerate; root (T, 3), contacts (T, 4), joints (T, 24, 3) metres, z up;
    beats (n,) seconds; meta, a JSON string. Raises OSError where it cannot be written; TypeError or ValueError where
    meta cannot be written as JSON.
    """
    stretches = [motion.part(slice(first, first + _STRETCH)) for first in range(0, max(motion.frames, 1), _STRETCH)]
    poses = np.concatenate([_poses(stretch) for stretch in stretches])
    root = np.asarray(motion.root, dtype=np.float32)
    meta = json.dumps({"format": FORMAT, **motion.meta}, sort_keys=True, ensure_ascii=False, allow_nan=False)
    arrays = {
        "poses": poses,
        "trans": root - SMPL_PELVIS,
        "betas": np.zeros(10, dtype=np.float32),
        "gender": np.array("male"),
        "mocap_framerate": np.array(float(Motion.fps)),
        "root": root,
        "contacts": np.asarray(motion.contacts, dtype=np.float32),
        "joints": np.concatenate([stretch.joints().astype(np.float32) for stretch in stretches]),
        "beats": np.asarray(motion.beats, dtype=np.float32),
        "meta": np.array(meta),
    }
    write_npz(path, arrays)


def _poses(motion: Motion) -> Array:
    """Axis-angle (T, 72), radians, computed in float64."""
    turns = matrix_to_axis_angle(np.asarray(motion.rotations, dtype=np.float64))
    return turns.reshape(motion.frames, 3 * len(SMPL)).astype(np.float32)


def write_npz(path: str | os.PathLike[str], arrays: Mapping[str, Array]) -> None:
    """Write arrays as an npz, atomically; equal arrays give equal bytes. Raises OSError."""
    with atomic_write(path) as unfinished, zipfile.ZipFile(unfinished, "w") as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", _ZIP_TIME)
            entry.create_system = 3  # Unix; by default the byte depends on the system
            with archive.open(entry, "w") as stream:
                np.lib.format.write_array(stream, np.asarray(array), version=(1, 0), allow_pickle=False)


def load_motion(path: str | os.PathLike[str]) -> Motion:
    """Read a motion file that `save_motion` wrote; joints are computed anew from poses and root.

    Raises EdgeError motion_missing, motion_unreadable (no npz, arrays missing or of other shapes), motion_nan (the
    message gives the first frame and joint with a value that is not finite).
    """
    target = Path(path)
    if not target.is_file():
        raise EdgeError("motion_missing", f"There is no motion file at {target}.", "Check the path.")
    unreadable = EdgeError(
        "motion_unreadable",
        f"{target} is not a motion file of EDGE Dance.",
        "Choose an .npz that `generate` made.",
    )
    with any_exception_as(unreadable):
        file = read_npz(target, ("poses", "root", "contacts", "beats", "meta"))
        poses, root, contacts = (_real(file[name]) for name in ("poses", "root", "contacts"))
        beats, meta = _real(file["beats"]), json.loads(str(file["meta"]))
        turns = poses.reshape(len(poses), len(SMPL), 3)
        stretches = range(0, max(len(turns), 1), _STRETCH)
        rotations = np.concatenate([axis_angle_to_matrix(turns[first : first + _STRETCH]) for first in stretches])
        motion = Motion(rotations, root, contacts, beats, meta)
        if beats.ndim != 1 or not isinstance(meta, dict):
            raise ValueError("beats are not a row of seconds, or meta is not a JSON object")
    _refuse_nan(target, poses, root, contacts, beats)
    return motion


def _real(array: Array) -> Array:
    if not np.issubdtype(array.dtype, np.number):
        raise ValueError(f"numbers expected, not {array.dtype}")
    return array.astype(np.float32, copy=False)


def _refuse_nan(path: Path, poses: Array, root: Array, contacts: Array, beats: Array) -> None:
    per_joint = np.isfinite(poses).reshape(len(poses), len(SMPL), 3).all(axis=-1)
    per_joint[:, Joint.PELVIS] &= np.isfinite(root).all(axis=-1)
    if not per_joint.all():
        frame, joint = np.argwhere(~per_joint)[0]
        where = f"frame {frame}, {SMPL.names[joint]}"
    elif not np.isfinite(contacts).all():
        where = f"the contacts of frame {np.argwhere(~np.isfinite(contacts))[0][0]}"
    elif not np.isfinite(beats).all():
        where = "the beats"
    else:
        return
    raise EdgeError("motion_nan", f"{path} has values that are not numbers: {where}.", "Generate the dance anew.")
