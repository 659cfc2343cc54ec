"""Reflection and rotation about z of motion vectors; both are linear, so rotations need not be decoded."""

import numpy as np
import torch
from torch import Tensor

from ..motion.representation import CHANNELS, ROOT, ROTATIONS, mirror, pack
from ..motion.skeleton import SMPL
from ..numerics.array import Array

_PELVIS_ROW0 = slice(ROTATIONS.start, ROTATIONS.start + 3)
_PELVIS_ROW1 = slice(ROTATIONS.start + 3, ROTATIONS.start + 6)


def mirror_channels() -> tuple[Array, Array]:
    """(order, sign), each (151,): the mirror image of a motion vector v, in metres, is sign * v[order].

    Computed by passing the channels' numbers through `motion.representation.mirror`. The mirror plane x = 0 is the same
    in SMPL's axes and in the world's, because the rotation from y up to z up is about x.
    """
    numbers = np.arange(1, CHANNELS + 1, dtype=np.float32)
    matrices = np.zeros((len(SMPL), 3, 3), dtype=np.float32)
    matrices[:, :2] = numbers[ROTATIONS].reshape(len(SMPL), 2, 3)
    signed = pack(*mirror(numbers[:4], numbers[ROOT], matrices))
    return np.abs(signed).astype(np.int64) - 1, np.sign(signed)


def turn_about_up(vectors: Tensor, angle: Tensor) -> Tensor:
    """Motion vectors (W, T, 151) in metres, each window rotated about the world's z axis by its angle (W,), radians.

    This changes the root's position and the pelvis' rotation, whose two stored rows are mixed as x and y are.
    """
    cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
    turned = vectors.clone()
    for x, y in ((slice(4, 5), slice(5, 6)), (_PELVIS_ROW0, _PELVIS_ROW1)):
        turned[..., x] = cos * vectors[..., x] - sin * vectors[..., y]
        turned[..., y] = sin * vectors[..., x] + cos * vectors[..., y]
    return turned


def mirror_windows(vectors: Tensor, mirrored: Tensor, order: Tensor, sign: Tensor) -> Tensor:
    """Motion vectors (W, T, 151) in metres, mirrored where mirrored, bool (W,). order, sign: from `mirror_channels`."""
    return torch.where(mirrored[:, None, None], vectors[..., order] * sign, vectors)
