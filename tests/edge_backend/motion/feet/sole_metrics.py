"""What tests measure of soles and knees: sole points, jumps, knee angles."""

import numpy as np

from edge_backend.motion.feet.rig import SMPL_RIG, FootRig
from edge_backend.motion.kinematics import forward_kinematics, global_rotations
from edge_backend.numerics.array import Array
from edge_backend.numerics.intervals import runs
from edge_backend.schema.frames import FPS

FLOAT_HEIGHT = 0.03  # metres
FALL = 6.0  # metres per second squared; in a jump the pelvis' mean downward acceleration exceeds this
SHORTEST_JUMP = 4  # frames


def sole_points(rotations: Array, root: Array, rig: FootRig = SMPL_RIG) -> Array:
    """Heel, ball, the point under the toe joint and the tip of the toes (T, legs, 4, 3), metres, world.

    rotations: (T, J, 3, 3) local. root: (T, 3) metres, world.
    """
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
    """Bool (T,): no point of the soles (T, legs, 4, 3), metres, world, is within FLOAT_HEIGHT of the floor, z = 0."""
    return soles[..., 2].min(axis=(1, 2)) > FLOAT_HEIGHT


def in_jump(soles: Array, pelvis: Array) -> Array:
    """Bool (T,), frames of jumps: no foot at the floor for SHORTEST_JUMP frames, and the pelvis in free fall.

    soles: (T, legs, 4, 3) from `sole_points`. pelvis: (T,) its height, metres.
    """
    jumping = np.zeros(len(pelvis), dtype=bool)
    for start, end in runs(airborne(soles)):
        if end - start >= SHORTEST_JUMP:
            speed = np.diff(pelvis[max(start - 1, 0) : end + 1]) * FPS
            jumping[start:end] = (speed[-1] - speed[0]) * FPS / (len(speed) - 1) < -FALL
    return jumping


def knee_angles(joints: Array, rig: FootRig = SMPL_RIG) -> Array:
    """Angles (T, legs), radians, between thigh and shin; 0 is straight. joints: (T, J, 3) metres, world."""
    angles = []
    for leg in rig.legs:
        thigh, shin = joints[:, leg.knee] - joints[:, leg.hip], joints[:, leg.ankle] - joints[:, leg.knee]
        angles.append(np.arctan2(np.linalg.norm(np.cross(thigh, shin), axis=1), np.sum(thigh * shin, axis=1)))
    return np.stack(angles, axis=1)
