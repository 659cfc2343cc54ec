"""Which feet stand in a dance, told by the dance itself before it goes onto another body.

Other proportions make feet slide, so a body's own feet tell little about which of them are meant to stand.
"""

import numpy as np

from ...numerics.array import Array
from ..feet import clean
from ..feet.metrics import plant_slide
from ..motion import Motion
from ..skeleton import Joint

_STANDS = 0.00005
"""Metres per frame, the median of planted feet: a dance that slides less has been cleaned. Mocap has 0.0003."""
_SLIDES = 0.001
"""Metres per frame: what slides more in a dance that has been cleaned was left to slide."""

_POINTS = [[Joint.LEFT_ANKLE, Joint.LEFT_TOES], [Joint.RIGHT_ANKLE, Joint.RIGHT_TOES]]


def standing_feet(motion: Motion) -> Array:
    """Contacts (T, 4), 0 or 1, as EDGE's channels have them: where the foot cleanup plants a foot on the model.

    Frame t speaks of the way from t to t + 1.
    """
    planted = clean(motion.rotations, motion.root, motion.contacts).planted
    stands = planted.copy()
    stands[:-1] &= planted[1:]
    joints = motion.joints().astype(np.float64)
    slide = plant_slide(joints, planted)
    if slide.size and np.median(slide) < _STANDS:
        slides = np.linalg.norm(np.diff(joints[:, _POINTS, :2], axis=0), axis=-1) > _SLIDES
        stands[:-1] &= ~slides
    return stands.transpose(0, 2, 1).reshape(len(stands), 4).astype(np.float32)
