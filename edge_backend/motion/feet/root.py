"""The root's correction: the floor under the dancer, and drift that planted feet show."""

import numpy as np

from ...numerics.array import Array
from .contact_detection import joint_speed
from .curves import fit_curve

# The correction follows changes that take longer than about these many frames; quicker ones are left to the legs.
FLOOR_SEARCH_FRAMES = 15
FLOOR_FRAMES = 8
DRIFT_FRAMES = 6
# Over this many frames a correction fades where no foot speaks for it, so that the dance keeps its place on the stage.
DRIFT_MEMORY = 20
SMALL_SLIP = 0.0005  # metres per frame: what mocap's planted feet slip too; legs take it alone
LARGE_SLIP = 0.004  # metres per frame: what slips faster is the leg's fault, and the leg takes the rest
SLIP_FRAMES = 9
# Metres off the floor at which a foot's word counts for a quarter: while the floor is searched, and when it is found.
FLOOR_DOUBT = 0.03
STILL_SPEED = 0.35  # metres per second; faster feet say little about the floor
STANDING_DOUBT = 0.09
HELD_WEIGHT = 1e6


def find_floor(points: Array, heights: Array, contacts: Array, scale: float) -> Array:
    """Height (T,) of the floor under the dancer, from feet in contact; it may drift slowly.

    points: (T, legs, 2, 3), heights: (T, legs, 2), contacts: (T, legs, 2) as in find_plants. Feet that stand still in
    the air, as in a handstand or a held balance, lie off the common height and lose their weight (iteratively
    reweighted least squares with Cauchy's squared weights).
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


def floor_shift(planted: Array, heights: Array, floor: Array, held: Array, scale: float) -> Array:
    """How far (T,) the root goes up so that planted feet stand at height 0.

    planted, heights: (T, legs, 2). floor: (T,) what find_floor found. held: bool (T,), frames where it stays. A foot
    that is planted by hand but far off the floor is a matter for its leg.
    """
    stands = planted.any(axis=2)
    standing = np.where(stands, np.where(planted, heights, np.inf).min(axis=2), floor[:, None])
    weight = stands / (1 + ((standing - floor[:, None]) / (STANDING_DOUBT * scale)) ** 2) ** 2
    return -_fit_heights(weight, standing, floor, FLOOR_FRAMES, held)


def _fit_heights(weight: Array, heights: Array, otherwise: Array, smooth: int, held: Array | None = None) -> Array:
    """A smooth curve (T,) through heights (T, legs) by weight (T, legs), near `otherwise` (T,) where there is none."""
    faint = 0.01
    total = weight.sum(axis=1) + faint
    place = ((weight * heights).sum(axis=1) + faint * otherwise) / total
    if held is not None:
        total, place = np.where(held, HELD_WEIGHT, total), np.where(held, 0.0, place)
    steps = max(len(place) - 1, 0)
    return fit_curve(total, place[:, None], np.zeros(steps), np.zeros((steps, 1)), smooth**4)[:, 0]


def drift_shift(planted: Array, points: Array, held: Array, scale: float) -> Array:
    """How far (T, 2) the root goes horizontally so that planted feet drift least.

    planted: (T, legs, 2). points: (T, legs, 2, 3). held: bool (T,), frames where it stays. The slips of planted joints
    from frame to frame are taken off the root's steps, by contact; what legs can do alone is left to them.
    """
    if len(points) < 2:
        return np.zeros((len(points), 2))
    both = planted[1:] & planted[:-1]
    # A foot has one word: its planted toe's, heel's, or the mean of the two.
    weight = both / np.maximum(both.sum(axis=2, keepdims=True), 1)
    slips = np.diff(points[..., :2], axis=0)
    total = weight.sum(axis=(1, 2))
    slip = (weight[..., None] * slips).sum(axis=(1, 2)) / np.maximum(total, 1e-9)[:, None]
    place_weight = np.where(held, HELD_WEIGHT, 1 / DRIFT_MEMORY**2)
    return fit_curve(place_weight, np.zeros((len(points), 2)), total, -_steady(slip, total, scale), DRIFT_FRAMES**2)


def _steady(slip: Array, weight: Array, scale: float) -> Array:
    """The slips (T, 2) that the root follows: means over some frames, shortened by SMALL_SLIP, LARGE_SLIP at most."""
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
