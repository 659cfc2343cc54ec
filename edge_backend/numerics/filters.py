"""Smoothing by a Gaussian (numpy only: scipy's takes a quarter of a second to load, of which every start would pay)."""

import numpy as np
from numpy.typing import NDArray


def smooth(signal: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """The signal (T,) under a Gaussian of so many samples, cut off at four of them, mirrored at both ends.

    The same as scipy.ndimage.gaussian_filter1d within rounding.
    """
    reach = int(4 * sigma + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return np.convolve(np.pad(signal, reach, mode="symmetric"), kernel / kernel.sum(), mode="valid")
