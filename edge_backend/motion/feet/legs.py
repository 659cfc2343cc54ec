"""Two-bone inverse kinematics in closed form."""

from dataclasses import dataclass

import numpy as np

from ...numerics.array import Array
from ..rotations import axis_angle_to_matrix
from .turns import swing

# A leg may always be as long as in the input. A correction may stretch it up to this share of thigh + shin, and slows
# down over the last SOFT of it, or half of the added length, because the knee's speed is unbounded at full stretch.
STRETCH = 0.999
SOFT = 0.02
# A correction folds a leg up to this share of thigh + shin more than the difference of their lengths, or leaves it as
# folded as it was.
FOLD = 0.01
# In frames without a plant, a correction leaves the knee at least this share of its bend, for the same reason.
REMAINING_BEND = 0.65
# The leg's plane is given by the hinge axis below the first bend, by thigh and shin above the second, blended between.
HINGE_BEND, BONES_BEND = np.radians(8), np.radians(20)


@dataclass(frozen=True)
class LegTurns:
    """World rotations. hip: (T, 3, 3), of the whole leg. knee: (T, 3, 3), of the shin, applied before hip."""

    hip: Array
    knee: Array


def reach_leg(thigh: Array, shin: Array, hinge: Array, target: Array, longest: Array) -> LegTurns:
    """Two-bone IK: world rotations of hip and knee that bring the ankle to its target.

    thigh, shin: (T, 3) hip to knee and knee to ankle, metres, world. hinge: (T, 3) unit, world; a positive rotation
    about it bends the knee. target: (T, 3) metres, world, from the hip. longest: (T, 1) metres, the greatest distance
    from hip to ankle. The knee bends in the leg's own plane, which swings with the leg by the smallest rotation. If the
    target is too far, the leg points at it and has the length that `reachable` returns; if it is too near, the ankle
    goes towards it as far as the leg folds.
    """
    ankle = thigh + shin
    upper, lower = _norm(thigh), _norm(shin)
    along = thigh / upper
    axis = _bend_axis(along, shin / lower, hinge)
    forward = np.cross(axis, along)
    # The shin need not lie in the plane; its component along the axis is not changed by the bend.
    in_plane = np.hypot(np.sum(shin * along, axis=-1), np.sum(shin * forward, axis=-1))[..., None]
    bend = np.arctan2(np.sum(shin * forward, axis=-1), np.sum(shin * along, axis=-1))
    target = _outside(target, ankle, folded_legs(thigh, shin))
    length = reachable(_norm(ankle), _norm(target), longest)
    cosine = (length**2 - upper**2 - lower**2) / (2 * upper * np.maximum(in_plane, 1e-9))
    # Of the two solutions, the one with the knee in front; this also corrects a knee that bends backwards.
    new_bend = np.arccos(np.clip(cosine, -1, 1))[..., 0]
    knee = axis_angle_to_matrix(axis * (new_bend - bend)[..., None])
    bent = thigh + (knee @ shin[..., None])[..., 0]
    return LegTurns(swing(_unit(bent, axis), _unit(target, bent)), knee)


def longest_legs(thigh: Array, shin: Array, planted: Array) -> Array:
    """The greatest distance (T, 1) from hip to ankle, metres. thigh, shin: (T, 3) metres, world. planted: bool (T,)."""
    upper, lower = _norm(thigh), _norm(shin)
    bend = np.arctan2(_norm(np.cross(thigh, shin)), np.sum(thigh * shin, axis=-1, keepdims=True))
    shortened = np.sqrt(upper**2 + lower**2 + 2 * upper * lower * np.cos(REMAINING_BEND * bend))
    full = STRETCH * (upper + lower)
    return np.where(planted[:, None], full, np.minimum(shortened, full))


def folded_legs(thigh: Array, shin: Array) -> Array:
    """The least distance (T, 1) from hip to ankle, metres, that `reach_leg` sets. thigh, shin: (T, 3) metres, world."""
    upper, lower = _norm(thigh), _norm(shin)
    return np.minimum(_norm(thigh + shin), np.abs(upper - lower) + FOLD * (upper + lower))


def reachable(old: Array, wanted: Array, longest: Array) -> Array:
    """New leg lengths (...), metres, for present lengths old (...), wanted ones (...) and upper bounds longest (...).

    Shortening is exact. Lengthening is exact up to SOFT before `longest`, or at least half of the possible increase,
    and approaches `longest` exponentially beyond that.
    """
    room = np.maximum(longest - old, 0)
    soft = np.minimum(SOFT * longest, room / 2)
    over = np.maximum(wanted - (old + room - soft), 0)
    limited = old + room - soft * np.exp(-over / np.maximum(soft, 1e-12))
    return np.where((wanted > old) & (over > 0), limited, wanted)


def within_reach(old: Array, longest: Array) -> Array:
    """The length (...), metres, up to which `reachable` is short of a wanted one by 0.005 of its soft part at most."""
    room = np.maximum(longest - old, 0)
    return old + room - 0.9 * np.minimum(SOFT * longest, room / 2)


def _outside(target: Array, ankle: Array, shortest: Array) -> Array:
    """The targets (T, 3), those nearer than `shortest` (T, 1) moved back towards the ankle (T, 3), which is not nearer.

    A leg that points at a target near its hip could have any direction, from one frame to the next.
    """
    way = target - ankle
    square, slope = np.sum(way**2, axis=-1, keepdims=True), np.sum(way * ankle, axis=-1, keepdims=True)
    room = np.maximum(np.sum(ankle**2, axis=-1, keepdims=True) - shortest**2, 0)
    # The first crossing of the way with the sphere about the hip.
    share = (-slope - np.sqrt(np.maximum(slope**2 - square * room, 0))) / np.maximum(square, 1e-12)
    return np.where(_norm(target) < shortest, ankle + np.clip(share, 0, 1) * way, target)


def _bend_axis(thigh: Array, shin: Array, hinge: Array) -> Array:
    """Unit axes (T, 3), world, perpendicular to the thigh, about which a positive rotation bends the knee.

    thigh, shin: (T, 3) unit. hinge: (T, 3) unit, used where the leg is nearly straight.
    """
    normal = np.cross(thigh, shin)
    hinge = _unit(hinge - np.sum(hinge * thigh, axis=-1, keepdims=True) * thigh, normal)
    bend = np.arctan2(_norm(normal), np.sum(thigh * shin, axis=-1, keepdims=True))
    u = np.clip((bend - HINGE_BEND) / (BONES_BEND - HINGE_BEND), 0, 1)
    trust = u * u * (3 - 2 * u)
    return _unit((1 - trust) * hinge + trust * _unit(normal, hinge), hinge)


def _norm(vector: Array) -> Array:
    return np.linalg.norm(vector, axis=-1, keepdims=True)


def _unit(vector: Array, otherwise: Array) -> Array:
    """Unit vectors (..., 3); where a vector's length is 0, the direction of `otherwise`."""
    length = _norm(vector)
    fallback = otherwise / np.maximum(_norm(otherwise), 1e-12)
    return np.where(length > 1e-9, vector / np.maximum(length, 1e-12), fallback)
