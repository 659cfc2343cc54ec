"""The dance as a data class: rotations, root, contacts, beats of its music, and metadata."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from ..numerics.array import Array
from ..schema.frames import FPS
from .kinematics import forward_kinematics
from .representation import pack, unpack
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

    def behind(self, frame: int) -> "Motion":
        """The dance from this frame on, without beats."""
        return Motion(self.rotations[frame:], self.root[frame:], self.contacts[frame:], meta=self.meta)

    def joints(self) -> Array:
        """Joint positions (T, 24, 3), metres, world."""
        return forward_kinematics(self.rotations, self.root)

    def vectors(self) -> Array:
        """Motion vectors (T, 151), metres, not normalised."""
        return pack(self.contacts, self.root, self.rotations)
