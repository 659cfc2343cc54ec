"""Converts a motion to the channels of the built-in dancer's bones, and back. numpy only, no bpy."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..edge_backend.motion.contacts import edge_contacts
from ..edge_backend.motion.feet import FootSettings
from ..edge_backend.motion.motion import Motion
from ..edge_backend.motion.retarget import off_body, onto_body
from ..edge_backend.motion.retarget.rig import unscaled
from ..edge_backend.motion.rotations import continuous_quaternions, matrix_to_quaternion
from ..edge_backend.motion.skeleton import SMPL, Y_UP_TO_Z_UP
from ..edge_backend.numerics.array import Array
from .skeleton import BONE_NAMES


@dataclass(frozen=True, slots=True)
class BoneChannels:
    """A bone's pose over T frames, relative to its rest pose and in its own axes.

    quaternions: (T, 4) as w, x, y, z, without sign flips. location: (T, 3) metres, None for bones that only rotate.
    """

    bone: str
    quaternions: Array
    location: Array | None = None


def cut(channels: BoneChannels, frames: slice) -> BoneChannels:
    """The channels in these frames only."""
    location = None if channels.location is None else channels.location[frames]
    return BoneChannels(channels.bone, channels.quaternions[frames], location)


def closed(channels: BoneChannels) -> BoneChannels:
    """The channels of a loop, with the last quaternion equal to the first one or its negative (the same rotation)."""
    quaternions = channels.quaternions.copy()
    if len(quaternions):
        quaternions[-1] = np.copysign(1.0, quaternions[-1] @ quaternions[0]) * quaternions[0]
    return BoneChannels(channels.bone, quaternions, channels.location)


def dancer_channels(motion: Motion, rest: Mapping[str, Array], feet: FootSettings | None = None) -> list[BoneChannels]:
    """Channels that make a dancer's bones follow the motion's forward kinematics.

    rest: bone name -> (4, 4) rest matrix in armature space (`bone.matrix_local`), with any roll. feet: settings of the
    foot cleanup for a dancer of other proportions than the model's, None for no cleanup.
    With C the rotation from SMPL's axes to Blender's and B the bone's rest rotation, a local rotation R of the model is
    B^T C R C^T B in the bone's own axes; the root's R includes C already.
    """
    motion = onto_body(motion, _rest_joints(rest), feet)
    C = Y_UP_TO_Z_UP.astype(np.float64)
    channels = []
    for joint, name in enumerate(BONE_NAMES):
        B, rotations = rest[name][:3, :3], motion.rotations[:, joint].astype(np.float64)
        turned = rotations @ C.T if joint == 0 else C @ rotations @ C.T
        quaternions = continuous_quaternions(matrix_to_quaternion(B.T @ turned @ B))
        location = (motion.root - rest[name][:3, 3]) @ B if joint == 0 else None
        channels.append(BoneChannels(name, quaternions, location))
    return channels


def motion_of_dancer(posed: Mapping[str, Array], rest: Mapping[str, Array]) -> Motion:
    """The motion of a posed dancer, with EDGE's contact labels: the inverse of `dancer_channels`.

    posed, rest: bone name -> (T, 4, 4) and (4, 4) matrices in armature space; their axes may be scaled.
    """
    world = np.stack([unscaled(posed[name][:, :3, :3]) @ rest[name][:3, :3].T for name in BONE_NAMES], axis=1)
    rotations = world @ Y_UP_TO_Z_UP.astype(np.float64)
    above = rotations[:, list(SMPL.parents[1:])]
    rotations[:, 1:] = np.swapaxes(above, -1, -2) @ rotations[:, 1:]
    root = posed[BONE_NAMES[0]][:, :3, 3]
    still = np.zeros((len(root), 4), np.float32)
    motion = off_body(Motion(rotations.astype(np.float32), root.astype(np.float32), still), _rest_joints(rest))
    return replace(motion, contacts=edge_contacts(motion.joints()).astype(np.float32))


def _rest_joints(rest: Mapping[str, Array]) -> Array:
    return np.array([rest[name][:3, 3] for name in BONE_NAMES])
