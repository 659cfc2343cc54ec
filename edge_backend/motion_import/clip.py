"""A motion as it is in a file, and its conversion: up axis, unit, rate, floor and contacts."""

from dataclasses import dataclass, replace

import numpy as np

from ..errors import EdgeError
from ..motion.contacts import edge_contacts
from ..motion.kinematics import forward_kinematics
from ..motion.motion import Motion
from ..motion.rotations import matrix_to_quaternion, quaternion_to_matrix, slerp
from ..motion.skeleton import SMPL, Joint
from ..numerics.array import Array

BODY = 22
"""Number of joints that SMPL, SMPL-H and SMPL-X have in common; the hands' joints differ."""

TO_Z_UP: dict[str, Array] = {
    "+x": np.array([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]]),
    "-x": np.array([[0.0, 1, 0], [0, 0, -1], [-1, 0, 0]]),
    "+y": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
    "-y": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
    "+z": np.eye(3),
    "-z": np.diag([1.0, -1, -1]),
}
"""The axis that points up in a file -> the rotation (3, 3) from the file's axes to this program's."""

UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001}
"""Unit of a file's lengths -> metres."""

_UPRIGHT = 0.5  # mean share of a body's length along an axis from which on this axis is up
_FASTEST = 3.0  # metres a second, faster than any dancer's pelvis on average
_FLOOR_SHARE = 1.0  # percent of frames whose lowest joint may be below the floor
_ON_THE_FLOOR = 0.01  # metres; a motion that is nearer to the floor is not moved


@dataclass(frozen=True)
class Clip:
    """The motion of one person, in the axes and the unit of its file.

    name: of the file, and of the person if it has several. rotations: (T, 22, 3, 3) local rotations of SMPL's body
    joints. root: (T, 3) position of the pelvis. rate: frames a second; assumed: whether the file does not state it.
    up: the axis that points up, one of `TO_Z_UP`, or "" if it has to be determined. notes: sentences about the file.
    """

    name: str
    rotations: Array
    root: Array
    rate: float
    up: str = ""
    assumed: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choices:
    """The user's choices. None: as stated in the file, or determined from the motion.

    up: one of `TO_Z_UP`. unit: one of `UNITS`. rate: frames a second.
    """

    up: str | None = None
    unit: str | None = None
    rate: float | None = None


@dataclass(frozen=True)
class Imported:
    """A motion that was read.

    name: of the file, and of the person if it has several. notes: sentences about what was determined or assumed.
    ours: whether it is a motion file of this program.
    """

    name: str
    motion: Motion
    notes: tuple[str, ...] = ()
    ours: bool = False


def to_motion(clip: Clip, choices: Choices | None = None) -> Imported:
    """Convert a clip: z up, metres, 30 frames a second, on the floor, contacts by EDGE's rule.

    A motion within 1 cm of the floor is not moved. Raises EdgeError motion_nan with the frame; motion_unreadable for
    fewer than two frames.
    """
    choices = choices or Choices()
    _check(clip)
    rotations = np.tile(np.eye(3), (len(clip.rotations), len(SMPL), 1, 1))
    rotations[:, :BODY] = clip.rotations
    root = np.asarray(clip.root, dtype=np.float64)
    up = choices.up or find_up(rotations) or clip.up or "+y"
    unit = choices.unit or find_unit(root, clip.rate)
    rate = choices.rate or clip.rate
    notes = [*clip.notes, f"{up} is up, {rate:g} frames a second{' (assumed)' * (clip.assumed and not choices.rate)}."]
    if unit != "m":
        notes.append(f"Its places are in {unit}.")
    rotations[:, Joint.PELVIS] = TO_Z_UP[up] @ rotations[:, Joint.PELVIS]
    root = UNITS[unit] * root @ TO_Z_UP[up].T
    rotations, root = at_30_fps(rotations, root, rate)
    joints = forward_kinematics(rotations, root)
    floor = float(np.percentile(joints[..., 2].min(axis=1), _FLOOR_SHARE))
    if abs(floor) > _ON_THE_FLOOR:
        root[:, 2] -= floor
        notes.append(f"It was put {abs(floor):.2f} m {'down' if floor > 0 else 'up'}, onto the floor.")
    motion = Motion(rotations.astype(np.float32), root.astype(np.float32), edge_contacts(joints))
    return Imported(clip.name, replace(motion, meta={"title": clip.name}), tuple(notes))


def find_up(rotations: Array) -> str:
    """The axis from ankles to head of a body with rotations (T, 24, 3, 3); "" if it lies most of the time."""
    joints = forward_kinematics(rotations, np.zeros((len(rotations), 3)))
    body = joints[:, Joint.HEAD] - joints[:, [Joint.LEFT_ANKLE, Joint.RIGHT_ANKLE]].mean(axis=1)
    mean = (body / np.linalg.norm(body, axis=1, keepdims=True)).mean(axis=0)
    axis = int(np.argmax(np.abs(mean)))
    return f"{'+' if mean[axis] > 0 else '-'}{'xyz'[axis]}" if abs(mean[axis]) > _UPRIGHT else ""


def find_unit(root: Array, rate: float) -> str:
    """The unit of a pelvis path (T, 3), one of `UNITS`: the largest in which it is not faster than people."""
    speed = rate * float(np.linalg.norm(np.diff(root, axis=0), axis=1).mean())
    return next((unit for unit, scale in UNITS.items() if scale * speed < _FASTEST), "mm")


def at_30_fps(rotations: Array, root: Array, rate: float) -> tuple[Array, Array]:
    """Resample rotations (T, J, 3, 3) and root (T, 3) from `rate` to 30 frames a second: slerp, and linearly."""
    if rate == Motion.fps:
        return quaternion_to_matrix(matrix_to_quaternion(rotations)), root
    times = np.arange(len(root)) / rate
    wanted = np.minimum(np.arange(int(times[-1] * Motion.fps + 1e-6) + 1) / Motion.fps, times[-1])
    place = np.clip(wanted * rate, 0, len(root) - 1)
    before = np.minimum(place.astype(int), len(root) - 2)
    weight = place - before
    quaternions = matrix_to_quaternion(rotations)
    between = slerp(quaternions[before], quaternions[before + 1], weight[:, None])
    path = root[before] + weight[:, None] * (root[before + 1] - root[before])
    return quaternion_to_matrix(between), path


def _check(clip: Clip) -> None:
    if len(clip.rotations) < 2:
        raise EdgeError("motion_unreadable", f"{clip.name} has no two frames of motion.", "Leave it out.")
    good = np.isfinite(clip.rotations).all(axis=(1, 2, 3)) & np.isfinite(clip.root).all(axis=1)
    if not good.all():
        message = f"{clip.name} has values that are not numbers at frame {int(np.argmin(good))}."
        raise EdgeError("motion_nan", message, "Leave it out, or repair it.")
