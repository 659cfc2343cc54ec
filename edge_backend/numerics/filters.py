"""Gaussian filters along time, without scipy, whose import takes 0.25 s at every start."""

from typing import Literal

import numpy as np

from .array import Array

Edge = Literal["symmetric", "odd", "edge"]


def gaussian_kernel(sigma: float, reach: int) -> Array:
    """Weights (2 reach + 1,) of a Gaussian with a standard deviation of `sigma` samples; their sum is 1."""
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel: Array = weights / weights.sum()
    return kernel


def gaussian(values: Array, sigma: float, reach: int | None = None, edge: Edge = "symmetric") -> Array:
    """Convolve values (T, ...) along axis 0 with a Gaussian of `sigma` samples, truncated at +-`reach` samples.

    reach: default 4 sigma, rounded. edge: padding at the ends. symmetric: reflected with the last sample repeated; with
    the default reach this equals scipy.ndimage.gaussian_filter1d within rounding. odd: point reflection at the last
    sample, which continues a slope (reach is then at most T - 1). edge: the last sample repeated.
    """
    reach = int(4 * sigma + 0.5) if reach is None else reach
    if edge == "odd":
        reach = min(reach, len(values) - 1)
    kernel = gaussian_kernel(sigma, reach)
    padded = _padded(values, reach, edge)
    if values.ndim == 1:
        return np.convolve(padded, kernel, mode="valid")
    filtered: Array = np.sum([weight * padded[at : at + len(values)] for at, weight in enumerate(kernel)], axis=0)
    return filtered


def _padded(values: Array, reach: int, edge: Edge) -> Array:
    if edge == "odd":
        before = 2 * values[:1] - values[reach:0:-1]
        after = 2 * values[-1:] - values[-2 : -reach - 2 : -1]
        return np.concatenate([before, values, after])
    width = ((reach, reach), *[(0, 0)] * (values.ndim - 1))
    return np.pad(values, width, mode=edge)
