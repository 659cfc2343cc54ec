"""What feet do, in numbers that need the rig or the plants: slide, soles, jumps, knees. Others are in evaluation."""

import numpy as np

from ...numerics.array import Array
from ...numerics.intervals import runs
from ...schema.frames import FPS
from ..kinematics import forward_kinematics, global_rotations
from .rig import SMPL_RIG, FootRig

FLOAT_HEIGHT = 0.03  # metres
FALL = 6.0  # metres per second squared; a pelvis that falls faster, on average over a flight, is in a jump
SHORTEST_JUMP = 4  # frames


def plant_slide(joints: Array, planted: Array, rig: FootRig = SMPL_RIG) -> Array:
    """Horizontal way (n,) in metres from frame to frame of ankles with planted heels and of planted toe joints."""
    points = np.stack([joints[:, [leg.ankle for leg in rig.legs]], joints[:, [leg.toe for leg in rig.legs]]], axis=2)
    return np.linalg.norm(np.diff(points[..., :2], axis=0), axis=-1)[planted[1:] & planted[:-1]]


def sole_points(rotations: Array, root: Array, rig: FootRig = SMPL_RIG) -> Array:
    """Heel, ball, the point under the toe joint and the tip of the toes (T, legs, 4, 3), world."""
    joints = forward_kinematics(rotations.astype(np.float64), root, rig.skeleton)
    turns = global_rotations(rotations.astype(np.float64), rig.skeleton)
    points = [
        joints[:, joint] + turns[:, joint] @ point
        for leg, foot in zip(rig.legs, rig.feet, strict=True)
        for joint, point in (
            (leg.ankle, foot.heel),
            (leg.ankle, foot.ball),
            (leg.toe, foot.under_toe),
            (leg.toe, foot.tip),
        )
    ]
    return np.stack(points, axis=1).reshape(len(rotations), len(rig.legs), 4, 3)


def airborne(soles: Array) -> Array:
    """Frames (T,) in which no sole (T, legs, 4, 3) is within 3 cm of the floor."""
    return soles[..., 2].min(axis=(1, 2)) > FLOAT_HEIGHT


def in_jump(soles: Array, pelvis: Array) -> Array:
    """Frames (T,) of jumps: no foot at the floor, and the pelvis' height (T,) falls as thrown bodies do."""
    jumping = np.zeros(len(pelvis), dtype=bool)
    for start, end in runs(airborne(soles)):
        if end - start >= SHORTEST_JUMP:
            speed = np.diff(pelvis[max(start - 1, 0) : end + 1]) * FPS
            jumping[start:end] = (speed[-1] - speed[0]) * FPS / (len(speed) - 1) < -FALL
    return jumping


def knee_angles(joints: Array, rig: FootRig = SMPL_RIG) -> Array:
    """Angles (T, legs), radians, between thigh and shin; 0 = straight."""
    angles = []
    for leg in rig.legs:
        thigh, shin = joints[:, leg.knee] - joints[:, leg.hip], joints[:, leg.ankle] - joints[:, leg.knee]
        angles.append(np.arctan2(np.linalg.norm(np.cross(thigh, shin), axis=1), np.sum(thigh * shin, axis=1)))
    return np.stack(angles, axis=1)
