"""EDGE's motion vector of 151 channels, and its normaliser to [-1, 1].

contacts 4 | root position 3, metres, z up | local joint rotations 24 x 6 (Tseng et al. 2023, section 3).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from ..numerics.array import Array
from .rotations import matrix_to_rot6d, rot6d_to_matrix
from .skeleton import MIRROR

CHANNELS = 151
CONTACTS = slice(0, 4)
ROOT = slice(4, 7)
ROTATIONS = slice(7, 151)

_JOINTS = len(MIRROR)
_MIRRORED_CONTACTS = (1, 0, 3, 2)
# The x axis points to the body's left both in SMPL's axes and in the world's, so mirroring negates x in both.
_MIRROR_X = np.array([-1, 1, 1], dtype=np.float32)


def pack(contacts: Array, root: Array, rotations: Array) -> Array:
    """Motion vectors (..., 151) float32 from contacts (..., 4), root (..., 3) and rotation matrices (..., 24, 3, 3)."""
    rot6d = matrix_to_rot6d(rotations)
    flat = rot6d.reshape(*rot6d.shape[:-2], _JOINTS * 6)
    return np.concatenate([contacts, root, flat], axis=-1).astype(np.float32, copy=False)


def unpack(vectors: Array) -> tuple[Array, Array, Array]:
    """Contacts (..., 4), root (..., 3) and rotation matrices (..., 24, 3, 3) of motion vectors (..., 151).

    vectors: metres, not normalised. Their 6D rotations need not be orthonormal.
    """
    rot6d = vectors[..., ROTATIONS]
    rotations = rot6d_to_matrix(rot6d.reshape(*rot6d.shape[:-1], _JOINTS, 6))
    return vectors[..., CONTACTS].copy(), vectors[..., ROOT].copy(), rotations


def mirror(contacts: Array, root: Array, rotations: Array) -> tuple[Array, Array, Array]:
    """Contacts, root and rotations of the motion reflected in the plane x = 0, with left and right exchanged.

    contacts: (..., 4). root: (..., 3) metres, z up. rotations: (..., 24, 3, 3) local. Returns arrays of these shapes.
    """
    flipped = rotations[..., MIRROR, :, :] * np.outer(_MIRROR_X, _MIRROR_X)
    return contacts[..., _MIRRORED_CONTACTS], root * _MIRROR_X, flipped


@dataclass(frozen=True)
class Normaliser:
    """Affine normalisation per channel: normalised = vector * scale + min. scale, min: (channels,) float32."""

    scale: Array
    min: Array

    @classmethod
    def fit(cls, vectors: Array) -> Self:
        """The normaliser that maps each channel's range over vectors (..., channels) to [-1, 1].

        A constant channel gets the scale 2 and is mapped to -1.
        """
        flat = vectors.reshape(-1, vectors.shape[-1])
        low, high = flat.min(axis=0), flat.max(axis=0)
        extent = np.where(high > low, high - low, 1)
        scale = (2 / extent).astype(np.float32)
        return cls(scale, (-1 - low * scale).astype(np.float32))

    def normalise(self, vectors: Array) -> Array:
        """Normalise vectors (..., channels) to [-1, 1]; values outside the fitted range are clipped."""
        return np.clip(vectors * self.scale + self.min, -1, 1)

    def unnormalise(self, vectors: Array, clip: bool = True) -> Array:
        """The inverse of normalise, for vectors (..., channels). clip: first clip them to [-1, 1], as EDGE does."""
        if clip:
            vectors = np.clip(vectors, -1, 1)
        return (vectors - self.min) / self.scale
