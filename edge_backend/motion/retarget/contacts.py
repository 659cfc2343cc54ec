"""Contact labels of a motion, computed on the model's own skeleton before retargeting.

Retargeting to other proportions makes feet slide, so contacts cannot be detected afterwards.
"""

import numpy as np

from ...numerics.array import Array
from ..feet import find_plants
from ..feet.metrics import plant_slide
from ..feet.rig import SMPL_LEG_JOINTS, SMPL_LEGS
from ..kinematics import forward_kinematics
from ..motion import Motion

_STANDS = 0.00005
"""Metres per frame: a motion whose planted feet slide less, by the median, was cleaned. Motion capture has 0.0003."""
_SLIDES = 0.001
"""Metres per frame: a foot of a cleaned motion that slides more is not planted; the cleanup left it to slide."""

_POINTS = [[leg.ankle, leg.toe] for leg in SMPL_LEGS.legs]


def standing_feet(motion: Motion) -> Array:
    """Contacts (T, 4), 0 or 1, in the order of EDGE's channels: the plants that the foot cleanup finds on the model.

    Frame t is about the interval from t to t + 1.
    """
    planted = find_plants(motion.rotations, motion.root, motion.contacts)
    stands = planted.copy()
    stands[:-1] &= planted[1:]
    legs = forward_kinematics(motion.rotations[:, SMPL_LEG_JOINTS], motion.root, SMPL_LEGS.skeleton)
    joints = legs.astype(np.float64)
    slide = plant_slide(joints, planted, SMPL_LEGS)
    if slide.size and np.median(slide) < _STANDS:
        slides = np.linalg.norm(np.diff(joints[:, _POINTS, :2], axis=0), axis=-1) > _SLIDES
        stands[:-1] &= ~slides
    return stands.transpose(0, 2, 1).reshape(len(stands), 4).astype(np.float32)
