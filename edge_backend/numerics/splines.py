"""Cubic spline interpolation in numpy, without scipy, whose import takes 0.25 s."""

import numpy as np

from .array import Array
from .banded import solve_pentadiagonal


def monotone_spline(x: Array, y: Array, at: Array) -> Array:
    """Evaluate at `at` (m,) the monotone cubic spline through points x, y, each (n,), n >= 2, x ascending.

    Between two points its values are between theirs. Fritsch and Carlson (1980) with the slopes of Fritsch and Butland
    (1984), like scipy.interpolate.PchipInterpolator.
    """
    steps = np.diff(x)
    secants = np.diff(y) / steps
    if len(x) == 2:
        return _cubics(x, y, np.repeat(secants, 2), at)
    slopes = np.zeros(len(x))
    before, after = secants[:-1], secants[1:]
    rising = np.sign(before) * np.sign(after) > 0
    wide, narrow = 2 * steps[1:] + steps[:-1], steps[1:] + 2 * steps[:-1]
    mean = (wide / np.where(rising, before, 1) + narrow / np.where(rising, after, 1)) / (wide + narrow)
    slopes[1:-1][rising] = 1 / mean[rising]
    slopes[0] = _end_slope(*steps[:2], *secants[:2])
    slopes[-1] = _end_slope(*steps[:-3:-1], *secants[:-3:-1])
    return _cubics(x, y, slopes, at)


def _end_slope(step: float, next_step: float, secant: float, next_secant: float) -> float:
    """The slope at an end, from three points, bounded such that the curve is monotone."""
    slope = ((2 * step + next_step) * secant - step * next_secant) / (step + next_step)
    if np.sign(slope) != np.sign(secant):
        return 0.0
    if np.sign(secant) != np.sign(next_secant) and abs(slope) > 3 * abs(secant):
        return 3 * secant
    return float(slope)


def natural_spline(x: Array, y: Array, at: Array) -> Array:
    """Evaluate at `at` (m,) the natural cubic spline (m, k) through points x (n,), ascending, and y (n, k), n >= 2.

    Its second derivative is continuous, and 0 at both ends, like scipy.interpolate.CubicSpline with bc_type="natural".
    """
    steps = np.diff(x)
    secants = np.diff(y, axis=0) / steps[:, None]
    bend = np.zeros((len(x), y.shape[1]))  # second derivatives
    if len(x) > 2:
        diagonal, beside = (steps[:-1] + steps[1:]) / 3, np.append(steps[1:-1] / 6, 0)
        bend[1:-1] = solve_pentadiagonal(diagonal, beside, np.zeros(len(x) - 2), np.diff(secants, axis=0))
    slopes = np.empty_like(bend)
    slopes[:-1] = secants - steps[:, None] * (2 * bend[:-1] + bend[1:]) / 6
    slopes[-1] = secants[-1] + steps[-1] * (bend[-2] + 2 * bend[-1]) / 6
    return _cubics(x, y, slopes, at)


def _cubics(x: Array, y: Array, slopes: Array, at: Array) -> Array:
    """The piecewise cubic at `at` (m,) with values y and slopes (n, ...) at x (n,).

    Summed in powers of the distance to the previous point, as in scipy, which gives the same bits.
    """
    column = (-1, *[1] * (y.ndim - 1))
    steps = np.diff(x).reshape(column)
    secants = np.diff(y, axis=0) / steps
    curvature = (slopes[:-1] + slopes[1:] - 2 * secants) / steps
    piece = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    along = (at - x[piece]).reshape(column)
    square = along * along
    curve: Array = y[:-1][piece] + slopes[:-1][piece] * along
    curve += ((secants - slopes[:-1]) / steps - curvature)[piece] * square
    curve += (curvature / steps)[piece] * (square * along)
    return curve
