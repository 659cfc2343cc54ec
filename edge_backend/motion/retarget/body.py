"""Dances on SMPL's own skeleton in other proportions: a body of another shape takes every joint's turn as it is."""

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
"""Metres. Offsets that are nearer than this to the model's are the model's, rounded in some file."""
_HIPS = [Joint.LEFT_HIP, Joint.RIGHT_HIP]
_ANKLES = [Joint.LEFT_ANKLE, Joint.RIGHT_ANKLE]
_TOES = [Joint.LEFT_TOES, Joint.RIGHT_TOES]


def onto_body(motion: Motion, joints: Array, feet: FootSettings | None = None) -> Motion:
    """The motion on a body whose rest joints (24, 3) are these: metres, z up, standing on z = 0, T-pose.

    Joints turn as the model's; the hips' way is larger or smaller by the legs' length. feet: how feet are cleaned again
    in the body's proportions, None leaves them. A body of the model's own proportions gets the motion itself.
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
    """What `onto_body` made, in the model's proportions again."""
    if np.allclose(_skeleton(joints).offsets, SMPL.offsets, atol=_SAME):
        return motion
    scale, lift, middle = _measures(joints)
    pelvis = _pelvis(motion)
    root = (motion.root + pelvis @ middle - lift) / scale - pelvis @ MODEL_HIPS
    return replace(motion, root=root.astype(np.float32))


def body_rig(joints: Array) -> FootRig:
    """The body's legs as the foot cleanup wants them. joints: as for `onto_body`."""
    return FootRig(_skeleton(joints), SMPL_RIG.legs, SMPL_RIG.stance, float(joints[_TOES, 2].mean()))


def _skeleton(joints: Array) -> Skeleton:
    offsets = np.zeros((len(SMPL), 3))
    offsets[1:] = (joints[1:] - joints[list(SMPL.parents[1:])]) @ Y_UP_TO_Z_UP
    return Skeleton(SMPL.names, SMPL.parents, offsets)


def _measures(joints: Array) -> tuple[float, Array, Array]:
    """How much longer the legs are than the model's; what the scaled hips rise by, so that ankles are at the body's own
    height (3,); from the pelvis to the middle between the hip joints, at rest (3,)."""
    knees = joints[[Joint.LEFT_KNEE, Joint.RIGHT_KNEE]]
    thighs, shins = knees - joints[_HIPS], joints[_ANKLES] - knees
    leg = (np.linalg.norm(thighs, axis=1) + np.linalg.norm(shins, axis=1)).mean()
    scale = float(leg / MODEL_LEG)
    lift = np.array([0.0, 0.0, joints[_ANKLES, 2].mean() - MODEL_ANKLE * scale])
    return scale, lift, joints[_HIPS].mean(axis=0) - joints[Joint.PELVIS]


def _pelvis(motion: Motion) -> Array:
    """The pelvis's turn (T, 3, 3) from the T-pose, z up."""
    turns: Array = motion.rotations[:, Joint.PELVIS].astype(np.float64) @ Y_UP_TO_Z_UP.T
    return turns
