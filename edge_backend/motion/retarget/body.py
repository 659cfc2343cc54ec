"""Retargeting to SMPL bodies of other proportions: joint rotations are unchanged, root and feet are adapted."""

from dataclasses import replace

import numpy as np

from ...numerics.array import Array
from ..feet import FootRig, FootSettings, settle
from ..feet.rig import SMPL_RIG
from ..motion import Motion
from ..skeleton import SMPL, Y_UP_TO_Z_UP, Joint, Skeleton
from .contacts import standing_feet
from .fitting import MODEL_ANKLE, MODEL_HIPS, MODEL_LEG

_SAME = 1e-3
"""Metres. Offsets that differ by less from the model's count as equal; files round them."""
_HIPS = [Joint.LEFT_HIP, Joint.RIGHT_HIP]
_ANKLES = [Joint.LEFT_ANKLE, Joint.RIGHT_ANKLE]
_TOES = [Joint.LEFT_TOES, Joint.RIGHT_TOES]


def onto_body(motion: Motion, joints: Array, feet: FootSettings | None = None) -> Motion:
    """The motion on a body with these rest joints.

    joints: (24, 3) metres, z up, T-pose, standing on z = 0. Joint rotations are the model's; the path of the hips is
    scaled by leg length. feet: settings of the foot cleanup in the body's proportions, None for no cleanup. For a body
    of the model's own proportions, the motion itself is returned.
    """
    skeleton = _skeleton(joints)
    if np.allclose(skeleton.offsets, SMPL.offsets, atol=_SAME):
        return motion
    scale, lift, middle = _measures(joints)
    pelvis = _pelvis(motion)
    root = (motion.root + pelvis @ MODEL_HIPS) * scale + lift - pelvis @ middle
    rotations = motion.rotations
    if feet is not None:
        cleaned = settle(rotations, root, standing_feet(motion), feet, rig=body_rig(joints))
        rotations, root = cleaned.rotations, cleaned.root
    return replace(motion, rotations=rotations.astype(np.float32), root=root.astype(np.float32))


def off_body(motion: Motion, joints: Array) -> Motion:
    """The inverse of `onto_body` without foot cleanup: the motion in the model's proportions. joints: as there."""
    if np.allclose(_skeleton(joints).offsets, SMPL.offsets, atol=_SAME):
        return motion
    scale, lift, middle = _measures(joints)
    pelvis = _pelvis(motion)
    root = (motion.root + pelvis @ middle - lift) / scale - pelvis @ MODEL_HIPS
    return replace(motion, root=root.astype(np.float32))


def body_rig(joints: Array) -> FootRig:
    """The body's legs for the foot cleanup. joints: (24, 3), as for `onto_body`."""
    return FootRig(_skeleton(joints), SMPL_RIG.legs, SMPL_RIG.stance, float(joints[_TOES, 2].mean()))


def _skeleton(joints: Array) -> Skeleton:
    offsets = np.zeros((len(SMPL), 3))
    offsets[1:] = (joints[1:] - joints[list(SMPL.parents[1:])]) @ Y_UP_TO_Z_UP
    return Skeleton(SMPL.names, SMPL.parents, offsets)


def _measures(joints: Array) -> tuple[float, Array, Array]:
    """Scale, lift (3,) and middle (3,) of a body with rest joints (24, 3), metres, z up.

    scale: leg length over the model's. lift: translation of the scaled hips that puts ankles at the body's own height.
    middle: from the pelvis to the midpoint of the hip joints at rest.
    """
    knees = joints[[Joint.LEFT_KNEE, Joint.RIGHT_KNEE]]
    thighs, shins = knees - joints[_HIPS], joints[_ANKLES] - knees
    leg = (np.linalg.norm(thighs, axis=1) + np.linalg.norm(shins, axis=1)).mean()
    scale = float(leg / MODEL_LEG)
    lift = np.array([0.0, 0.0, joints[_ANKLES, 2].mean() - MODEL_ANKLE * scale])
    return scale, lift, joints[_HIPS].mean(axis=0) - joints[Joint.PELVIS]


def _pelvis(motion: Motion) -> Array:
    """World rotations (T, 3, 3) of the pelvis relative to the T-pose, z up."""
    turns: Array = motion.rotations[:, Joint.PELVIS].astype(np.float64) @ Y_UP_TO_Z_UP.T
    return turns
