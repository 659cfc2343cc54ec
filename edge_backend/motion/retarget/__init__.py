"""Retargeting: a motion onto any humanoid rig, and poses of such a rig back to the model's skeleton.

`fit` measures a rig at rest, `pose_rig` computes its channels for a motion, `read_rig` a motion from its poses;
docs/retargeting.md explains the method. `onto_body` and `off_body` do the same for SMPL bodies of other proportions.
numpy and the standard library only.
"""

from .body import off_body, onto_body
from .fitting import Fit, fit
from .off_rig import read_rig
from .onto_rig import BonePose, pose_rig, pose_rig_in_steps
from .rig import Rig, RigBone
from .slots import NECKS, SIDED, SIDES, SPINES, slot_names

__all__ = [
    "NECKS",
    "SIDED",
    "SIDES",
    "SPINES",
    "BonePose",
    "Fit",
    "Rig",
    "RigBone",
    "fit",
    "off_body",
    "onto_body",
    "pose_rig",
    "pose_rig_in_steps",
    "read_rig",
    "slot_names",
]
