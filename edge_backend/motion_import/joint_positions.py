"""Converts joint positions of HumanML3D and MDM to rotations of the SMPL skeleton, by inverse kinematics."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..motion.rotations import axis_angle_to_matrix
from ..motion.skeleton import SMPL, Joint
from ..numerics.array import Array
from ..numerics.vectors import unit
from .clip import BODY, Clip
from .smpl import numbers

HUMANML3D_RATE = 20.0
_FITTED = {Joint.PELVIS: (1, 2, 3), Joint.SPINE3: (12, 13, 14)}
"""Joints with several children, whose positions determine the joint's rotation completely."""

_HINGES = {
    Joint.LEFT_HIP: (Joint.LEFT_ANKLE, (1.0, 0, 0)),
    Joint.RIGHT_HIP: (Joint.RIGHT_ANKLE, (1.0, 0, 0)),
    Joint.LEFT_SHOULDER: (Joint.LEFT_WRIST, (0, -1.0, 0)),
    Joint.RIGHT_SHOULDER: (Joint.RIGHT_WRIST, (0, 1.0, 0)),
}
"""Upper limb -> the limb's end, and the axis about which the knee or elbow between them bends at rest."""

_STRAIGHT, _BENT = 0.1, 0.35  # sines of the bend between which the weight of the hinge axis rises from 0 to 1
_ALIKE = 1e-9


def clips_of_positions(content: Any, path: Path) -> list[Clip]:
    """The clips of an array (T, 22 or more, 3), metres, 20 frames a second, or of a result of MDM.

    MDM's: {"motion": (N, 22, 3, T), "lengths": (N,)}. Raises ValueError.
    """
    if isinstance(content, Mapping):
        motions = numbers(content["motion"], "the joints")
        lengths = numbers(content.get("lengths", [motions.shape[-1]] * len(motions)), "the lengths").astype(int)
        names = [f"{path.name}, sample {number + 1}" for number in range(len(motions))]
        positions = [one.transpose(2, 0, 1)[:length] for one, length in zip(motions, lengths, strict=True)]
    else:
        positions, names = [numbers(content, "the joints")], [path.name]
    return [_clip(one, name) for one, name in zip(positions, names, strict=True)]


def _clip(joints: Array, name: str) -> Clip:
    if joints.ndim != 3 or joints.shape[1] < BODY or joints.shape[2] != 3:
        raise ValueError(f"joints of the shape {joints.shape}, not (frames, {BODY}, 3)")
    joints = joints[:, :BODY]
    scale = _limbs(SMPL.offsets[None, 1:BODY]) / _limbs(_bones(joints))
    note = f"Rotations were found from joint positions; the body was made {scale:.2f} times as large."
    return Clip(name, solve(joints), scale * joints[:, 0], HUMANML3D_RATE, "+y", notes=(note,))


def solve(joints: Array) -> Array:
    """Local rotations (T, 22, 3, 3) with which the SMPL skeleton's bones have the directions of joints (T, 22, 3).

    Pelvis and chest are fitted to all their children (Kabsch 1976); other joints get the smallest rotation relative to
    their parents. Upper limbs are rotated about themselves so that knee or elbow bends about its own axis, with a
    weight that increases with the bend. Head, hands and toes rotate with their parents.
    """
    bones = _bones(joints)
    world = np.tile(np.eye(3), (len(joints), BODY, 1, 1))
    for joint in range(BODY):
        parent = SMPL.parents[joint]
        before = world[:, parent] if parent >= 0 else world[:, 0]
        children = [child for child in range(1, BODY) if SMPL.parents[child] == joint]
        if joint in _FITTED:
            world[:, joint] = _fitted(SMPL.offsets[children], bones[:, np.array(children) - 1])
        elif children:
            aim = bones[:, children[0] - 1]
            swung = _swing(before @ SMPL.offsets[children[0]].astype(np.float64), aim) @ before
            world[:, joint] = _turned_to_hinge(swung, joint, aim, bones) if joint in _HINGES else swung
        else:
            world[:, joint] = before
    local = world.copy()
    for joint in range(1, BODY):
        local[:, joint] = world[:, SMPL.parents[joint]].swapaxes(-1, -2) @ world[:, joint]
    return local


def _bones(joints: Array) -> Array:
    """Vectors (T, 21, 3) to each joint from its parent."""
    return joints[:, 1:] - joints[:, list(SMPL.parents[1:BODY])]


def _limbs(bones: Array) -> float:
    """Total length of thighs, shins, upper arms and forearms, the median over frames."""
    limbs = [joint - 1 for joint in (4, 5, 7, 8, 18, 19, 20, 21)]
    return float(np.median(np.linalg.norm(bones[:, limbs], axis=-1).sum(axis=1)))


def _fitted(rest: Array, found: Array) -> Array:
    """The rotations (T, 3, 3) that best map directions of rest (n, 3) to those of found (T, n, 3), by least squares."""
    rest = rest / np.linalg.norm(rest, axis=-1, keepdims=True)
    found = unit(found)
    u, _, v = np.linalg.svd(np.einsum("tni,nj->tij", found, rest))
    sign = np.sign(np.linalg.det(u @ v))
    u[..., :, -1] *= sign[:, None]
    return u @ v


def _swing(start: Array, end: Array) -> Array:
    """The smallest rotations (T, 3, 3) from directions start (T, 3) to end (T, 3)."""
    start, end = unit(start), unit(end)
    axis = np.cross(start, end)
    sine = np.linalg.norm(axis, axis=-1, keepdims=True)
    angle = np.arctan2(sine, np.sum(start * end, axis=-1, keepdims=True))
    across = np.cross(start, np.eye(3)[np.abs(start).argmin(axis=-1)])
    axis = np.where(sine > _ALIKE, axis / np.maximum(sine, _ALIKE), unit(across))
    return axis_angle_to_matrix(angle * axis)


def _turned_to_hinge(swung: Array, joint: int, along: Array, bones: Array) -> Array:
    """The upper limb's rotations (T, 3, 3), rotated about its bone (T, 3) so that the limb bends about its hinge."""
    end, axis = _HINGES[Joint(joint)]
    along, lower = unit(along), unit(bones[:, end - 1])
    normal = np.cross(along, lower)
    bend = np.linalg.norm(normal, axis=-1)
    now = swung @ np.array(axis)
    now = unit(now - np.sum(now * along, axis=-1, keepdims=True) * along)
    angle = np.arctan2(np.sum(np.cross(now, normal) * along, axis=-1), np.sum(now * normal, axis=-1))
    share = np.clip((bend - _STRAIGHT) / (_BENT - _STRAIGHT), 0, 1)
    share = share * share * (3 - 2 * share)
    return axis_angle_to_matrix((share * angle)[:, None] * along) @ swung
