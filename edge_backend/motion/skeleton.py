"""The SMPL skeleton of 24 joints: names, parents, rest offsets, and the permutation that exchanges left and right."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from ..numerics.array import Array


class Joint(IntEnum):
    """Joint numbers of the SMPL skeleton (Loper et al. 2015)."""

    PELVIS = 0
    LEFT_HIP = 1
    RIGHT_HIP = 2
    SPINE1 = 3
    LEFT_KNEE = 4
    RIGHT_KNEE = 5
    SPINE2 = 6
    LEFT_ANKLE = 7
    RIGHT_ANKLE = 8
    SPINE3 = 9
    LEFT_TOES = 10
    RIGHT_TOES = 11
    NECK = 12
    LEFT_COLLAR = 13
    RIGHT_COLLAR = 14
    HEAD = 15
    LEFT_SHOULDER = 16
    RIGHT_SHOULDER = 17
    LEFT_ELBOW = 18
    RIGHT_ELBOW = 19
    LEFT_WRIST = 20
    RIGHT_WRIST = 21
    LEFT_HAND = 22
    RIGHT_HAND = 23


@dataclass(frozen=True)
class Skeleton:
    """A tree of J joints, sorted so that parents precede their children.

    names: one per joint. parents: joint numbers, -1 for joint 0. offsets: (J, 3) metres from the parent at rest, in the
    skeleton's own axes (for SMPL y up, x to the body's left, z forward).
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: Array

    def __len__(self) -> int:
        return len(self.names)

    def part(self, joints: Sequence[int]) -> "Skeleton":
        """The skeleton of these joints alone, in this order: joint 0 first, and every joint behind its parent."""
        numbers = list(joints)
        parents = (-1, *(numbers.index(self.parents[joint]) for joint in numbers[1:]))
        return Skeleton(tuple(self.names[joint] for joint in numbers), parents, self.offsets[numbers])


SMPL = Skeleton(
    names=tuple(joint.name.lower() for joint in Joint),
    parents=(-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21),
    offsets=np.array(
        [
            [0.0, 0.0, 0.0],
            [0.05858135, -0.08228004, -0.01766408],
            [-0.06030973, -0.09051332, -0.01354254],
            [0.00443945, 0.12440352, -0.03838522],
            [0.04345142, -0.38646945, 0.008037],
            [-0.04325663, -0.38368791, -0.00484304],
            [0.00448844, 0.1379564, 0.02682033],
            [-0.01479032, -0.42687458, -0.037428],
            [0.01905555, -0.4200455, -0.03456167],
            [-0.00226458, 0.05603239, 0.00285505],
            [0.04105436, -0.06028581, 0.12204243],
            [-0.03483987, -0.06210566, 0.13032329],
            [-0.0133902, 0.21163553, -0.03346758],
            [0.07170245, 0.11399969, -0.01889817],
            [-0.08295366, 0.11247234, -0.02370739],
            [0.01011321, 0.08893734, 0.05040987],
            [0.12292141, 0.04520509, -0.019046],
            [-0.11322832, 0.04685326, -0.00847207],
            [0.2553319, -0.01564902, -0.02294649],
            [-0.26012748, -0.01436928, -0.03126873],
            [0.26570925, 0.01269811, -0.00737473],
            [-0.26910836, 0.00679372, -0.00602676],
            [0.08669055, -0.01063603, -0.01559429],
            [-0.0887537, -0.00865157, -0.01010708],
        ],
        dtype=np.float32,
    ),
)

# MIRROR[joint] is the corresponding joint of the other side.
MIRROR = np.array([0, 2, 1, 3, 5, 4, 6, 8, 7, 9, 11, 10, 12, 14, 13, 15, 17, 16, 19, 18, 21, 20, 23, 22])

# Rotation by +90 degrees about x, from SMPL's axes (y up) to the world's (z up): (x, y, z) becomes (x, -z, y).
Y_UP_TO_Z_UP = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], dtype=np.float32)
