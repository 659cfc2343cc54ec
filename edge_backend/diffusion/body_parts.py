"""Joints that animators name together, and the channels of the motion vector that are theirs (numpy only)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from ..motion.contacts import CONTACT_JOINTS
from ..motion.representation import CHANNELS, CONTACTS, ROOT, ROTATIONS
from ..motion.skeleton import Joint
from ..numerics.array import Array


def _side(side: str, *names: str) -> frozenset[Joint]:
    return frozenset(Joint[f"{side}_{name}"] for name in names)


_ARM = ("COLLAR", "SHOULDER", "ELBOW", "WRIST", "HAND")
_LEG = ("HIP", "KNEE", "ANKLE", "TOES")
_LEFT_LEG, _RIGHT_LEG = _side("LEFT", *_LEG), _side("RIGHT", *_LEG)


@dataclass(frozen=True)
class BodyPart:
    """A set of joints, with or without the root's position and the contacts of the feet.

    contacts: the joints of CONTACT_JOINTS whose contact channels are part of it.
    """

    joints: frozenset[Joint]
    root: bool = False
    contacts: frozenset[Joint] = frozenset()

    def without(self, joints: Iterable[Joint]) -> "BodyPart":
        """The part without these joints, and without the contacts of a foot whose leg is among them."""
        free = frozenset(joints)
        legs = [leg for leg in (_LEFT_LEG, _RIGHT_LEG) if leg & free]
        return replace(self, joints=self.joints - free, contacts=self.contacts.difference(*legs))

    def channels(self) -> Array:
        """(151,) bool: the part's channels of a motion vector."""
        mask = np.zeros(CHANNELS, dtype=bool)
        mask[CONTACTS] = [joint in self.contacts for joint in CONTACT_JOINTS]
        mask[ROOT] = self.root
        for joint in self.joints:
            mask[rotation_of(joint)] = True
        return mask


def rotation_of(joint: Joint) -> slice:
    """The six channels of a joint's rotation."""
    start = ROTATIONS.start + 6 * joint
    return slice(start, start + 6)


WHOLE = BodyPart(frozenset(Joint), root=True, contacts=frozenset(CONTACT_JOINTS))
BODY_PARTS = MappingProxyType(
    {
        "whole": WHOLE,
        "upper": BodyPart(frozenset(Joint) - _LEFT_LEG - _RIGHT_LEG - {Joint.PELVIS}),
        "lower": BodyPart(_LEFT_LEG | _RIGHT_LEG | {Joint.PELVIS}, root=True, contacts=frozenset(CONTACT_JOINTS)),
        "left_arm": BodyPart(_side("LEFT", *_ARM)),
        "right_arm": BodyPart(_side("RIGHT", *_ARM)),
        "left_leg": BodyPart(_LEFT_LEG),
        "right_leg": BodyPart(_RIGHT_LEG),
        "legs": BodyPart(_LEFT_LEG | _RIGHT_LEG),
        "head": BodyPart(frozenset({Joint.NECK, Joint.HEAD})),
    }
)
