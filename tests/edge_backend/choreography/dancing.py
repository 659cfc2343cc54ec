"""Motions that tests cut into phrases: a dancer who steps to a beat."""

import numpy as np

from edge_backend.motion.contacts import edge_contacts
from edge_backend.motion.motion import Motion
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.skeleton import Y_UP_TO_Z_UP, Joint


def stepping(seconds: float, bpm: float, reach: float = 0.5, seed: int = 0) -> Motion:
    """Arms and knees that swing by `reach` radians and come to rest on every beat, the first at 0 s."""
    random = np.random.default_rng(seed)
    frames = round(seconds * 30)
    beats = np.arange(frames) / 30 * bpm / 60
    swing = np.where(np.floor(beats).astype(int) % 2 == 0, 1, -1) * np.cos(np.pi * (beats % 1))
    turns = np.zeros((frames, 24, 3))
    for joint in (Joint.LEFT_SHOULDER, Joint.RIGHT_SHOULDER, Joint.LEFT_ELBOW, Joint.RIGHT_HIP, Joint.SPINE1):
        turns[:, joint] = reach * swing[:, None] * random.uniform(-1, 1, 3)
    rotations = axis_angle_to_matrix(turns)
    rotations[:, 0] = Y_UP_TO_Z_UP @ rotations[:, 0]
    root = np.stack([0.1 * swing, 0.05 * beats / 8, np.full(frames, 0.92)], axis=1)
    motion = Motion(rotations.astype(np.float32), root.astype(np.float32), np.zeros((frames, 4), np.float32))
    motion.contacts = edge_contacts(motion.joints())
    return motion
