"""Constrained joint rotations correct the prediction as rotations, so that no joint folds between poses."""

import numpy as np

from ..motion.representation import ROTATIONS, Normaliser, pack, unpack
from ..motion.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from ..numerics.array import Array
from .constraint_guidance import WindowConstraint, covariance
from .samplers import Denoiser

_NEVER = 10**6  # frames; so far away that nothing is felt
_FULL_TURN = 2 * np.pi


def with_rotation_constraint(denoise: Denoiser, constraint: WindowConstraint, normaliser: Normaliser) -> Denoiser:
    """The denoiser with constrained joints' predictions turned towards the constrained rotations.

    Under strong noise the network may predict an arm, or the whole dancer, half a turn away from the constraint.
    Between the 6D vectors of two such rotations there is almost nothing: corrected as numbers they shrink, change sign
    within a frame, and the joint snaps round, which no later step repairs. So joints are corrected as rotations, which
    leaves little to do for `WindowConstraint`. Joints without a constraint in the window stay as predicted.
    """

    _, _, wanted = unpack(normaliser.unnormalise(constraint.values, clip=False))

    def predict(x: Array, t: int) -> Array:
        x0 = denoise(x, t)
        constrained = constraint.constrained(t)[..., ROTATIONS.start :: 6]
        known = constrained.any(axis=1, keepdims=True).repeat(6, axis=-1)
        if not known.any():
            return x0
        contacts, root, predicted = unpack(normaliser.unnormalise(x0, clip=False))
        vectors = pack(contacts, root, turned(predicted, wanted, constrained))
        new = (vectors * normaliser.scale + normaliser.min)[..., ROTATIONS]
        rotations = np.where(known, new, x0[..., ROTATIONS])
        return np.concatenate([x0[..., : ROTATIONS.start], rotations], axis=-1)

    return predict


def turned(predicted: Array, wanted: Array, constrained: Array) -> Array:
    """Corrections (W, T, J, 3, 3) from predicted rotations to the wanted ones where constrained (W, T, J) is True.

    A free frame is corrected by the errors of the constrained frames before and after it, weighted as a Gaussian
    process with `WindowConstraint`'s covariance expects (Rasmussen and Williams 2006, eq. 2.23). A constrained frame is
    corrected by the error at the nearest end of its stretch, so that the stretch keeps its shape where free frames join
    it.
    """
    place, before, after = _neighbours(constrained)
    error = np.zeros(predicted.shape[:-1])
    error[constrained] = matrix_to_axis_angle(predicted[constrained].swapaxes(-1, -2) @ wanted[constrained])
    last = constrained.shape[1] - 1
    first, second = (np.take_along_axis(error, at.clip(0, last)[..., None], axis=1) for at in (before, after))
    second = _nearer(second, first)
    to_first, to_second, between = (
        covariance(difference) for difference in (place - before, after - place, after - before)
    )
    unlike = 1 - between**2
    turn = (to_first - between * to_second)[..., None] * first + (to_second - between * to_first)[..., None] * second
    return predicted @ axis_angle_to_matrix(turn / unlike[..., None])


def _neighbours(constrained: Array) -> tuple[Array, Array, Array]:
    """For each frame: its position, and the constrained frames before and after it, all (W, T, J).

    The position of a constrained frame is the nearest end of its stretch; it has no neighbour after it.
    """
    frame = np.broadcast_to(np.arange(constrained.shape[1])[None, :, None], constrained.shape)
    start, stop = _last(~constrained, frame) + 1, _next(~constrained, frame) - 1
    end = np.where(frame - start < stop - frame, start, stop)
    return (
        np.where(constrained, end, frame),
        np.where(constrained, end, _last(constrained, frame)),
        np.where(constrained, _NEVER, _next(constrained, frame)),
    )


def _last(mask: Array, frame: Array) -> Array:
    return np.maximum.accumulate(np.where(mask, frame, -_NEVER), axis=1)


def _next(mask: Array, frame: Array) -> Array:
    return np.minimum.accumulate(np.where(mask, frame, _NEVER)[:, ::-1], axis=1)[:, ::-1]


def _nearer(vector: Array, to: Array) -> Array:
    """Axis-angle vectors (..., 3), radians, of the same rotations, in the representation nearer to `to` (..., 3)."""
    angle = np.linalg.norm(vector, axis=-1, keepdims=True)
    other = vector - _FULL_TURN * vector / np.maximum(angle, 1e-12)
    nearer = np.linalg.norm(other - to, axis=-1) < np.linalg.norm(vector - to, axis=-1)
    return np.where(nearer[..., None], other, vector)
