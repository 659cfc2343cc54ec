"""A small picture of a phrase: three of its poses side by side. numpy only, for Blender."""

import numpy as np
from numpy.typing import NDArray

from ..motion.kinematics import forward_kinematics, global_rotations
from ..motion.motion import Motion
from ..motion.rotations import axis_angle_to_matrix
from ..motion.skeleton import Joint
from .body import pose_limbs
from .camera import Camera
from .figure import draw_limbs

POSES = (0.0, 0.35, 0.7)  # of the phrase
APART = 0.72  # metres between the figures
BACKGROUND = 48  # of 255, the grey behind them


def phrase_picture(clip: Motion, start: float, end: float, facing: float, size: int) -> NDArray[np.uint8]:
    """Picture (size, size, 3) of the frames start to end of a clip, seen from the front.

    facing: radians by which the dancer faces away from -y at the start, counterclockwise.
    """
    frames = np.round(start + np.array(POSES) * (end - start)).astype(int).clip(0, clip.frames - 1)
    rotations, root = clip.rotations[frames].copy(), clip.root[frames].copy()
    rotations[:, 0] = axis_angle_to_matrix(np.array([0.0, 0.0, -facing])).astype(np.float32) @ rotations[:, 0]
    root[:, :2] = 0.0
    joints, turned = forward_kinematics(rotations, root), global_rotations(rotations)
    middle = joints[:, Joint.PELVIS] * np.array([1, 1, 0], np.float32)
    camera = Camera(np.array([0, -4.3, 1.1], np.float32), np.array([0, 0, 0.92], np.float32), (size, size))
    image = np.full((size, size, 3), BACKGROUND, np.uint8)
    for number in range(len(frames)):
        place = np.array([(number - 1) * APART, 0, 0], np.float32)
        draw_limbs(image, pose_limbs(joints[number] - middle[number] + place, turned[number]), camera)
    return image
