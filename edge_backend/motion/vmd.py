"""Writes VMD, the motion files of MikuMikuDance (MMD)."""

import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..fileio.atomic_write import atomic_write
from ..numerics.array import Array
from .rotations import matrix_to_quaternion

FPS = 30.0
"""Frames a second of every VMD file."""

_SIGNATURE = b"Vocaloid Motion Data 0002"
_UNITS = 12.5  # of MMD in a metre, as models have them and MMD Tools reads them
_TO_MMD = np.array([[1.0, 0, 0], [0, 0, 1], [0, 1, 0]])  # y up, left-handed
_LINEAR = np.tile(np.repeat(np.array([20, 20, 107, 107], np.uint8), 4), 4)
_CODE = "cp932"  # of names; what it does not have, no VMD can name
_KEY = np.dtype(
    [("name", "S15"), ("frame", "<u4"), ("place", "<f4", 3), ("turn", "<f4", 4), ("curve", "u1", _LINEAR.size)]
)


@dataclass(frozen=True)
class BoneTrack:
    """The motion of one bone against its rest pose, in the model's axes (z up, facing -y), not the bone's own.

    name: the bone's Japanese name, as the model has it. rotations: (T, 3, 3). places: (T, 3) metres.
    """

    name: str
    rotations: Array
    places: Array


def save_vmd(path: str | os.PathLike[str], model: str, tracks: Sequence[BoneTrack], ik_off: Sequence[str] = ()) -> None:
    """Write the bones' motion with linear keys at 30 frames a second; frames that repeat their neighbours have none.

    model: the character's name. ik_off: names of the IK bones whose IK is switched off. Raises OSError.
    """
    keys = np.concatenate([np.zeros(0, _KEY), *map(_keys, tracks)])
    with atomic_write(path) as unfinished, unfinished.open("wb") as file:
        file.write(struct.pack("<30s20s", _SIGNATURE, _named(model, 20)))
        file.write(struct.pack("<L", len(keys)) + keys.tobytes())
        file.write(struct.pack("<4L", 0, 0, 0, 0))  # faces, cameras, lights and shadows
        file.write(struct.pack("<LLBL", 1, 0, 1, len(ik_off)))  # one key, at frame 0: the model is shown
        file.writelines(struct.pack("<20sB", _named(name, 20), 0) for name in ik_off)


def _keys(track: BoneTrack) -> Array:
    values = np.concatenate(
        [
            _UNITS * track.places @ _TO_MMD.T,
            np.roll(matrix_to_quaternion(_TO_MMD @ track.rotations @ _TO_MMD), -1, axis=-1),  # x, y, z, w
        ],
        axis=1,
    ).astype(np.float32)
    still = np.all(values[1:] == values[:-1], axis=1)
    needed = np.ones(len(values), bool)
    needed[1:-1] = ~(still[1:] & still[:-1])
    keys = np.zeros(int(needed.sum()), _KEY)
    keys["name"], keys["frame"], keys["curve"] = _named(track.name, 15), np.flatnonzero(needed), _LINEAR
    keys["place"], keys["turn"] = values[needed, :3], values[needed, 3:]
    return keys


def _named(name: str, size: int) -> bytes:
    """The name as bytes; longer ones are cut, as MMD cuts them."""
    return name.encode(_CODE, errors="replace")[:size]
