"""The geometry of the drawn figure: round limbs attached to the skeleton's joints."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..motion.skeleton import Joint

Array = NDArray[np.floating]

IVORY, TEAL, CORAL, SLATE = range(4)
"""Materials of the trunk, the dancer's left side, the dancer's right side, and the face."""

COLOURS = np.array([[0.70, 0.66, 0.58], [0.03, 0.50, 0.46], [0.95, 0.19, 0.09], [0.05, 0.06, 0.09]], np.float32)
"""(materials, 3) linear RGB."""


class Part(NamedTuple):
    """A round limb between two points, each given by a joint and an offset from it.

    offset, end_offset: metres, in SMPL's axes at rest (x left, y up, z forward). radius, end_radius: metres; the radius
    is interpolated between them. material: a row of COLOURS.
    """

    joint: Joint
    offset: tuple[float, float, float]
    radius: float
    end_joint: Joint
    end_offset: tuple[float, float, float]
    end_radius: float
    material: int


@dataclass(frozen=True)
class Limbs:
    """Posed limbs, world. starts, ends: (N, 3) metres. radii: (N, 2) metres. materials: (N,) rows of COLOURS."""

    starts: Array
    ends: Array
    radii: Array
    materials: NDArray[np.integer]


def pose_limbs(joints: Array, turned: Array) -> Limbs:
    """The limbs of one pose. joints: (24, 3) metres, world. turned: (24, 3, 3) world rotations of the joints."""
    starts = joints[_START_JOINTS] + np.einsum("nij,nj->ni", turned[_START_JOINTS], _START_OFFSETS)
    ends = joints[_END_JOINTS] + np.einsum("nij,nj->ni", turned[_END_JOINTS], _END_OFFSETS)
    return Limbs(starts.astype(np.float32), ends.astype(np.float32), _RADII, _MATERIALS)


def _trunk() -> list[Part]:
    """Pelvis, belly, ribs, chest, neck, head, and a dark visor that shows the viewing direction."""
    J = Joint

    def across(joint: Joint, half: float, up: float, forward: float, radius: float) -> Part:
        return Part(joint, (half, up, forward), radius, joint, (-half, up, forward), radius, IVORY)

    def flank(side: int) -> Part:
        return Part(J.PELVIS, (side * 0.038, 0.03, 0.0), 0.092, J.SPINE3, (side * 0.068, 0.06, 0.0), 0.098, IVORY)

    return [
        across(J.PELVIS, 0.066, -0.045, -0.005, 0.096),
        flank(1),
        flank(-1),
        Part(J.PELVIS, (0, 0, 0.004), 0.098, J.SPINE3, (0, 0.06, 0.008), 0.104, IVORY),
        across(J.SPINE3, 0.068, 0.075, 0.012, 0.100),
        Part(J.NECK, (0, -0.05, 0), 0.056, J.HEAD, (0, 0, -0.01), 0.046, IVORY),
        Part(J.HEAD, (0, 0.025, 0.02), 0.074, J.HEAD, (0, 0.105, 0.0), 0.092, IVORY),
        Part(J.HEAD, (0.036, 0.088, 0.070), 0.034, J.HEAD, (-0.036, 0.088, 0.070), 0.034, SLATE),
    ]


def _side(side: int, material: int) -> list[Part]:
    """Arm and leg of one side: 1 left, -1 right."""
    collar, shoulder, elbow, wrist, hand, hip, knee, ankle, toes = (
        Joint[f"{'LEFT' if side > 0 else 'RIGHT'}_{name}"]
        for name in ("COLLAR", "SHOULDER", "ELBOW", "WRIST", "HAND", "HIP", "KNEE", "ANKLE", "TOES")
    )
    none = (0.0, 0.0, 0.0)
    return [
        Part(collar, (0, -0.01, 0), 0.066, shoulder, none, 0.058, IVORY),
        Part(shoulder, none, 0.057, elbow, none, 0.043, material),
        Part(elbow, none, 0.043, wrist, none, 0.030, material),
        Part(wrist, none, 0.030, hand, none, 0.034, material),
        Part(hand, none, 0.033, hand, (side * 0.075, -0.012, 0.0), 0.019, material),
        Part(wrist, (side * 0.03, -0.005, 0.02), 0.018, wrist, (side * 0.08, -0.015, 0.062), 0.012, material),
        Part(hip, (0, -0.01, 0), 0.088, knee, none, 0.058, material),
        Part(knee, none, 0.058, ankle, none, 0.038, material),
        Part(ankle, (0, -0.043, -0.038), 0.037, toes, (0, 0.010, -0.01), 0.033, material),
        Part(ankle, none, 0.038, ankle, (0, -0.040, 0.045), 0.040, material),
        Part(toes, (0, 0.008, 0), 0.031, toes, (side * 0.012, 0.002, 0.055), 0.024, material),
    ]


_PARTS = [*_trunk(), *_side(1, TEAL), *_side(-1, CORAL)]
_START_JOINTS = np.array([part.joint for part in _PARTS])
_END_JOINTS = np.array([part.end_joint for part in _PARTS])
_START_OFFSETS = np.array([part.offset for part in _PARTS], np.float32)
_END_OFFSETS = np.array([part.end_offset for part in _PARTS], np.float32)
_RADII = np.array([[part.radius, part.end_radius] for part in _PARTS], np.float32)
_MATERIALS = np.array([part.material for part in _PARTS])
