"""The input motion of the cleanup in the form that its steps need: world space, float64, one axis for legs."""

import numpy as np

from ...numerics.array import Array
from ..kinematics import global_rotations, joint_positions
from .contact_detection import joint_speed
from .rig import FootRig
from .targets import FootTrack

CONTACT_SPEED = 0.3  # metres per second: EDGE's 0.01 m per frame; without contacts given, this speed counts as 0.5


class Body:
    """A motion on a rig.

    rotations: (T, J, 3, 3) local and root: (T, 3) metres, world, as given. joints: (T, J, 3) metres and turns:
    (T, J, 3, 3) rotations, world. points: (T, legs, 2, 3) ankle and toe joints. heights: (T, legs, 2) of these above
    where they are on a foot that stands flat at z = 0. contacts: (T, legs, 2) in [0, 1], heel and toes.
    constrained_root: bool (T,), constrained_legs: bool (T, legs). Raises ValueError if shapes disagree.
    """

    def __init__(
        self, rotations: Array, root: Array, rig: FootRig, contacts: Array | None, constrained: Array | None
    ) -> None:
        self.rig, self.rotations, self.root = rig, rotations, root
        self.frames, legs = len(rotations), len(rig.legs)
        _expect("root", root, (self.frames, 3))
        doubles = np.asarray(rotations, dtype=np.float64)
        self.turns = global_rotations(doubles, rig.skeleton)
        self.joints = joint_positions(self.turns, root, rig.skeleton)
        ankles, toes = [leg.ankle for leg in rig.legs], [leg.toe for leg in rig.legs]
        self.points = np.stack([self.joints[:, ankles], self.joints[:, toes]], axis=2)
        self.heights = self.points[..., 2] - [[foot.ankle_height, foot.toe_height] for foot in rig.feet]
        if contacts is None:
            contacts = np.clip(1 - joint_speed(self.points) / rig.scale / (2 * CONTACT_SPEED), 0, 1)
        else:
            _expect("contacts", contacts, (self.frames, 2 * legs))
            contacts = np.reshape(contacts, (self.frames, 2, legs)).swapaxes(1, 2)
        self.contacts = contacts
        constrained = np.zeros((self.frames, len(rig.skeleton)), dtype=bool) if constrained is None else constrained
        _expect("constrained", constrained, (self.frames, len(rig.skeleton)))
        # The root moves every joint, so it may not move in frames in which any joint is constrained.
        self.constrained_root = constrained.any(axis=1)
        self.constrained_legs = np.stack([constrained[:, rig.chain(leg)].any(axis=1) for leg in rig.legs], axis=1)

    def foot_turns(self, leg: int) -> tuple[Array, Array]:
        """World rotations (T, 3, 3) of ankle and toe joint relative to the rig's stance. leg: its number."""
        foot, joints = self.rig.feet[leg], self.rig.legs[leg]
        return self.turns[:, joints.ankle] @ foot.ankle_turn.T, self.turns[:, joints.toe] @ foot.toe_turn.T

    def tracks(self, shift: Array) -> list[FootTrack]:
        """One track per leg, after the root was translated by shift (T, 3), metres, world."""
        return [FootTrack(self.points[:, leg, 0] + shift, *self.foot_turns(leg)) for leg in range(len(self.rig.legs))]


def _expect(name: str, array: Array, shape: tuple[int, ...]) -> None:
    if np.shape(array) != shape:
        raise ValueError(f"{name} has the shape {np.shape(array)}, not {shape}")
