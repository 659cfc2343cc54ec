"""Hands for a dance: fingers in a style, with a little life, about their true knuckle axes whatever the bones' rolls.

The model has no fingers. Flexion is measured as anatomy does: 0 is a straight finger, positive towards the palm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ...numerics.array import Array
from ...numerics.filters import gaussian
from ...numerics.vectors import unit
from ..kinematics import forward_kinematics
from ..motion import Motion
from ..rotations import axis_angle_to_matrix
from ..skeleton import SMPL, Joint
from .fitting import Fit
from .onto_rig import BonePose
from .slots import SIDES

STEP = 10
"""Frames from key to key: hands move slowly."""

_FINGERS = ("index", "middle", "ring", "pinky")
_STYLES: Mapping[str, Mapping[str, tuple[float, float, float]]] = {
    style: dict(zip((*_FINGERS, "thumb"), angles, strict=True))
    for style, angles in {
        "relaxed": ((20, 28, 15), (25, 33, 18), (30, 37, 20), (33, 38, 20), (8, 12, 12)),
        "soft": ((8, 14, 8), (12, 18, 9), (15, 20, 10), (15, 18, 9), (4, 8, 6)),
        "open": ((-6, 4, 2), (-4, 4, 2), (-4, 5, 2), (-6, 6, 2), (-10, 2, 0)),
        "fist": ((75, 95, 55), (80, 98, 58), (82, 98, 58), (82, 95, 55), (30, 35, 45)),
        "point": ((4, 8, 4), (75, 92, 52), (78, 95, 55), (78, 92, 52), (22, 32, 38)),
        "flat": ((0, 2, 1), (0, 2, 1), (0, 2, 1), (0, 2, 1), (2, 4, 2)),
    }.items()
}
"""Degrees of flexion of the knuckle, middle and last joint: index, middle, ring and little finger, thumb."""
STYLES = tuple(_STYLES)
_LIMITS = {
    "finger": np.array([[-20.0, 90.0], [0.0, 110.0], [0.0, 80.0]]),
    "thumb": np.array([[-20.0, 50.0], [-5.0, 60.0], [-10.0, 80.0]]),
}
"""Degrees of flexion that people reach: knuckle, middle and last joint."""

_LAST = 0.85
"""Length of a finger's last section, in lengths of the one before: few rigs say where a finger ends."""
_FLESH = 0.06
"""Distance of a closed finger's bones from the plane of the palm, in finger lengths."""
_THICK = 0.17
"""Distance of the bones of two fingers that touch, in finger lengths."""

_SMOOTH, _LAG = 5.0, 1.5
_OPENING, _PHRASE, _SWAY = 0.45, 0.3, 3.0
_PHRASE_BEATS = 8

_WRISTS = (Joint.LEFT_WRIST, Joint.RIGHT_WRIST)
_TO_WRISTS = [
    Joint.PELVIS, Joint.SPINE1, Joint.SPINE2, Joint.SPINE3, Joint.LEFT_COLLAR, Joint.RIGHT_COLLAR, Joint.LEFT_SHOULDER,
    Joint.RIGHT_SHOULDER, Joint.LEFT_ELBOW, Joint.RIGHT_ELBOW, *_WRISTS,
]  # fmt: skip
_ARMS = SMPL.part(_TO_WRISTS)
"""The model's joints on the way to the wrists: all that hands need of it."""


class HandSettings(NamedTuple):
    """What the fingers do during a dance.

    style: one of STYLES. amount: 0 to 1, from the rest pose to the style. life: 0 to 1, how much fingers follow the
    wrists' acceleration and the music's phrases.
    """

    style: str = "relaxed"
    amount: float = 1.0
    life: float = 0.5


@dataclass(frozen=True, eq=False)
class Finger:
    """A finger at rest, armature space.

    bones: from base to tip. axis: (3,) unit; a positive rotation about it flexes the finger. flexion: (bones,) degrees
    at rest. lengths, directions: (bones,) armature units and (bones, 3) unit, of the sections. base: (3,) the first
    bone's head.
    """

    digit: str
    bones: tuple[str, ...]
    axis: Array
    flexion: Array
    lengths: Array
    directions: Array
    base: Array

    def joints(self, turns: Array) -> Array:
        """The joints (K, bones + 1, 3) from base to tip, armature space, after turns (K, bones), degrees, from rest."""
        turned = axis_angle_to_matrix(np.radians(np.cumsum(turns, axis=-1))[..., None] * self.axis)
        sections = np.einsum("kbij,bj->kbi", turned, self.directions * self.lengths[:, None])
        start = np.broadcast_to(self.base, (len(turns), 1, 3))
        joints: Array = np.concatenate([start, start + np.cumsum(sections, axis=1)], axis=1)
        return joints


