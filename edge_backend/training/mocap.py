"""Makes a training pack of a folder of motion capture: SMPL, AMASS and BVH files, with or without music."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from ..audio.loading import load
from ..audio.rhythm import CHANNELS, rhythm_features
from ..errors import EdgeError
from ..fileio.safe_npz import read_npz
from ..motion.contacts import edge_contacts
from ..motion.files import SMPL_PELVIS
from ..motion.kinematics import forward_kinematics
from ..motion.motion import Motion
from ..motion.rotations import axis_angle_to_matrix
from ..motion.skeleton import SMPL
from ..motion_import.bvh import on_the_model, read_bvh
from ..numerics.array import Array
from ..schema.frames import FPS
from .pack_file import Dance, write_pack

MUSIC = (".wav", ".flac", ".ogg", ".mp3", ".m4a", ".opus")
HOLDOUT_EVERY = 10  # every tenth file, sorted by name, is hold-out

_RATES = "mocap_framerate", "mocap_frame_rate"
_BODY = 22  # joints that SMPL, SMPL-H and SMPL-X share; their hand joints differ
_FLOOR_SHARE = 1.0  # per cent of frames whose lowest joint may be below the floor


def prepare_mocap(folder: Path, target: Path, style: str, licence: str, say: Callable[[str], None] = print) -> None:
    """Write a pack of all npz and bvh files under a folder, with the audio file of the same name beside each, if any.

    npz files: `poses` (T, 66 or more) axis-angle, radians, `trans` (T, 3) metres, z up, `mocap_framerate` or
    `mocap_frame_rate`. say: is called with lines of progress. Raises EdgeError `motion_missing`, and those of
    READERS, `load` and `write_pack`.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in READERS)
    if not paths:
        message = f"There are no motions under {folder}."
        raise EdgeError("motion_missing", message, "Give SMPL or AMASS npz files, or bvh files.")
    dances = []
    for number, path in enumerate(paths, 1):
        motion = READERS[path.suffix.lower()](path)
        music = next((path.with_suffix(end) for end in MUSIC if path.with_suffix(end).is_file()), None)
        music_features = np.zeros((motion.frames, len(CHANNELS)), np.float32)
        if music is not None:
            music_features, _ = rhythm_features(load(music), motion.frames)
        dances.append(Dance(str(path), motion, number % HOLDOUT_EVERY == 0, [(0, music_features)], style))
        say(f"{number} of {len(paths)}: {path.name}, {motion.frames / FPS:.1f} s, music {music and music.name}")
    write_pack(target, dances, {"features": "rhythm", "sources": [folder.name], "licences": [licence]})


def read_skeleton(path: Path) -> Motion:
    """The motion of a BVH file on SMPL's skeleton or a humanoid with known joint names, as `read_smpl` returns it.

    Raises EdgeError `motion_unreadable`, `motion_nan`, `motion_skeleton`.
    """
    bvh = read_bvh(path)
    rotations, root = on_the_model(bvh, path)
    return _at_30_fps(rotations[:, :_BODY], root, bvh.rate)


def read_smpl(path: Path) -> Motion:
    """The motion of an SMPL or AMASS npz, resampled to 30 frames a second, with its lowest foot on the floor.

    Raises EdgeError `motion_unreadable`, `motion_nan` with the frame.
    """
    try:
        file = read_npz(path, ("poses", "trans", *_RATES))
        poses, trans = file["poses"].astype(np.float64), file["trans"].astype(np.float64)
        rate = float(next(file[name] for name in _RATES if name in file))
        if poses.shape[1] < 3 * _BODY or trans.shape != (len(poses), 3) or len(poses) < 2 or not rate > 0:
            raise ValueError(f"poses {poses.shape}, trans {trans.shape}, {rate} frames a second")
    except Exception as error:  # zipfile and numpy raise exceptions of many types for a damaged file
        message = f"{path} is no SMPL or AMASS motion."
        raise EdgeError(
            "motion_unreadable", message, "Give npz files with poses, trans and frame rate.", str(error)
        ) from error
    good = np.isfinite(poses).all(axis=1) & np.isfinite(trans).all(axis=1)
    if not good.all():
        message = f"{path} has values that are not numbers at frame {int(np.argmin(good))}."
        raise EdgeError("motion_nan", message, "Leave it out, or repair it.")
    return _at_30_fps(axis_angle_to_matrix(poses[:, : 3 * _BODY].reshape(-1, _BODY, 3)), trans + SMPL_PELVIS, rate)


READERS = {".npz": read_smpl, ".bvh": read_skeleton}
"""Suffix -> reader of such files."""


def _at_30_fps(turns: Array, root: Array, rate: float) -> Motion:
    """Resample local rotations (T, 22, 3, 3) and root (T, 3), metres, z up, and put the lowest foot on the floor.

    rate: frames a second of the input.
    """
    times = np.arange(len(turns)) / rate
    resampled = np.arange(int(times[-1] * Motion.fps + 1e-6) + 1) / Motion.fps
    resampled = np.minimum(resampled, times[-1])
    rotations = np.tile(np.eye(3), (len(resampled), len(SMPL), 1, 1))
    for joint in range(_BODY):
        rotations[:, joint] = Slerp(times, Rotation.from_matrix(turns[:, joint]))(resampled).as_matrix()
    path = np.stack([np.interp(resampled, times, root[:, axis]) for axis in range(3)], axis=1)
    joints = forward_kinematics(rotations, path)
    floor = np.percentile(joints[..., 2].min(axis=1), _FLOOR_SHARE)
    path[:, 2] -= floor
    return Motion(rotations.astype(np.float32), path.astype(np.float32), edge_contacts(joints))
