"""Writes BVH, the motion capture format that most animation programs read."""

import os
from collections.abc import Iterator

import numpy as np

from ..fileio.atomic_write import atomic_write
from ..numerics.array import Array
from .motion import Motion
from .skeleton import SMPL, Y_UP_TO_Z_UP, Skeleton

_ROTATION_CHANNELS = "Zrotation Xrotation Yrotation"
_END_SITE = 0.05  # metres; length of the End Site of a leaf joint, along its offset


def save_bvh(path: str | os.PathLike[str], motion: Motion) -> None:
    """Write a BVH file: y up and z forward, as its readers expect; metres, degrees, 30 frames a second.

    Raises OSError.
    """
    with atomic_write(path) as unfinished:
        lines = ["HIERARCHY", *_joint_lines(SMPL, 0, ""), "MOTION", *_motion_lines(motion)]
        unfinished.write_text("\n".join(lines) + "\n", encoding="ascii", newline="\n")


def euler_zxy(matrices: Array) -> Array:
    """Euler angles (a, b, c) (..., 3) in radians with matrix = Z(a) X(b) Y(c), from matrices (..., 3, 3).

    b lies in [-pi/2, pi/2]. At b = +-pi/2 (gimbal lock) a and c are about the same axis, and c is set to 0.
    """
    sine = np.clip(matrices[..., 2, 1], -1, 1)
    upright = np.abs(sine) < 1 - 1e-7
    a = np.arctan2(-matrices[..., 0, 1], matrices[..., 1, 1])
    b = np.arcsin(sine)
    c = np.arctan2(-matrices[..., 2, 0], matrices[..., 2, 2])
    locked_a = np.arctan2(matrices[..., 1, 0], matrices[..., 0, 0])
    return np.stack([np.where(upright, a, locked_a), b, np.where(upright, c, 0)], axis=-1)


def _joint_lines(skeleton: Skeleton, joint: int, indent: str) -> Iterator[str]:
    children = [child for child, parent in enumerate(skeleton.parents) if parent == joint]
    offset = skeleton.offsets[joint]
    position = "Xposition Yposition Zposition " if joint == 0 else ""
    yield f"{indent}{'ROOT' if joint == 0 else 'JOINT'} {skeleton.names[joint]}"
    yield f"{indent}{{"
    inner = indent + "  "
    yield f"{inner}OFFSET {_numbers(offset)}"
    yield f"{inner}CHANNELS {6 if joint == 0 else 3} {position}{_ROTATION_CHANNELS}"
    for child in children:
        yield from _joint_lines(skeleton, child, inner)
    if not children:
        yield from (f"{inner}End Site", f"{inner}{{")
        yield f"{inner}  OFFSET {_numbers(offset / np.linalg.norm(offset) * _END_SITE)}"
        yield f"{inner}}}"
    yield f"{indent}}}"


def _motion_lines(motion: Motion) -> Iterator[str]:
    rotations = motion.rotations.astype(np.float64)
    rotations[:, 0] = Y_UP_TO_Z_UP.T @ rotations[:, 0]
    # Unwrapped, so that programs that interpolate between frames do not turn the long way round.
    angles = np.degrees(np.unwrap(euler_zxy(rotations[:, _depth_first(SMPL)]), axis=0))
    rows = np.concatenate([motion.root @ Y_UP_TO_Z_UP, angles.reshape(motion.frames, -1)], axis=1)
    yield f"Frames: {motion.frames}"
    yield f"Frame Time: {1 / motion.fps:.7f}"
    yield from (_numbers(row) for row in rows)


def _depth_first(skeleton: Skeleton, joint: int = 0) -> list[int]:
    """Joint numbers in depth-first order, in which the hierarchy is written."""
    children = (child for child, parent in enumerate(skeleton.parents) if parent == joint)
    return [joint, *(number for child in children for number in _depth_first(skeleton, child))]


def _numbers(row: Array) -> str:
    return " ".join(f"{value:.6f}" for value in row)
