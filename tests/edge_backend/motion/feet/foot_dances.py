"""The dances that the cleanup is tested on, with and without faults, and what it makes of them."""

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from foot_faults import add_fault
from sole_metrics import airborne, in_jump, knee_angles, sole_points

from edge_backend.evaluation.feet import skate_ratio
from edge_backend.evaluation.smoothness import jitter
from edge_backend.motion.contacts import edge_contacts
from edge_backend.motion.feet import Cleaned, clean
from edge_backend.motion.feet.metrics import plant_slide
from edge_backend.motion.kinematics import forward_kinematics
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.numerics.array import Array

FILE = Path(__file__).parents[3] / "data" / "feet" / "dances.npz"
NAMES = ("salsa", "modern", "breakdance", "commercial")
LEG_JOINTS = [1, 2, 4, 5, 7, 8, 10, 11]
ABOVE_HIPS = [joint for joint in range(24) if joint not in LEG_JOINTS]


@dataclass(frozen=True)
class Track:
    """A motion: rotations (T, 24, 3, 3) and root (T, 3)."""

    rotations: Array
    root: Array

    @cached_property
    def joints(self) -> Array:
        return forward_kinematics(self.rotations.astype(np.float64), self.root)

    @cached_property
    def soles(self) -> Array:
        return sole_points(self.rotations, self.root)

    @property
    def skate(self) -> float:
        return skate_ratio(self.joints)

    @property
    def penetration(self) -> float:
        return max(0.0, float(-self.soles[..., 2].min()))

    @property
    def floating(self) -> float:
        return float((airborne(self.soles) & ~self.jumping).mean())

    @property
    def jumping(self) -> Array:
        return in_jump(self.soles, self.joints[:, 0, 2])

    @property
    def jitter(self) -> float:
        return jitter(self.joints)

    @property
    def knee_speed(self) -> float:
        return float(np.abs(np.diff(knee_angles(self.joints), axis=0)).max())


@dataclass(frozen=True)
class Case:
    """A good dance, the same with a fault, and that cleaned. contacts: (T, 4) of the good one, as a model tells."""

    name: str
    good: Track
    faulty: Track
    clean: Track
    contacts: Array
    result: Cleaned

    def slide(self, track: Track) -> Array:
        """Millimetres per frame of planted joints."""
        return plant_slide(track.joints, self.result.planted) * 1000


@cache
def dance(name: str) -> Track:
    with np.load(FILE, allow_pickle=False) as file:
        poses, root = file[f"{name}_poses"], file[f"{name}_root"]
    return Track(axis_angle_to_matrix(poses.reshape(len(root), 24, 3)), root)


@cache
def case(name: str, fault: str, seed: int = 0) -> Case:
    return make_case(name, dance(name), fault, seed)


def make_case(name: str, good: Track, fault: str, seed: int = 0) -> Case:
    contacts = edge_contacts(good.joints)
    faulty = Track(*add_fault(fault, good.rotations, good.root, seed))
    result = clean(faulty.rotations, faulty.root, contacts)
    return Case(name, good, faulty, Track(result.rotations, result.root), contacts, result)