def pose_hands(
    fit: Fit, fingers: Mapping[str, Sequence[str]], motion: Motion, settings: HandSettings
) -> tuple[Array, list[BonePose]]:
    """The frames (K,) of the motion that get keys, and the poses of all finger bones there.

    fingers: "thumb.L" -> bones from base to tip, as the bone map has them.
    """
    frames = np.unique(np.append(np.arange(0, motion.frames, STEP), motion.frames - 1))
    poses, wrists = [], _wrists(motion)
    for number, side in enumerate(SIDES):
        liveliness = _liveliness(motion, wrists[:, number])
        hand = {
            finger: settings.amount * (_flexion(finger, settings, liveliness, frames) - finger.flexion)
            for finger in measure_fingers(fit, fingers, side)
        }
        for finger, turns in _thumb_clear(hand, _wrist(fit, side)).items():
            axes = np.stack([fit.rig[bone].axes for bone in finger.bones])
            turned = axis_angle_to_matrix(np.radians(turns)[..., None] * finger.axis)
            local = np.swapaxes(axes, 1, 2) @ turned @ axes
            poses += [BonePose(bone, local[:, place]) for place, bone in enumerate(finger.bones)]
    return frames, poses


def _wrists(motion: Motion) -> Array:
    """Positions (T, 2, 3) of left and right wrist, metres."""
    return forward_kinematics(motion.rotations[:, _TO_WRISTS], motion.root, _ARMS)[:, -len(_WRISTS) :]


def measure_fingers(fit: Fit, fingers: Mapping[str, Sequence[str]], side: str) -> list[Finger]:
    """The fingers of a hand at rest, measured from the places of the bones, never from their rolls."""
    chains = {digit.partition(".")[0]: tuple(bones) for digit, bones in fingers.items() if digit.endswith(f".{side}")}
    knuckles = {digit: fit.rig[chains[digit][0]].head for digit in _FINGERS if digit in chains}
    if not knuckles:
        return []
    wrist = _wrist(fit, side)
    ahead = unit(np.mean(list(knuckles.values()), axis=0) - wrist)
    across = _across(fit, chains, knuckles, wrist, ahead)
    palm = np.cross(ahead, across) * (-1 if side == "L" else 1)
    found = []
    for digit, bones in chains.items():
        directions = _sections(fit, bones)
        lengths = _lengths(fit, bones)
        towards = unit(across + palm) if digit == "thumb" else palm
        axis = unit(np.cross(directions[0], towards))
        before = directions[0] if digit == "thumb" else unit(knuckles[digit] - wrist)
        flexion = [_angle_about(axis, a, b) for a, b in zip([before, *directions[:-1]], directions, strict=True)]
        base = fit.rig[bones[0]].head
        found.append(Finger(digit, bones, axis, np.array(flexion), lengths, np.array(directions), base))
    return found


def _wrist(fit: Fit, side: str) -> Array:
    if f"hand.{side}" in fit.bones:
        return fit.rig[fit.bones[f"hand.{side}"]].head
    return fit.rig[fit.bones[f"forearm.{side}"]].head


def _across(
    fit: Fit, chains: Mapping[str, Sequence[str]], knuckles: Mapping[str, Array], wrist: Array, ahead: Array
) -> Array:
    """The direction (3,), unit, across the palm, from the index finger to the little finger."""
    ordered = [knuckles[digit] for digit in _FINGERS if digit in knuckles]
    if len(ordered) > 1:
        direction = ordered[-1] - ordered[0]
    elif "thumb" in chains:
        direction = wrist - fit.rig[chains["thumb"][-1]].head
    else:
        direction = np.zeros(3)
    across = direction - ahead * float(direction @ ahead)
    if np.linalg.norm(across) < 1e-3 * fit.scale:
        direction = fit.axes[:, 1]  # palms face down or inward: the index finger is in front
        across = direction - ahead * float(direction @ ahead)
    return unit(across)


