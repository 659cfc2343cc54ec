"""How far planted feet slide. Other foot metrics are in evaluation."""

import numpy as np

from ...numerics.array import Array
from .rig import SMPL_RIG, FootRig


def plant_slide(joints: Array, planted: Array, rig: FootRig = SMPL_RIG) -> Array:
    """Horizontal displacements (n,), metres per frame, of ankles with planted heels and of planted toe joints.

    joints: (T, J, 3) metres, world. planted: bool (T, legs, 2), heel and toes.
    """
    points = np.stack([joints[:, [leg.ankle for leg in rig.legs]], joints[:, [leg.toe for leg in rig.legs]]], axis=2)
    return np.linalg.norm(np.diff(points[..., :2], axis=0), axis=-1)[planted[1:] & planted[:-1]]
