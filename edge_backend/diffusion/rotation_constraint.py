"""What is held of a joint turns the prediction, so that no joint folds on its way from pose to pose (torch)."""

import numpy as np
import torch
from torch import Tensor

from ..motion.representation import ROTATIONS, Normaliser, pack, unpack
from ..motion.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from ..numerics.array import Array
from .constraint_guidance import WindowConstraint, covariance
from .samplers import Denoiser

_NEVER = 10**6  # frames; so far away that nothing is felt
_FULL_TURN = 2 * np.pi


def with_rotation_constraint(denoise: Denoiser, constraint: WindowConstraint, normaliser: Normaliser) -> Denoiser:
    """The denoiser whose predictions of held joints are rotations, turned towards what is held of them.

    Under much noise the network may have an arm, or the whole dancer, half a turn away from what is held. The 6D
    vectors of two such rotations have next to nothing between them: corrected as numbers they shrink, change sign
    within a frame, and the joint snaps round, out of which no later step finds. So joints are corrected as rotations,
    which leaves little to do for `Hold`. Those of which a window holds nothing stay as predicted.
    """

    def predict(x: Tensor, t: int) -> Tensor:
        x0 = denoise(x, t)
        held = constraint.held(t)[..., ROTATIONS.start :: 6]
        known = held.any(dim=1, keepdim=True).repeat_interleave(6, dim=-1)
        if not known.any():
            return x0
        contacts, root, predicted = unpack(normaliser.unnormalise(x0.cpu().numpy(), clip=False))
        _, _, wanted = unpack(normaliser.unnormalise(constraint.values.cpu().numpy(), clip=False))
        vectors = pack(contacts, root, turned(predicted, wanted, held.cpu().numpy()))
        new = torch.from_numpy(vectors * normaliser.scale + normaliser.min).to(x0)[..., ROTATIONS]
        return torch.cat([x0[..., : ROTATIONS.start], torch.where(known, new, x0[..., ROTATIONS])], dim=-1)

    return predict


def turned(predicted: Array, wanted: Array, held: Array) -> Array:
    """Rotations (W, T, J, 3, 3) that lead from those predicted to those wanted where held (W, T, J) is True.

    A free frame is turned by what the held frames next before and after it are wrong by, as a Gaussian process with
    `Hold`'s covariance expects it (Rasmussen and Williams 2006, eq. 2.23). A held frame is turned by what the nearest
    end of its stretch is wrong by, so that the stretch keeps its shape where free frames join it.
    """
    place, before, after = _neighbours(held)
    error = np.zeros(predicted.shape[:-1])
    error[held] = matrix_to_axis_angle(predicted[held].swapaxes(-1, -2) @ wanted[held])
    last = held.shape[1] - 1
    first, second = (np.take_along_axis(error, at.clip(0, last)[..., None], axis=1) for at in (before, after))
    second = _nearer(second, first)
    to_first, to_second, between = (covariance(way) for way in (place - before, after - place, after - before))
    unlike = 1 - between**2
    turn = (to_first - between * to_second)[..., None] * first + (to_second - between * to_first)[..., None] * second
    return predicted @ axis_angle_to_matrix(turn / unlike[..., None])


def _neighbours(held: Array) -> tuple[Array, Array, Array]:
    """Where each frame stands, and the held frames before and after it, all (W, T, J).

    A held frame stands at the end of its stretch that is nearest, and has nothing after it.
    """
    frame = np.broadcast_to(np.arange(held.shape[1])[None, :, None], held.shape)
    start, stop = _last(~held, frame) + 1, _next(~held, frame) - 1
    end = np.where(frame - start < stop - frame, start, stop)
    return (
        np.where(held, end, frame),
        np.where(held, end, _last(held, frame)),
        np.where(held, _NEVER, _next(held, frame)),
    )


def _last(mask: Array, frame: Array) -> Array:
    return np.maximum.accumulate(np.where(mask, frame, -_NEVER), axis=1)


def _next(mask: Array, frame: Array) -> Array:
    return np.minimum.accumulate(np.where(mask, frame, _NEVER)[:, ::-1], axis=1)[:, ::-1]


def _nearer(vector: Array, to: Array) -> Array:
    """The same turns (..., 3), radians, the way round that is nearer to `to` (..., 3)."""
    angle = np.linalg.norm(vector, axis=-1, keepdims=True)
    other = vector - _FULL_TURN * vector / np.maximum(angle, 1e-12)
    nearer = np.linalg.norm(other - to, axis=-1) < np.linalg.norm(vector - to, axis=-1)
    return np.where(nearer[..., None], other, vector)