def _sections(fit: Fit, bones: Sequence[str]) -> list[Array]:
    """The directions (3,), unit, of a finger's bones; the last one's is to its children, or to its tail."""
    heads = [fit.rig[bone].head for bone in bones]
    directions = [unit(b - a) for a, b in pairwise(heads)]
    last = fit.rig[bones[-1]]
    below = [bone.head for bone in fit.rig.values() if bone.parent == bones[-1]]
    end = unit((np.mean(below, axis=0) if below else last.tail) - last.head)
    # Importers give last bones tails of their own choice.
    if not np.any(end) or (directions and end @ directions[-1] < np.cos(np.radians(50))):
        end = directions[-1] if directions else unit(last.tail - last.head)
    return [*directions, end]


def _lengths(fit: Fit, bones: Sequence[str]) -> Array:
    """The lengths (bones,) of a finger's sections; the last one's is _LAST times the one before."""
    heads = np.array([fit.rig[bone].head for bone in bones])
    lengths = np.linalg.norm(np.diff(heads, axis=0), axis=1)
    last = _LAST * lengths[-1] if len(lengths) else float(np.linalg.norm(fit.rig[bones[-1]].tail - heads[-1]))
    return np.append(lengths, last)


def palm_distance(lengths: Array, flexion: Array) -> Array:
    """How far (..., bones) the sections' ends of a finger are from the plane of the palm, on the palm's side.

    lengths: (bones,). flexion: (..., bones) degrees; a finger of flexion 0 lies in the plane.
    """
    ends: Array = np.cumsum(lengths * np.sin(np.radians(np.cumsum(flexion, axis=-1))), axis=-1)
    return ends


def off_the_palm(lengths: Array, flexion: Array) -> Array:
    """The flexion (K, bones), degrees, with less beyond the knuckle where the finger would enter the palm.

    lengths: (bones,). Fingers that are bent back from the palm stay as they are.
    """
    touch = _FLESH * lengths.sum()
    inside = np.flatnonzero(_enters(lengths, flexion, touch))
    if not len(inside):
        return flexion
    bent = flexion[inside]
    least, most = np.zeros(len(bent)), np.ones(len(bent))
    share = np.where(bent[:, :1] > 0, np.append(0.0, np.ones(bent.shape[1] - 1)), 0.0)
    for _ in range(12):
        middle = (least + most) / 2
        free = ~_enters(lengths, bent * (1 - share * (1 - middle[:, None])), touch)
        least, most = np.where(free, middle, least), np.where(free, most, middle)
    clear = flexion.copy()
    clear[inside] = bent * (1 - share * (1 - least[:, None]))
    return clear


def _thumb_clear(hand: Mapping[Finger, Array], wrist: Array) -> dict[Finger, Array]:
    """The turns (K, bones) of a hand's fingers, with less of the thumb's where it would touch the palm or a finger."""
    others = [np.insert(one.joints(turns), 0, wrist, axis=1) for one, turns in hand.items() if one.digit != "thumb"]
    return {
        finger: off_the_others(finger, turns, others) if finger.digit == "thumb" else turns
        for finger, turns in hand.items()
    }


def off_the_others(thumb: Finger, turns: Array, others: Sequence[Array]) -> Array:
    """The greatest share of the thumb's turns (K, bones), degrees, that leaves it a finger's thickness from the others.

    others: the joints (K, joints, 3) of each other finger, from the wrist to the tip. Where no share does, the one that
    takes it farthest from them.
    """
    lines = np.concatenate([_along(joints) for joints in others], axis=1)
    thickness = _THICK * float(np.mean([np.linalg.norm(np.diff(j[0, 1:], axis=0), axis=1).sum() for j in others]))
    farthest = _apart(thumb, turns, lines)
    shares, near = np.ones(len(turns)), np.flatnonzero(farthest < thickness)
    for share in np.linspace(1, 0, 21)[1:]:
        if not len(near):
            break
        apart = _apart(thumb, share * turns[near], lines[near])
        farther = near[apart > farthest[near]]
        shares[farther], farthest[near] = share, np.maximum(apart, farthest[near])
        near = near[apart < thickness]
    return turns * shares[:, None]


