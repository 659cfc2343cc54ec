"""Finds the accents of a dance.

An accent is a kinematic beat of a body part, where its motion stops or reverses (Kim, Park and Shin 2003), or the
landing of a foot.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import argrelmin

from edge_backend.motion.skeleton import Joint
from edge_backend.schema.frames import FPS

Array = NDArray[np.floating]

GRID = 120  # samples a second of the accent curve; 8 ms are not audible as a delay
PULSE = 0.035  # seconds, standard deviation of one accent's pulse

# Joints and weight of each body part in the accent curve. The whole body has the largest weight, because beat alignment
# is measured by it.
PARTS: dict[str, tuple[list[int], float]] = {
    "body": (list(range(1, 22)), 2.0),
    "hands": ([Joint.LEFT_WRIST, Joint.RIGHT_WRIST], 0.5),
    "hips": ([Joint.PELVIS], 0.3),
    "feet": ([Joint.LEFT_TOES, Joint.RIGHT_TOES], 0.2),
}
PLANT_WEIGHT = 0.2


def accent_curve(joints: Array, contacts: Array) -> Array:
    """The strength of accents over time, (samples,) at GRID per second, about 0 to 3.

    joints: (frames, 24, 3) metres, world, at 30 fps. contacts: (frames, 4), 1 = on the floor.
    """
    samples = (len(joints) - 1) * GRID // FPS + 1
    curve = np.zeros(samples)
    for times, strengths, weight in [*_stops(joints), _plants(contacts)]:
        pulses = np.zeros(samples)
        np.add.at(pulses, np.clip(np.round(times * GRID).astype(int), 0, samples - 1), strengths)
        curve += weight * gaussian_filter1d(pulses, PULSE * GRID) * (PULSE * GRID * np.sqrt(2 * np.pi))
    return curve


def _stops(joints: Array) -> list[tuple[Array, Array, float]]:
    """Times, strengths and weight of every part's stops and turns."""
    relative = joints - joints[:, :1]
    relative[:, 0] = joints[:, 0]  # the pelvis in the world, all other joints relative to it
    found = []
    for members, weight in PARTS.values():
        speed = np.linalg.norm(np.gradient(relative[:, members], 1 / FPS, axis=0), axis=-1).mean(axis=1)
        found.append((*stops_of(speed), weight))
    return found


def stops_of(speed: Array) -> tuple[Array, Array]:
    """Times (n,), seconds, of the minima of a speed curve, and strengths (n,), the relative loss of speed, 0 to 1.

    speed: (frames,) m/s at 30 fps. Minima are located between frames by a parabola through three values.
    """
    smooth = gaussian_filter1d(speed, 1.2)
    minima = argrelmin(smooth)[0]
    minima = minima[(minima > 0) & (minima < len(smooth) - 1)]
    left, middle, right = smooth[minima - 1], smooth[minima], smooth[minima + 1]
    offset = 0.5 * (left - right) / np.maximum(left - 2 * middle + right, 1e-9)
    window = 8  # frames on either side, a quarter of a second, over which the loss of speed is measured
    before = np.array([smooth[max(0, m - window) : m + 1].max() for m in minima])
    after = np.array([smooth[m : m + window + 1].max() for m in minima])
    typical = np.percentile(smooth, 80) + 1e-6
    strength = np.clip((0.6 * before + 0.4 * after - middle) / typical, 0, 1)
    return (minima + np.clip(offset, -0.5, 0.5)) / FPS, strength


def _plants(contacts: Array) -> tuple[Array, Array, float]:
    """Times, strengths and weight of landings: heel or toe of a foot in contact after neither was."""
    down = np.stack([contacts[:, [0, 2]].max(axis=1), contacts[:, [1, 3]].max(axis=1)], axis=1) > 0.5
    frames = np.nonzero((down[1:] & ~down[:-1]).any(axis=1))[0] + 1
    return frames / FPS, np.ones(len(frames)), PLANT_WEIGHT
