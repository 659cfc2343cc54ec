"""A Blender armature as data: bones with arbitrary axes, and their poses."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...numerics.array import Array

_STRETCH = 300
"""Frames for which all bones are posed at a time: the poses of a long dance would take 20 kB for each frame."""


def _nothing() -> Array:
    return np.eye(4)


@dataclass(frozen=True, slots=True)
class RigBone:
    """A bone at rest, in armature space.

    rest: (4, 4) its matrix. tail: (3,). pose: (4, 4) the transform of the bone's present channels, relative to rest and
    in its own axes; of bones that fill a slot, its scale alone is used. inherits_rotation, local_location: Blender's
    options of these names. connected: the bone's head is fixed to its parent's tail, so it cannot be translated.
    stance: (4, 4) where the bone stands when the rig is measured, armature space, if that is not its rest; tail is its
    tail there.
    """

    name: str
    parent: str | None
    rest: Array
    tail: Array
    pose: Array = field(default_factory=_nothing)
    inherits_rotation: bool = True
    local_location: bool = True
    connected: bool = False
    stance: Array | None = None

    @property
    def standing(self) -> Array:
        """The matrix (4, 4) from which the bone is measured: its stance, by default its rest."""
        return self.rest if self.stance is None else self.stance

    @property
    def head(self) -> Array:
        """The bone's head (3,), armature space."""
        return self.standing[:3, 3]

    @property
    def axes(self) -> Array:
        """The bone's axes (3, 3) at rest as columns, unit, armature space."""
        return unscaled(self.standing[:3, :3])

    @property
    def scale(self) -> Array:
        """The scale (3,) of the bone's pose along its own axes."""
        scale: Array = np.linalg.norm(self.pose[:3, :3], axis=0)
        return scale

    @property
    def size(self) -> float:
        """How many times larger than at rest the bone is in its pose: the geometric mean of its scale."""
        return float(np.prod(self.scale)) ** (1 / 3)


class Rig(Mapping[str, RigBone]):
    """Bones by name, parents before their children. Raises ValueError where parents are missing or form a circle."""

    def __init__(self, bones: Iterable[RigBone]) -> None:
        waiting = list({bone.name: bone for bone in bones}.values())
        self._bones: dict[str, RigBone] = {}
        while waiting:
            later = []
            for bone in waiting:  # once, where they are in order
                if bone.parent is None or bone.parent in self._bones:
                    self._bones[bone.name] = bone
                else:
                    later.append(bone)
            if len(later) == len(waiting):
                raise ValueError(f"these bones hang on no root: {', '.join(bone.name for bone in waiting)}")
            waiting = later

    def __getitem__(self, name: str) -> RigBone:
        return self._bones[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._bones)

    def __len__(self) -> int:
        return len(self._bones)

    def ancestors(self, name: str) -> list[str]:
        """The names of a bone's ancestors, nearest first."""
        above = []
        parent = self[name].parent
        while parent is not None:
            above.append(parent)
            parent = self[parent].parent
        return above

    def with_ancestors(self, names: Iterable[str]) -> list[str]:
        """These bones and their ancestors, parents before their children."""
        wanted = set(names)
        for name in list(wanted):
            wanted.update(self.ancestors(name))
        return [name for name in self if name in wanted]


@dataclass(frozen=True)
class Posed:
    """A posed rig over T frames, in armature space.

    space: bone -> (T, 4, 4), its pose with its parent's pose and channels of 0, for the bones that were asked for.
    turns: bone -> (T, 3, 3), the rotation of its channels, for the bones that were turned, parents first.
    """

    space: Mapping[str, Array]
    turns: Mapping[str, Array]


def turn_bones(rig: Rig, turned: Mapping[str, Array], frames: int, wanted: Iterable[str] = ()) -> Posed:
    """Pose the rig so that bones have given axes; all other bones keep their present channels.

    turned: bone -> (T, 3, 3), axes as columns, unit, armature space; these bones get no location, and keep their scale.
    wanted: the bones in the result's space, of the turned bones and their ancestors.
    """
    names = rig.with_ancestors(turned)
    posed = Posed(
        {name: np.empty((frames, 4, 4)) for name in wanted},
        {name: np.empty((frames, 3, 3)) for name in names if name in turned},
    )
    for first in range(0, frames, _STRETCH):
        _turn_stretch(rig, names, turned, slice(first, min(first + _STRETCH, frames)), posed)
    return posed


def _turn_stretch(rig: Rig, names: Sequence[str], turned: Mapping[str, Array], here: slice, posed: Posed) -> None:
    """Write these frames of `posed`. names: the turned bones and their ancestors, parents first."""
    pose: dict[str, Array] = {}
    frames = here.stop - here.start
    for name in names:
        bone = rig[name]
        space = np.broadcast_to(bone.rest, (frames, 4, 4))
        if bone.parent is not None:
            space = pose[bone.parent] @ (np.linalg.inv(rig[bone.parent].rest) @ bone.rest)
        if name in posed.space:
            posed.space[name][here] = space
        if not bone.inherits_rotation:
            space = space.copy()
            space[:, :3, :3] = bone.rest[:3, :3]
        own = np.broadcast_to(bone.pose, (frames, 4, 4))
        if name in turned:
            own = np.tile(np.eye(4), (frames, 1, 1))
            turn = np.swapaxes(unscaled(space[:, :3, :3]), -1, -2) @ turned[name][here]
            posed.turns[name][here] = turn
            own[:, :3, :3] = turn * bone.scale
        pose[name] = space @ own


def location_axes(rig: Rig, name: str, space: Array) -> Array:
    """The axes (T, 3, 3) along which a bone's location channels translate it, columns in armature space.

    space: (T, 4, 4) of the bone, from `turn_bones`.
    """
    axes = space[:, :3, :3]
    bone = rig[name]
    if bone.local_location:
        return axes
    # Without Local Location: the axes of the posed parent, or the armature's.
    above = np.eye(3) if bone.parent is None else unscaled(rig[bone.parent].rest[:3, :3])
    return axes @ unscaled(bone.rest[:3, :3]).T @ above


def unscaled(axes: Array) -> Array:
    """Axes (..., 3, 3) with columns of length 1."""
    return axes / np.linalg.norm(axes, axis=-2, keepdims=True)
