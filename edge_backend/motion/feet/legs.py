"""Two-bone inverse kinematics in closed form."""

from dataclasses import dataclass

import numpy as np

from ...numerics.array import Array
from ..rotations import axis_angle_to_matrix
from .turns import swing

# A leg may always reach as far as it did; a correction may stretch it to this share of thigh + shin, and slows down
# over the last SOFT of it, or the second half of the way, because the knee's speed grows without bound at full stretch.
STRETCH = 0.999
SOFT = 0.02
# Where no plant needs it, a correction leaves a knee this share of its bend, for the same reason.
KEPT_BEND = 0.65
# The plane of a leg is told by its bones where the knee bends by more, by its hinge where it bends by less.
HINGE_BEND, BONES_BEND = np.radians(8), np.radians(20)


@dataclass(frozen=True)
class LegTurns:
    """Rotations in the world. hip: (T, 3, 3) turns the whole leg. knee: (T, 3, 3) turns the shin before that."""

    hip: Array
    knee: Array


def reach_leg(thigh: Array, shin: Array, hinge: Array, target: Array, longest: Array) -> LegTurns:
    """Turn hip and knee so that the ankle comes to its target.

    thigh, shin: (T, 3) hip to knee and knee to ankle, metres, world. hinge: (T, 3) unit, world; turning about it bends
    the knee. target: (T, 3) from the hip. longest: (T, 1) metres, what the leg may be stretched to. The knee bends in
    its own plane; the plane swings with the leg by the smallest rotation. Out of reach, the leg points at the target
    and is as long as `reachable` says.
    """
    ankle = thigh + shin
    upper, lower = _norm(thigh), _norm(shin)
    along = thigh / upper
    axis = _bend_axis(along, shin / lower, hinge)
    forward = np.cross(axis, along)
    # The shin may lean out of the plane; its part along the axis is not changed by the bend.
    in_plane = np.hypot(np.sum(shin * along, axis=-1), np.sum(shin * forward, axis=-1))[..., None]
    bend = np.arctan2(np.sum(shin * forward, axis=-1), np.sum(shin * along, axis=-1))
    length = reachable(_norm(ankle), _norm(target), longest)
    cosine = (length**2 - upper**2 - lower**2) / (2 * upper * np.maximum(in_plane, 1e-9))
    # Of the two angles the one that bends the knee forward: a leg bent backwards is mended.
    new_bend = np.arccos(np.clip(cosine, -1, 1))[..., 0]
    knee = axis_angle_to_matrix(axis * (new_bend - bend)[..., None])
    bent = thigh + (knee @ shin[..., None])[..., 0]
    return LegTurns(swing(_unit(bent, axis), _unit(target, bent)), knee)


def longest_legs(thigh: Array, shin: Array, planted: Array) -> Array:
    """What legs may be stretched to (T, 1), metres. thigh, shin: (T, 3). planted: bool (T,)."""
    upper, lower = _norm(thigh), _norm(shin)
    bend = np.arctan2(_norm(np.cross(thigh, shin)), np.sum(thigh * shin, axis=-1, keepdims=True))
    kept = np.sqrt(upper**2 + lower**2 + 2 * upper * lower * np.cos(KEPT_BEND * bend))
    full = STRETCH * (upper + lower)
    return np.where(planted[:, None], full, np.minimum(kept, full))


def reachable(old: Array, wanted: Array, longest: Array) -> Array:
    """How long (...) a leg becomes that is `old` long and should be `wanted` long.

    It shortens freely. It lengthens freely to SOFT before `longest`, over half of the way at least, then ever less.
    """
    room = np.maximum(longest - old, 0)
    soft = np.minimum(SOFT * longest, room / 2)
    over = np.maximum(wanted - (old + room - soft), 0)
    limited = old + room - soft * np.exp(-over / np.maximum(soft, 1e-12))
    return np.where((wanted > old) & (over > 0), limited, wanted)


def _bend_axis(thigh: Array, shin: Array, hinge: Array) -> Array:
    """Unit axes (T, 3) at right angles to the thigh, about which the knee bends by a positive angle."""
    normal = np.cross(thigh, shin)
    hinge = _unit(hinge - np.sum(hinge * thigh, axis=-1, keepdims=True) * thigh, normal)
    bend = np.arctan2(_norm(normal), np.sum(thigh * shin, axis=-1, keepdims=True))
    u = np.clip((bend - HINGE_BEND) / (BONES_BEND - HINGE_BEND), 0, 1)
    trust = u * u * (3 - 2 * u)
    return _unit((1 - trust) * hinge + trust * _unit(normal, hinge), hinge)


def _norm(vector: Array) -> Array:
    return np.linalg.norm(vector, axis=-1, keepdims=True)


def _unit(vector: Array, otherwise: Array) -> Array:
    """Unit vectors; those of `otherwise` where a vector has no direction."""
    length = _norm(vector)
    fallback = otherwise / np.maximum(_norm(otherwise), 1e-12)
    return np.where(length > 1e-9, vector / np.maximum(length, 1e-12), fallback)
