"""Translates the root so that planted feet stand on the floor and drift least."""

import numpy as np

from ...numerics.array import Array
from .contact_detection import joint_speed
from .curves import fit_curve

# The root follows changes slower than about this many frames; faster ones are corrected by the legs.
FLOOR_SEARCH_FRAMES = 15
FLOOR_FRAMES = 8
DRIFT_FRAMES = 6
# Without plants the horizontal correction decays over this many frames, so that the dance does not wander off.
DRIFT_MEMORY = 20
SMALL_SLIP = 0.0005  # metres per frame: slip of planted feet in motion capture; corrected by the legs alone
LARGE_SLIP = 0.004  # metres per frame: the largest slip that the root follows; the legs correct the rest
SLIP_FRAMES = 9
# Metres from the floor at which a foot's weight is a quarter, in `find_floor` and (STANDING_DOUBT) in `floor_shift`.
FLOOR_DOUBT = 0.03
STILL_SPEED = 0.35  # metres per second; the scale of the Gaussian that weights feet by speed
STANDING_DOUBT = 0.09
CONSTRAINT_WEIGHT = 1e6


def find_floor(points: Array, heights: Array, contacts: Array, scale: float) -> Array:
    """Height (T,), metres, world z, of the floor under the dancer, from feet in contact; it may drift slowly.

    points: (T, legs, 2, 3), heights: (T, legs, 2), contacts: (T, legs, 2), as for `detect_contacts`. Feet that are
    still in the air, as in a handstand or on one leg, are outliers and lose their weight (iteratively reweighted least
    squares with squared Cauchy weights).
    """
    trust = contacts * np.exp(-((joint_speed(points) / scale / STILL_SPEED) ** 2))
    lowest = heights.min(axis=2)
    weight = trust.max(axis=2) * np.exp(-(((lowest - lowest.min(axis=1, keepdims=True)) / (FLOOR_DOUBT * scale)) ** 2))
    if weight.sum() < 1:  # less than one frame of contact in all
        return np.full(len(points), np.percentile(lowest.min(axis=1), 2))
    level = _weighted_median(lowest.ravel(), weight.ravel())
    floor = np.full(len(points), level)
    for _ in range(4):
        robust = weight / (1 + ((lowest - floor[:, None]) / (FLOOR_DOUBT * scale)) ** 2) ** 2
        floor = _fit_heights(robust, lowest, np.full_like(floor, level), FLOOR_SEARCH_FRAMES)
    return floor


def floor_shift(planted: Array, heights: Array, floor: Array, constrained: Array, scale: float) -> Array:
    """The distance (T,), metres, by which the root is raised so that planted feet stand at height 0.

    planted: bool, heights: metres, both (T, legs, 2). floor: (T,) metres, from `find_floor`. constrained: bool (T,),
    frames with a shift of 0. A foot planted by the animator far from the floor has little weight; its leg corrects it.
    """
    stands = planted.any(axis=2)
    standing = np.where(stands, np.where(planted, heights, np.inf).min(axis=2), floor[:, None])
    weight = stands / (1 + ((standing - floor[:, None]) / (STANDING_DOUBT * scale)) ** 2) ** 2
    return -_fit_heights(weight, standing, floor, FLOOR_FRAMES, constrained)


def _fit_heights(
    weight: Array, heights: Array, otherwise: Array, smooth: int, constrained: Array | None = None
) -> Array:
    """A smooth curve (T,) through heights (T, legs) with weights (T, legs), near `otherwise` (T,) where these are 0.

    constrained: bool (T,), frames in which the curve is 0.
    """
    faint = 0.01
    total = weight.sum(axis=1) + faint
    place = ((weight * heights).sum(axis=1) + faint * otherwise) / total
    if constrained is not None:
        total, place = np.where(constrained, CONSTRAINT_WEIGHT, total), np.where(constrained, 0.0, place)
    steps = max(len(place) - 1, 0)
    return fit_curve(total, place[:, None], np.zeros(steps), np.zeros((steps, 1)), smooth**4)[:, 0]


def drift_shift(planted: Array, points: Array, constrained: Array, scale: float) -> Array:
    """The root's horizontal translation (T, 2), metres, world, with which planted feet slip least.

    planted: bool (T, legs, 2). points: (T, legs, 2, 3) metres, world. constrained: bool (T,), frames with a translation
    of 0. The mean displacement of planted joints between frames is subtracted from the root's, up to LARGE_SLIP.
    """
    if len(points) < 2:
        return np.zeros((len(points), 2))
    both = planted[1:] & planted[:-1]
    # Each foot has a total weight of 1: of its planted toe or heel, or half for each.
    weight = both / np.maximum(both.sum(axis=2, keepdims=True), 1)
    slips = np.diff(points[..., :2], axis=0)
    total = weight.sum(axis=(1, 2))
    slip = (weight[..., None] * slips).sum(axis=(1, 2)) / np.maximum(total, 1e-9)[:, None]
    place_weight = np.where(constrained, CONSTRAINT_WEIGHT, 1 / DRIFT_MEMORY**2)
    return fit_curve(place_weight, np.zeros((len(points), 2)), total, -_steady(slip, total, scale), DRIFT_FRAMES**2)


def _steady(slip: Array, weight: Array, scale: float) -> Array:
    """The slips (T, 2) that the root follows: means over SLIP_FRAMES, reduced by SMALL_SLIP, at most LARGE_SLIP."""
    window = np.hanning(SLIP_FRAMES + 2)[1:-1]

    def spread(values: Array) -> Array:
        return np.convolve(np.pad(values, SLIP_FRAMES // 2), window, mode="valid")

    mean = np.stack([spread(part * weight) for part in slip.T], axis=1) / np.maximum(spread(weight), 1e-9)[:, None]
    size = np.linalg.norm(mean, axis=1, keepdims=True)
    followed = np.clip(size - SMALL_SLIP * scale, 0, LARGE_SLIP * scale)
    return mean * followed / np.maximum(size, 1e-9)


def _weighted_median(values: Array, weights: Array) -> float:
    order = np.argsort(values)
    share = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(share, share[-1] / 2)])
