"""The pelvis's predicted rotation projected back to a rotation, so that the heading stays definite under noise."""

import numpy as np

from ..motion.representation import ROTATIONS, Normaliser
from ..numerics.array import Array
from ..numerics.filters import gaussian
from .samplers import Denoiser

_PELVIS = slice(ROTATIONS.start, ROTATIONS.start + 6)
_SHORTEST = 1e-6
_SMOOTHING = 4.0  # frames; 3 leaves some jumps, and wider means take more of the dance's own quick turns


def with_heading_projection(denoise: Denoiser, normaliser: Normaliser) -> Denoiser:
    """The denoiser with the pelvis's predicted 6D rows continuous in time and of length 1, as those of rotations.

    A dancer may face any way. Under strong noise the network predicts the mean of all headings that are still possible,
    whose 6D rows are shorter than 1. Left short, parts of a window settle for different headings, and the dancer spins
    between them within a frame or two. The length is how sure a prediction is: where it is below 1, the rows lean on
    those of the frames around. Other joints have one mode, and stay as predicted.
    """
    scale, low = normaliser.scale[_PELVIS], normaliser.min[_PELVIS]

    def predict(x: Array, t: int) -> Array:
        x0 = denoise(x, t).copy()
        rows = _agreed(((x0[..., _PELVIS] - low) / scale).reshape(*x0.shape[:-1], 2, 3))
        unit = rows / np.linalg.norm(rows, axis=-1, keepdims=True).clip(min=_SHORTEST)
        x0[..., _PELVIS] = unit.reshape(*x0.shape[:-1], 6) * scale + low
        return x0

    return predict


def _agreed(rows: Array) -> Array:
    """6D rows (W, T, 2, 3), each mixed with the Gaussian mean of those around by 1 - its mean square length."""
    around = np.moveaxis(gaussian(np.moveaxis(rows, 1, 0), _SMOOTHING, edge="edge"), 0, 1)
    sure = np.mean(np.sum(rows**2, axis=-1, keepdims=True), axis=-2, keepdims=True).clip(max=1)
    mixed: Array = around + sure * (rows - around)
    return mixed
