"""The dance as a data class: rotations, root, contacts, beats of its music, and metadata."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np

from ..numerics.array import Array
from ..schema.frames import FPS
from .kinematics import forward_kinematics
from .representation import CONTACTS, ROOT, ROTATIONS, mirror, pack, unpack
from .skeleton import SMPL


def _no_beats() -> Array:
    return np.zeros(0, dtype=np.float32)


@dataclass
class Motion:
    """A dance of T frames at 30 frames a second, metres, z up.

    rotations: (T, 24, 3, 3) local. root: (T, 3). contacts: (T, 4) in [0, 1]. beats: (n,) seconds from the first frame.
    meta: how the dance was made, of JSON types. Raises ValueError if the shapes disagree.
    """

    rotations: Array
    root: Array
    contacts: Array
    beats: Array = field(default_factory=_no_beats)
    meta: dict[str, Any] = field(default_factory=dict)

    fps: ClassVar[int] = FPS

    def __post_init__(self) -> None:
        frames = len(self.rotations)
        expected = {"rotations": (frames, len(SMPL), 3, 3), "root": (frames, 3), "contacts": (frames, 4)}
        for name, shape in expected.items():
            if np.shape(getattr(self, name)) != shape:
                raise ValueError(f"{name} has the shape {np.shape(getattr(self, name))}, not {shape}")

    @classmethod
    def from_vectors(cls, vectors: Array, beats: Array | None = None, meta: dict[str, Any] | None = None) -> Self:
        """The dance of motion vectors (T, 151) in metres, not normalised."""
        contacts, root, rotations = unpack(vectors)
        return cls(rotations, root, contacts, _no_beats() if beats is None else beats, meta or {})

    @property
    def frames(self) -> int:
        """The number of frames, T."""
        return len(self.rotations)

    def part(self, frames: slice | Array) -> "Motion":
        """These frames of the dance, a slice or numbers (n,), without beats."""
        return Motion(self.rotations[frames], self.root[frames], self.contacts[frames], meta=self.meta)

    def with_values(self, chosen: Array, other: "Motion") -> "Motion":
        """The dance with the values of another one of T frames where chosen (T, 151), bool, is True.

        chosen: channels of the motion vector, the same for all six of a joint's rotation.
        """
        return replace(
            self,
            rotations=np.where(chosen[:, ROTATIONS.start :: 6, None, None], other.rotations, self.rotations),
            root=np.where(chosen[:, ROOT], other.root, self.root),
            contacts=np.where(chosen[:, CONTACTS], other.contacts, self.contacts),
        )

    def mirrored(self) -> "Motion":
        """The dance reflected in the plane x = 0, with left and right exchanged."""
        contacts, root, rotations = mirror(self.contacts, self.root, self.rotations)
        return replace(self, rotations=rotations, root=root, contacts=contacts)

    def joints(self) -> Array:
        """Joint positions (T, 24, 3), metres, world."""
        return forward_kinematics(self.rotations, self.root)

    def vectors(self) -> Array:
        """Motion vectors (T, 151), metres, not normalised."""
        return pack(self.contacts, self.root, self.rotations)


def joined(motions: Sequence[Motion]) -> Motion:
    """The motions one after another, without beats and meta."""
    rotations, root, contacts = zip(*((one.rotations, one.root, one.contacts) for one in motions), strict=True)
    return Motion(np.concatenate(rotations), np.concatenate(root), np.concatenate(contacts))
