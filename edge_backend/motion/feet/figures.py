"""What feet do, in numbers: slide, skate, penetration, float, jumps, jitter and the knees' speed."""

from dataclasses import dataclass

import numpy as np

from ..kinematics import forward_kinematics, global_rotations
from ..rotations import Array
from .curves import runs
from .rig import SMPL_RIG, FootRig

FPS = 30
SKATE_HEIGHT, SKATE_SPEED = 0.05, 0.5  # metres, metres per second
FLOAT_HEIGHT = 0.03  # metres
GRAVITY_SHARE = 6.0  # metres per second squared; a pelvis that falls faster on average is in a jump
SHORTEST_JUMP = 4  # frames


@dataclass(frozen=True)
class Figures:
    """Of one motion. slide: (n,) metres per frame, horizontal, of planted joints. skate, floating: shares of frames.
    penetration: metres, deepest. jitter: m/s^3, mean over joints and frames. knee_speed: radians per frame, fastest."""

    slide: Array
    skate: float
    floating: float
    penetration: float
    jitter: float
    knee_speed: float


def figures(rotations: Array, root: Array, planted: Array, rig: FootRig = SMPL_RIG) -> Figures:
    """The figures of a motion with its plants (T, legs, 2), heel and toes; floor at z = 0, 30 frames a second."""
    joints = forward_kinematics(rotations.astype(np.float64), root, rig.skeleton)
    soles = sole_points(rotations, root, rig)
    return Figures(
        slide=plant_slide(joints, planted, rig),
        skate=skate_ratio(joints[:, [leg.toe for leg in rig.legs]]),
        floating=float((airborne(soles) & ~in_jump(soles, joints[:, 0, 2])).mean()),
        penetration=max(0.0, float(-soles[..., 2].min())),
        jitter=jitter(joints),
        knee_speed=float(np.abs(np.diff(knee_angles(joints, rig), axis=0)).max()),
    )


def plant_slide(joints: Array, planted: Array, rig: FootRig = SMPL_RIG) -> Array:
    """Horizontal way (n,) in metres from frame to frame of ankles with planted heels and of planted toe joints."""
    points = np.stack([joints[:, [leg.ankle for leg in rig.legs]], joints[:, [leg.toe for leg in rig.legs]]], axis=2)
    return np.linalg.norm(np.diff(points[..., :2], axis=0), axis=-1)[planted[1:] & planted[:-1]]


def skate_ratio(toes: Array) -> float:
    """Share of frames in which a toe joint of toes (T, feet, 3) is less than 5 cm above the clip's lowest and moves
    faster than 0.5 m/s, in that frame and as a mean over 5 frames (as GMD, OmniControl and MotionLCM count)."""
    speed = np.linalg.norm(np.diff(toes[..., :2], axis=0), axis=-1) * FPS
    mean = np.stack([np.convolve(foot, np.full(5, 0.2), mode="same") for foot in speed.T], axis=1)
    low = toes[..., 2] - toes[..., 2].min() < SKATE_HEIGHT
    return float((low[1:] & low[:-1] & (speed > SKATE_SPEED) & (mean > SKATE_SPEED)).any(axis=1).mean())


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
            jumping[start:end] = (speed[-1] - speed[0]) * FPS / (len(speed) - 1) < -GRAVITY_SHARE
    return jumping


def jitter(joints: Array) -> float:
    """Mean length of the third difference of joints (T, J, 3), in m/s^3 (as WHAM counts, times 10)."""
    return float(np.linalg.norm(np.diff(joints, n=3, axis=0), axis=-1).mean()) * FPS**3


def knee_angles(joints: Array, rig: FootRig = SMPL_RIG) -> Array:
    """Angles (T, legs), radians, between thigh and shin; 0 = straight."""
    angles = []
    for leg in rig.legs:
        thigh, shin = joints[:, leg.knee] - joints[:, leg.hip], joints[:, leg.ankle] - joints[:, leg.knee]
        angles.append(np.arctan2(np.linalg.norm(np.cross(thigh, shin), axis=1), np.sum(thigh * shin, axis=1)))
    return np.stack(angles, axis=1)
