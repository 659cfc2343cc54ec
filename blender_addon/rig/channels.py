"""From a motion in the model's frame to the channels of bones. numpy only, no bpy."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..edge_backend.motion.motion import Motion
from ..edge_backend.motion.rotations import Array, continuous_quaternions, matrix_to_quaternion
from ..edge_backend.motion.skeleton import Y_UP_TO_Z_UP
from .skeleton import BONE_NAMES


@dataclass(frozen=True, slots=True)
class BoneChannels:
    """A bone's pose over T frames, relative to its rest pose and in its own axes.

    quaternions: (T, 4) as w, x, y, z, without sign flips. location: (T, 3) metres, None for bones that only turn.
    """

    bone: str
    quaternions: Array
    location: Array | None = None


def dancer_channels(motion: Motion, rest: Mapping[str, Array]) -> list[BoneChannels]:
    """Channels that make the dancer's bones follow the motion's forward kinematics.

    rest: bone name -> (4, 4) rest matrix in armature space (`bone.matrix_local`), in any roll.
    With C the turn from SMPL's axes to Blender's and B the bone's rest rotation, a local rotation R of the model is
    B^T C R C^T B in the bone's own axes; the root's R brings C along already.
    """
    C = Y_UP_TO_Z_UP.astype(np.float64)
    rotations = motion.rotations.astype(np.float64)
    turned = C @ rotations @ C.T
    turned[:, 0] = rotations[:, 0] @ C.T
    channels = []
    for joint, name in enumerate(BONE_NAMES):
        B = rest[name][:3, :3]
        quaternions = continuous_quaternions(matrix_to_quaternion(B.T @ turned[:, joint] @ B))
        location = (motion.root - rest[name][:3, 3]) @ B if joint == 0 else None
        channels.append(BoneChannels(name, quaternions, location))
    return channels