def _apart(thumb: Finger, turns: Array, lines: Array) -> Array:
    """The distance (K,) of the thumb's outer sections, with these turns, from points (K, points, 3)."""
    outer = _along(thumb.joints(turns)[:, -3:])[:, 1:]
    # Squares of differences by products of matrices: in seconds of dance, the largest computation of all hands.
    squares = np.sum(outer**2, axis=-1)[:, :, None] + np.sum(lines**2, axis=-1)[:, None]
    squares -= 2 * outer @ np.swapaxes(lines, 1, 2)
    distance: Array = np.sqrt(np.maximum(squares.min(axis=(1, 2)), 0))
    return distance


def _along(joints: Array) -> Array:
    """Points (K, points, 3) along a line of joints (K, joints, 3): four a section."""
    steps = np.linspace(0, 1, 4, endpoint=False)[:, None]
    sections = joints[:, :-1, None] * (1 - steps) + joints[:, 1:, None] * steps
    return np.concatenate([sections.reshape(len(joints), -1, 3), joints[:, -1:]], axis=1)


def _enters(lengths: Array, flexion: Array, touch: float) -> Array:
    """Whether (K,) a finger that is bent back over the palm comes nearer to it than `touch`."""
    back = np.cumsum(flexion, axis=1) > 90  # beyond, a section leads back from the knuckle over the palm
    near = palm_distance(lengths, flexion) < touch
    enters: Array = (back & near).any(axis=1)
    return enters


def intended_flexion(digit: str, style: str, bones: int) -> Array:
    """The flexion (bones,), degrees, from base to tip, of a still hand; fingers of fewer bones take joints together."""
    base, middle, last = _STYLES[style][digit]
    if bones == 1:
        return np.array([base + middle / 2])
    if bones == 2:
        return np.array([base, middle + last / 2])
    return np.array([base, middle, last, *[last / 2] * (bones - 3)])


def _liveliness(motion: Motion, wrist: Array) -> tuple[Array, Array]:
    """The smoothed acceleration (T,) of a wrist (T, 3), 0 to 1, and a wave (T,) of one period a phrase, -1 to 1."""
    places = wrist.astype(np.float64)
    acceleration = np.zeros(len(places))
    if len(places) > 2:
        acceleration[1:-1] = np.linalg.norm(np.diff(places, 2, axis=0), axis=1)
    acceleration = gaussian(acceleration, _SMOOTH)
    acceleration = np.clip(acceleration / max(float(np.quantile(acceleration, 0.9)), 1e-9), 0, 1)
    times = np.arange(len(places)) / Motion.fps
    if len(motion.beats) > 1:
        phase = np.interp(times, motion.beats, np.arange(len(motion.beats))) / _PHRASE_BEATS
    else:
        phase = times / (_PHRASE_BEATS * 0.5)
    return acceleration, np.cos(2 * np.pi * phase)


def _flexion(finger: Finger, settings: HandSettings, liveliness: tuple[Array, Array], frames: Array) -> Array:
    """Flexion (K, bones), degrees, of a finger at frames (K,), within human range. The little finger leads."""
    acceleration, phrase = liveliness
    late = _LAG * (4 - _FINGERS.index(finger.digit)) if finger.digit in _FINGERS else 0.0
    every = np.arange(len(acceleration))
    acceleration, phrase = (np.interp(frames - late, every, values) for values in (acceleration, phrase))
    gain = 1 + settings.life * (_PHRASE * phrase - _OPENING * acceleration)
    sway = settings.life * _SWAY * np.sin(frames / Motion.fps * 2.1 + len(finger.digit))
    still = intended_flexion(finger.digit, settings.style, len(finger.bones))
    limits = _LIMITS["thumb" if finger.digit == "thumb" else "finger"]
    limits = limits[np.minimum(np.arange(len(finger.bones)), len(limits) - 1)]
    flexion: Array = np.clip(gain[:, None] * still + sway[:, None], limits[:, 0], limits[:, 1])
    return flexion if finger.digit == "thumb" else off_the_palm(finger.lengths, flexion)


def _angle_about(axis: Array, first: Array, second: Array) -> float:
    """Degrees of the turn about an axis (3,) from one direction (3,) to another, both seen along the axis."""
    a, b = (direction - axis * float(direction @ axis) for direction in (first, second))
    return float(np.degrees(np.arctan2(np.cross(a, b) @ axis, a @ b)))
