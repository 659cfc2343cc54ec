"""The legs of a skeleton: their joints, and the points of the soles in the joints' own axes."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...numerics.array import Array
from ..kinematics import forward_kinematics, global_rotations
from ..skeleton import SMPL, Y_UP_TO_Z_UP, Joint, Skeleton

SMPL_LEG_LENGTH = 0.81  # metres, hip to ankle; lengths in settings and modules are for such a leg, scaled for others

# Proportions of a bare foot, from SMPL's body: the toe joint is 22 mm above the sole; the heel extends 0.35 behind the
# ankle, and the toes 0.5 beyond the toe joint, as shares of the horizontal distance from ankle to toe joint.
SMPL_TOE_HEIGHT = 0.022
HEEL_REACH = 0.35
TOE_REACH = 0.5


@dataclass(frozen=True)
class Leg:
    """Joint numbers of one leg. Further joints (twist bones) may lie between them. toe: the joint at the ball."""

    hip: int
    knee: int
    ankle: int
    toe: int


@dataclass(frozen=True)
class Sole:
    """The sole of a foot that stands flat; metres.

    toe_height: the toe joint above it. heel: how far it reaches behind the ankle. tip: ahead and up, the end of the
    toes from the point of the sole under the toe joint.
    """

    toe_height: float
    heel: float
    tip: tuple[float, float]


@dataclass(frozen=True)
class Foot:
    """Measurements of one leg and its foot, which stands flat in the rig's stance; metres.

    ankle_turn, toe_turn: (3, 3) world rotations of the joints in the stance. to_toe: (3,) ankle to toe joint there,
    world. ankle_height, toe_height: joints above the sole. heel, ball: (3,) points of the sole in the ankle's own axes.
    under_toe, tip: (3,) points of the sole in the toe joint's own axes. hinge: (3,) unit, in the hip's own axes: a
    positive rotation about it bends the knee. thigh, shin: bone lengths.
    """

    ankle_turn: Array
    toe_turn: Array
    to_toe: Array
    ankle_height: float
    toe_height: float
    heel: Array
    ball: Array
    under_toe: Array
    tip: Array
    hinge: Array
    thigh: float
    shin: float

    @property
    def scale(self) -> float:
        """The leg's length over SMPL's."""
        return (self.thigh + self.shin) / SMPL_LEG_LENGTH


@dataclass(frozen=True)
class FootRig:
    """A skeleton of J joints with legs.

    stance: (J, 3, 3) local rotations of the pose in which the rig stands upright on flat feet in the world, z up; for
    most rigs the rest pose. It includes the rotation from the skeleton's axes to the world's: SMPL's has +90 degrees
    about x at the pelvis. toe_height: the toe joints above the sole, metres; None assumes a foot of SMPL's proportions.
    soles: those of the legs, if they are known; a bare foot's by default.
    Joint 0 is the pelvis or moves with it. Callers add a leaf joint at each ball to rigs without toe bones.
    Raises ValueError if joints do not exist or are not ancestors of one another from toe to hip.
    """

    skeleton: Skeleton
    legs: tuple[Leg, ...]
    stance: Array
    toe_height: float | None = None
    soles: tuple[Sole, ...] | None = None

    def __post_init__(self) -> None:
        if np.shape(self.stance) != (len(self.skeleton), 3, 3):
            raise ValueError(f"stance has the shape {np.shape(self.stance)}, the skeleton {len(self.skeleton)} joints")
        for leg in self.legs:
            upwards = [leg.toe, leg.ankle, leg.knee, leg.hip]
            if leg.hip < 1 or [joint for joint in self.chain(leg) if joint in upwards] != upwards:
                raise ValueError(f"the joints of {leg} do not follow one another")

    def chain(self, leg: Leg) -> list[int]:
        """The joint numbers from the toe joint up to the hip. Raises ValueError if the hip is no ancestor of it."""
        chain = [leg.toe]
        while chain[-1] != leg.hip:
            if not 0 < chain[-1] < len(self.skeleton):
                raise ValueError(f"in the skeleton no way leads from joint {leg.toe} up to joint {leg.hip}")
            chain.append(self.skeleton.parents[chain[-1]])
        return chain

    @cached_property
    def feet(self) -> tuple[Foot, ...]:
        """The feet in the order of the legs."""
        stance = np.asarray(self.stance, dtype=np.float64)
        turns = global_rotations(stance, self.skeleton)
        joints = forward_kinematics(stance, np.zeros(3), self.skeleton)
        return tuple(self._foot(number, turns, joints) for number in range(len(self.legs)))

    def _foot(self, number: int, turns: Array, joints: Array) -> Foot:
        leg = self.legs[number]
        thigh = float(np.linalg.norm(joints[leg.knee] - joints[leg.hip]))
        shin = float(np.linalg.norm(joints[leg.ankle] - joints[leg.knee]))
        to_toe = joints[leg.toe] - joints[leg.ankle]
        forward = to_toe * [1, 1, 0]
        sole = self.soles[number] if self.soles else self._bare_sole(thigh + shin, float(np.linalg.norm(forward)))
        toe_height, ahead = sole.toe_height, forward / np.linalg.norm(forward)
        ankle_height = toe_height - to_toe[2]
        down = np.array([0.0, 0.0, -1.0])
        hinge = np.cross(forward, down)
        ankle_axes, toe_axes = turns[leg.ankle].T, turns[leg.toe].T
        return Foot(
            ankle_turn=turns[leg.ankle],
            toe_turn=turns[leg.toe],
            to_toe=to_toe,
            ankle_height=float(ankle_height),
            toe_height=float(toe_height),
            heel=ankle_axes @ (ankle_height * down - sole.heel * ahead),
            ball=ankle_axes @ (to_toe + toe_height * down),
            under_toe=toe_axes @ (toe_height * down),
            tip=toe_axes @ ((toe_height - sole.tip[1]) * down + sole.tip[0] * ahead),
            hinge=turns[leg.hip].T @ (hinge / np.linalg.norm(hinge)),
            thigh=thigh,
            shin=shin,
        )

    def _bare_sole(self, leg: float, length: float) -> Sole:
        """The sole of a bare foot. leg: metres, thigh + shin. length: metres, from the ankle ahead to the toe joint."""
        toe_height = SMPL_TOE_HEIGHT * leg / SMPL_LEG_LENGTH if self.toe_height is None else self.toe_height
        return Sole(toe_height, HEEL_REACH * length, (TOE_REACH * length, 0.0))

    @cached_property
    def scale(self) -> float:
        """The legs' length over SMPL's."""
        return float(np.mean([foot.scale for foot in self.feet]))


def _smpl_stance() -> Array:
    stance = np.tile(np.eye(3, dtype=np.float32), (len(SMPL), 1, 1))
    stance[Joint.PELVIS] = Y_UP_TO_Z_UP
    return stance


SMPL_RIG = FootRig(
    SMPL,
    (
        Leg(Joint.LEFT_HIP, Joint.LEFT_KNEE, Joint.LEFT_ANKLE, Joint.LEFT_TOES),
        Leg(Joint.RIGHT_HIP, Joint.RIGHT_KNEE, Joint.RIGHT_ANKLE, Joint.RIGHT_TOES),
    ),
    _smpl_stance(),
)

SMPL_LEG_JOINTS = [Joint.PELVIS, *(joint for leg in SMPL_RIG.legs for joint in (leg.hip, leg.knee, leg.ankle, leg.toe))]

SMPL_LEGS = FootRig(SMPL.part(SMPL_LEG_JOINTS), (Leg(1, 2, 3, 4), Leg(5, 6, 7, 8)), SMPL_RIG.stance[SMPL_LEG_JOINTS])
"""SMPL's pelvis and legs alone, SMPL_LEG_JOINTS of the skeleton: all that detecting plants needs."""
