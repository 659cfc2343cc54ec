"""Channels of an armature's finger bones for a dance."""

from collections.abc import Mapping, Sequence
from typing import Any

import bpy
import numpy as np

from ..edge_backend.motion.motion import Motion
from ..edge_backend.motion.retarget.hands import HandSettings, pose_hands
from ..edge_backend.motion.rotations import continuous_quaternions, matrix_to_quaternion
from ..edge_backend.numerics.array import Array
from .channels import BoneChannels
from .dancer import is_dancer
from .retarget import Measured, acts, bone_map_of, measure, measure_dancer
from .skeleton import FINGERS
from .standing import moving_channels

OFF = "off"


def hand_settings(scene: bpy.types.Scene) -> HandSettings | None:
    """The panel's settings of hands; None if they are off."""
    settings: Any = scene.edge_dance  # type: ignore[attr-defined] # a property of ours
    if settings.hands == OFF or settings.hand_amount == 0:
        return None
    return HandSettings(settings.hands, settings.hand_amount, settings.hand_life)


def hand_channels(
    armature: bpy.types.Object, motion: Motion, settings: HandSettings | None, measured: Measured | None = None
) -> tuple[Array, list[BoneChannels]]:
    """The motion's frames (K,) that get keys, and the channels of the finger bones at these frames.

    Fingers that the user's animation or constraints move have none. measured: the result of `measure`, if it is there
    already. Raises EdgeError rig_unfit.
    """
    if settings is None:
        return np.zeros(0), []
    if is_dancer(armature):
        fitted, fingers = measure_dancer(armature), fingers_of(armature)
    else:
        bone_map, fitted = measured or measure(armature)
        fingers = bone_map.fingers
    free = {digit: bones for digit, bones in fingers.items() if not any(_is_taken(armature, bone) for bone in bones)}
    posed = [armature.pose.bones[bone] for bones in free.values() for bone in bones]
    moved = {name for name, channel in moving_channels(armature, posed) if channel.startswith("rotation")}
    free = {digit: bones for digit, bones in free.items() if moved.isdisjoint(bones)}
    frames, poses = pose_hands(fitted, free, motion, settings)
    return frames, [
        BoneChannels(pose.bone, continuous_quaternions(matrix_to_quaternion(pose.rotations))) for pose in poses
    ]


def fingers_of(armature: bpy.types.Object) -> Mapping[str, Sequence[str]]:
    """The bones of each finger ("thumb.L") from base to tip; none of SMPL bodies and dancers of earlier versions."""
    if is_dancer(armature):
        names = set(armature.data.bones.keys())
        return {digit: bones for digit, bones in FINGERS.items() if names.issuperset(bones)}
    return bone_map_of(armature).fingers


def _is_taken(armature: bpy.types.Object, name: str) -> bool:
    """Whether a constraint that is not a limit moves the finger's bone."""
    constraints = armature.pose.bones[name].constraints
    return any(acts(constraint) and not constraint.type.startswith("LIMIT") for constraint in constraints)
