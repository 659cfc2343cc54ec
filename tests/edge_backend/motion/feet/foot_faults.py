"""Adds faults like those of generative models to a good motion, to measure the cleanup."""

import numpy as np

from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.motion.skeleton import Joint
from edge_backend.numerics.array import Array

KINDS = ("clean", "root drift", "wobble", "float", "sink", "all")


def add_fault(kind: str, rotations: Array, root: Array, seed: int = 0) -> tuple[Array, Array]:
    """The motion with one kind of fault.

    root drift: the root wanders horizontally by smooth waves of 2 to 10 s, 3 cm rms in each direction, so feet slide.
    wobble: hips and knees swing by waves of 0.7 to 3 s, 1.5 degrees rms each: feet wander and sink by centimetres.
    float, sink: the whole dancer 4 cm too high or too low, and 1.5 cm rms up and down besides. all: drift, wobble,
    float.
    """
    generator = np.random.default_rng(seed)
    rotations, root = rotations.astype(np.float64), root.astype(np.float64)
    frames = len(root)
    if kind in ("root drift", "all"):
        root[:, :2] += 0.03 * waves(generator, frames, 2, 2.0, 10.0)
    if kind in ("wobble", "all"):
        joints = [Joint.LEFT_HIP, Joint.RIGHT_HIP, Joint.LEFT_KNEE, Joint.RIGHT_KNEE]
        swing = np.radians(1.5) * waves(generator, frames, 12, 0.7, 3.0).reshape(frames, 4, 3)
        swing[:, 2:, 1:] = 0  # knees are hinges about x
        rotations[:, joints] = rotations[:, joints] @ axis_angle_to_matrix(swing)
    if kind in ("float", "sink", "all"):
        height = -0.04 if kind == "sink" else 0.04
        root[:, 2] += height + 0.015 * waves(generator, frames, 1, 3.0, 10.0)[:, 0]
    return rotations, root


def waves(generator: np.random.Generator, frames: int, channels: int, shortest: float, longest: float) -> Array:
    """Sums (frames, channels) of five sine waves with periods, in seconds, between the two; rms 1 over long times."""
    time = np.arange(frames)[:, None, None] / 30
    frequency = generator.uniform(1 / longest, 1 / shortest, (channels, 5))
    phase = generator.uniform(0, 2 * np.pi, (channels, 5))
    return np.sin(2 * np.pi * frequency * time + phase).sum(axis=-1) * np.sqrt(2 / 5)
