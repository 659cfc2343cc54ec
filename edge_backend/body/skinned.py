"""The skinned body as a data class and as a file for Blender. numpy and the standard library only."""

import os
from dataclasses import dataclass, fields

import numpy as np

from ..fileio.atomic_write import atomic_write
from ..fileio.safe_npz import read_npz
from ..numerics.array import Array


@dataclass(frozen=True)
class SkinnedBody:
    """A body in T-pose: metres, z up, facing -y, standing on z = 0 with its pelvis at x = y = 0.

    vertices: (V, 3). faces: (F, 3) vertex numbers, counter-clockwise seen from outside. weights: (V, 24) skinning
    weights, rows sum to 1. joints: (24, 3) in SMPL's order. gender: `female`, `male`, `neutral`, or "" if unknown.
    """

    vertices: Array
    faces: Array
    weights: Array
    joints: Array
    gender: str = ""


def save_body(path: str | os.PathLike[str], body: SkinnedBody) -> None:
    """Write the body as an npz with its fields' names, atomically. Raises OSError."""
    with atomic_write(path) as unfinished, unfinished.open("wb") as file:
        np.savez(
            file,
            vertices=body.vertices.astype(np.float32),
            faces=body.faces.astype(np.int32),
            weights=body.weights.astype(np.float32),
            joints=body.joints.astype(np.float32),
            gender=np.array(body.gender),
        )


def load_body(path: str | os.PathLike[str]) -> SkinnedBody:
    """Read a file of `save_body`. Raises OSError; ValueError, KeyError or BadZipFile for files of other content."""
    file = read_npz(path, [field.name for field in fields(SkinnedBody)])
    return SkinnedBody(file["vertices"], file["faces"], file["weights"], file["joints"], str(file["gender"]))
