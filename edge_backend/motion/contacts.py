"""EDGE's binary foot contact labels, from joint positions."""

import numpy as np

from ..numerics.array import Array
from .skeleton import Joint

# The order of the four contact channels.
CONTACT_JOINTS = (Joint.LEFT_ANKLE, Joint.RIGHT_ANKLE, Joint.LEFT_TOES, Joint.RIGHT_TOES)

CONTACT_SPEED = 0.01  # metres per frame at 30 frames a second


def edge_contacts(joints: Array) -> Array:
    """EDGE's contact labels (..., T, 4) from joint positions (..., T, 24, 3) in metres at 30 frames a second.

    Left ankle, right ankle, left toes, right toes; 1 where the joint moves less than 0.01 m to the next frame, else 0;
    always 1 in the last frame, which has no next one (Tseng et al. 2023, section 3).
    """
    feet = joints[..., list(CONTACT_JOINTS), :]
    contacts = np.ones(feet.shape[:-1], dtype=np.float32)
    contacts[..., :-1, :] = np.linalg.norm(np.diff(feet, axis=-3), axis=-1) < CONTACT_SPEED
    return contacts
