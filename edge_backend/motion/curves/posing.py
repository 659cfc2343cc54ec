"""Forward kinematics of any rig from its bones' channels, and inverse kinematics of its legs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ...numerics.array import Array
from ..feet.legs import STRETCH, reach_leg
from ..feet.turns import inverse
from ..retarget.rig import Rig, location_axes, unscaled

Poses = Mapping[str, Array]
"""By bone, (T, 4, 4) in armature space."""


@dataclass(frozen=True, slots=True)
class LegBones:
    """The names of one leg's bones. toes: None on rigs without toe bones."""

    thigh: str
    shin: str
    foot: str
    toes: str | None = None

    @property
    def all(self) -> list[str]:
        """The leg's bones from the thigh down."""
        return [bone for bone in (self.thigh, self.shin, self.foot, self.toes) if bone]

    @property
    def aimed(self) -> list[str]:
        """The bones that are rotated to place the foot; toes are not."""
        return [self.thigh, self.shin, self.foot]

    @property
    def joints(self) -> list[str]:
        """The bones whose heads touch the floor in a plant: foot and toes."""
        return self.all[2:]


def pose_bones(rig: Rig, turns: Poses, places: Poses, wanted: Iterable[str]) -> dict[str, Array]:
    """Poses (T, 4, 4) in armature space of the wanted bones and their ancestors.

    turns: bone -> (T, 3, 3) rotation, places: bone -> (T, 3) location, the bones' channels. Bones that are not in them
    have the channels that the rig has.
    """
    return _pose(rig, turns, places, {}, wanted)[0]


def aim_leg(rig: Rig, leg: LegBones, before: Poses, turns: Poses, places: Poses) -> dict[str, Array]:
    """Channel rotations (T, 3, 3) of the leg's bones that put its foot where it was, on a body that has moved.

    before: bone -> (T, 4, 4) in armature space, the foot's target pose. turns, places: bone -> channels, as for
    `pose_bones`. If the target is out of reach, the leg points at it.
    """
    poses = pose_bones(rig, turns, places, [leg.foot])
    hip, knee, ankle = (poses[bone][:, :3, 3] for bone in (leg.thigh, leg.shin, leg.foot))
    thigh, shin = knee - hip, ankle - knee
    length = np.linalg.norm(thigh, axis=1) + np.linalg.norm(shin, axis=1)
    axes = unscaled(poses[leg.thigh][:, :3, :3])
    target = before[leg.foot][:, :3, 3] - hip
    reached = reach_leg(thigh, shin, _hinge(axes, thigh, shin), target, STRETCH * length[:, None])
    aims = {leg.thigh: reached.hip @ axes, leg.shin: reached.hip @ reached.knee @ unscaled(poses[leg.shin][:, :3, :3])}
    aims[leg.foot] = unscaled(before[leg.foot][:, :3, :3])
    return _pose(rig, turns, places, aims, [leg.foot])[1]


def _hinge(axes: Array, thigh: Array, shin: Array) -> Array:
    """The axis (T, 3), unit, armature space, about which the knee bends, for frames in which the leg is straight.

    axes: (T, 3, 3) the thigh's. thigh, shin: (T, 3). The mean over all frames, in the thigh's own axes.
    """
    own = np.sum(inverse(axes) @ np.cross(thigh, shin)[..., None], axis=0)[:, 0]
    own /= max(float(np.linalg.norm(own)), 1e-12)
    return axes @ own


def _pose(
    rig: Rig, turns: Poses, places: Poses, aims: Poses, wanted: Iterable[str]
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Poses (T, 4, 4) of the wanted bones and their ancestors, and channel rotations (T, 3, 3) of bones with aims.

    aims: bone -> (T, 3, 3), unit axes in armature space that the bone is to have. Bones keep the scale that they have.
    """
    frames = len(next(iter(turns.values())))
    poses: dict[str, Array] = {}
    aimed: dict[str, Array] = {}
    for name in rig.with_ancestors(wanted):
        bone = rig[name]
        here = np.broadcast_to(bone.rest, (frames, 4, 4))
        if bone.parent is not None:
            offset = np.linalg.inv(rig[bone.parent].rest) @ bone.rest
            here = (poses[bone.parent].reshape(-1, 4) @ offset).reshape(-1, 4, 4)  # one matrix product for all frames
        pose = here.copy()
        place = places.get(name, bone.pose[None, :3, 3])
        pose[:, :3, 3] += (location_axes(rig, name, here) @ place[..., None])[..., 0]
        if not bone.inherits_rotation:
            pose[:, :3, :3] = bone.rest[:3, :3]
        if name in aims:
            aimed[name] = inverse(unscaled(pose[:, :3, :3])) @ aims[name]
        turn = aimed.get(name, turns.get(name))
        pose[:, :3, :3] = pose[:, :3, :3] @ (bone.pose[:3, :3] if turn is None else turn * bone.scale)
        poses[name] = pose
    return poses, aimed
