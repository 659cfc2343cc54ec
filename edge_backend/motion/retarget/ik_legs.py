"""Legs keyed on a control rig's IK controls: one foot control and one pole for each leg, from the pose of its bones."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...numerics.array import Array
from ...numerics.intervals import runs
from ..feet.turns import inverse
from ..rotations import axis_angle_to_matrix, matrix_to_axis_angle
from .families import IkLeg, IkLegs
from .fitting import Fit

_LEAN = 0.004
"""Share of leg length: if the knee bends less than this, the pole stays in front of the thigh, as at rest."""
_BENT = 0.01
"""Share of leg length: rest poses with a larger bend determine the direction from the pole to the knee."""
_STANDS, _STEADY, _FADE = 0.012, 0.06, 6
"""Share of leg length, and radians: a sole that moves its control more than this during a stance is rolling, and is not
made still. Frames: length of the fade beside a stance."""


@dataclass(frozen=True)
class LegPose:
    """One leg over T frames, armature space: hip, knee and ankle (T, 3), rotations from rest (T, 3, 3)."""

    hip: Array
    knee: Array
    ankle: Array
    thigh: Array
    foot: Array
    toes: Array | None


def replaced_bones(bones: Mapping[str, str], ik_legs: IkLegs) -> set[str]:
    """The bones of a bone map (slot -> bone) that get no keys, because IK controls move them."""
    parts = [part for part in ("thigh", "shin", "foot", "toes") if part not in ik_legs.guides]
    own = {bones.get(f"{part}.{side}", "") for part in parts for side in ik_legs.legs}
    return own - set(ik_legs.bones)


def control_places(
    fit: Fit, side: str, leg: IkLeg, pose: LegPose, stands: Array
) -> dict[str, tuple[Array, Array | None]]:
    """Control -> its axes (T, 3, 3) and its head (T, 3), None if it only rotates; armature space.

    stands: bool (T,), the whole sole is planted. The foot control moves with the foot, and is exactly constant while
    the whole sole stands. The pole lies in the plane of the leg, at its rest distance from the knee. The control of the
    toes rotates with them.
    """
    rig = fit.rig
    control, ankle, hip = rig[leg.foot], rig[fit.bones[f"foot.{side}"]].head, rig[fit.bones[f"thigh.{side}"]].head
    place = pose.ankle + pose.foot @ (control.head - ankle) * fit.growth
    turn, place = _still(pose.foot, place, stands, float(np.linalg.norm(ankle - hip)))
    found: dict[str, tuple[Array, Array | None]] = {leg.foot: (turn @ control.axes, place)}
    if leg.pole:
        still = np.broadcast_to(rig[leg.pole].axes, turn.shape)
        found[leg.pole] = (still, _pole(fit, side, leg.pole, pose))
    if leg.toes and pose.toes is not None:
        found[leg.toes] = (pose.toes @ rig[leg.toes].axes, None)
    return found


def _still(turn: Array, place: Array, stands: Array, leg: float) -> tuple[Array, Array]:
    """Rotations (T, 3, 3) and positions (T, 3) of a control, constant within every stance, bool (T,).

    The changes at both ends of a stance fade out over _FADE frames. leg: its length.
    """
    turn, place = turn.copy(), place.copy()
    for first, last in runs(stands):
        here = slice(first, last)
        off = np.linalg.norm(place[here] - np.median(place[here], axis=0), axis=1)
        middle = first + int(np.argmin(off))
        cosine = np.clip((np.trace(inverse(turn[here]) @ turn[middle], axis1=1, axis2=2) - 1) / 2, -1, 1)
        if off.max() > _STANDS * leg or np.arccos(cosine).max() > _STEADY:
            continue
        steady_turn, steady = turn[middle].copy(), place[middle].copy()
        for edge, beside in ((first, range(first - 1, first - _FADE, -1)), (last - 1, range(last, last + _FADE - 1))):
            lean = matrix_to_axis_angle(steady_turn @ turn[edge].T)
            shift = steady - place[edge]
            for number, frame in enumerate(beside, start=1):
                if not 0 <= frame < len(stands) or stands[frame]:
                    break
                share = 1 - number / _FADE
                share = share * share * (3 - 2 * share)
                place[frame] += share * shift
                turn[frame] = axis_angle_to_matrix(share * lean) @ turn[frame]
        place[here], turn[here] = steady, steady_turn
    return turn, place


def _pole(fit: Fit, side: str, name: str, pose: LegPose) -> Array:
    """Positions (T, 3) of the pole: before the knee, in the leg's plane; for a straight leg, fixed to the thigh."""
    hip, knee, ankle = (fit.rig[fit.bones[f"{part}.{side}"]].head for part in ("thigh", "shin", "foot"))
    before, bulge = _across(fit.rig[name].head, hip, ankle), _across(knee, hip, ankle)
    length = float(np.linalg.norm(knee - hip) + np.linalg.norm(ankle - knee))
    direction = _aside(pose.hip, pose.knee, pose.ankle)
    if np.linalg.norm(bulge) > _BENT * length:  # seen along the leg, the pole need not lie where the knee does
        direction = _turned_like(direction, bulge, before, pose.ankle - pose.hip, ankle - hip)
    ahead = _aside(pose.hip, pose.hip + pose.thigh @ (before + knee - hip), pose.ankle)
    ahead /= np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-12)
    direction = direction + _LEAN * length * ahead
    direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-12)
    return pose.knee + direction * float(np.linalg.norm(fit.rig[name].head - knee))


def _turned_like(direction: Array, bulge: Array, before: Array, along: Array, along_rest: Array) -> Array:
    """Directions (T, 3) rotated about the legs `along` (T, 3) by the angle from `bulge` to `before` (3,) at rest."""
    axis = along_rest / np.linalg.norm(along_rest)
    angle = np.arctan2(np.cross(bulge, before) @ axis, bulge @ before)
    axes = along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-12)
    return direction * np.cos(angle) + np.cross(axes, direction) * np.sin(angle)


def _across(point: Array, hip: Array, ankle: Array) -> Array:
    return _aside(hip[None], point[None], ankle[None])[0]


def _aside(hip: Array, point: Array, ankle: Array) -> Array:
    """Vectors (T, 3) from the line through hip and ankle (T, 3) to a point (T, 3), perpendicular to the line."""
    line, offset = ankle - hip, point - hip
    share = np.sum(offset * line, axis=1) / np.maximum(np.sum(line * line, axis=1), 1e-18)
    return offset - line * share[:, None]
