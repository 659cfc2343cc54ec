"""Channels of an armature's finger bones for a dance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import bpy

from ..edge_backend.motion.motion import Motion
from ..edge_backend.motion.retarget import Fit
from ..edge_backend.motion.retarget.hands import HandSettings, pose_hands
from ..edge_backend.numerics.array import Array
from .channels import BoneChannels
from .dancer import is_dancer
from .retarget import Measured, acts, bone_map_of, measure_dancer
from .skeleton import FINGERS
from .standing import moving_channels

OFF = "off"


def hand_settings(scene: bpy.types.Scene) -> HandSettings | None:
    """The panel's settings of hands; None if they are off."""
    settings: Any = scene.edge_dance  # type: ignore[attr-defined] # a property of ours
    if settings.hands == OFF or settings.hand_amount == 0:
        return None
    return HandSettings(settings.hands, settings.hand_amount, settings.hand_life)


@dataclass(frozen=True, slots=True)
class Hands:
    """An armature's fingers, copied so that the armature may change meanwhile.

    fingers: "thumb.L" -> bones from base to tip.
    """

    fit: Fit
    fingers: Mapping[str, Sequence[str]]
    settings: HandSettings

    def channels(self, motion: Motion) -> tuple[Array, list[BoneChannels]]:
        """The motion's frames (K,) that get keys, and the channels of the finger bones at these frames."""
        frames, poses = pose_hands(self.fit, self.fingers, motion, self.settings)
        return frames, [BoneChannels(pose.bone, pose.quaternions) for pose in poses]


def hands_of(armature: bpy.types.Object, settings: HandSettings | None, measured: Measured | None) -> Hands | None:
    """The armature's fingers but those that the user's animation or constraints move; None without settings.

    measured: the result of `measure`; None for the built-in dancer.
    """
    if settings is None:
        return None
    fingers = measured[0].fingers if measured else fingers_of(armature)
    fit = measured[1] if measured else measure_dancer(armature, [bone for bones in fingers.values() for bone in bones])
    free = {digit: bones for digit, bones in fingers.items() if not any(_is_taken(armature, bone) for bone in bones)}
    posed = [armature.pose.bones[bone] for bones in free.values() for bone in bones]
    moved = {name for name, channel in moving_channels(armature, posed) if channel.startswith("rotation")}
    free = {digit: bones for digit, bones in free.items() if moved.isdisjoint(bones)}
    return Hands(fit, free, settings)


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
