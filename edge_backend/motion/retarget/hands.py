"""Hands for a dance: fingers in a style, with a little life, about their true knuckle axes whatever the bones' rolls.

The model has no fingers. Flexion is measured as anatomy does: 0 is a straight finger, positive towards the palm.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...numerics.array import Array
from ...numerics.filters import gaussian
from ...numerics.vectors import SHORTEST, cross, dots, lengths, unit
from ..kinematics import forward_kinematics
from ..motion import Motion
from ..rotations import axis_angle_to_matrix
from ..skeleton import SMPL, Joint
from .fitting import Fit
from .rig import unscaled
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
        joints: Array = _joints([self], turns[:, None])[:, 0]
        return joints


@dataclass(frozen=True, eq=False)
class FingerPose:
    """How a finger's bone is turned from its rest over K frames.

    axis: (3,) unit, in the bone's own axes. degrees: (K,) about it.
    """

    bone: str
    axis: Array
    degrees: Array

    @property
    def rotations(self) -> Array:
        """The bone's rotation (K, 3, 3), relative to rest and in its own axes."""
        return axis_angle_to_matrix(np.radians(self.degrees)[:, None] * self.axis)

    @property
    def quaternions(self) -> Array:
        """The same as quaternions (K, 4), w, x, y, z, without sign flips."""
        half = np.radians(self.degrees)[:, None] / 2
        return np.hstack([np.cos(half), np.sin(half) * self.axis])


def pose_hands(
    fit: Fit, fingers: Mapping[str, Sequence[str]], motion: Motion, settings: HandSettings
) -> tuple[Array, list[FingerPose]]:
    """The frames (K,) of the motion that get keys, and the poses of all finger bones there.

    fingers: "thumb.L" -> bones from base to tip, as the bone map has them.
    """
    frames = np.unique(np.append(np.arange(0, motion.frames, STEP), motion.frames - 1))
    poses: list[FingerPose] = []
    wrists = _wrists(motion)
    for number, side in enumerate(SIDES):
        liveliness = _liveliness(motion, wrists[:, number])
        hand = []
        for alike in _alike(measure_fingers(fit, fingers, side)):
            at_rest = np.stack([finger.flexion for finger in alike])
            hand.append((alike, settings.amount * (_flexion(alike, settings, liveliness, frames) - at_rest)))
        for finger, turns in _thumb_clear(hand, _wrist(fit, side)):
            axes = finger.axis @ unscaled(np.stack([fit.rig[bone].standing[:3, :3] for bone in finger.bones]))
            poses += map(FingerPose, finger.bones, axes, turns.T)
    return frames, poses


def _alike(fingers: Iterable[Finger]) -> list[list[Finger]]:
    """The fingers by their number of bones: arrays of several fingers take hardly longer than those of one."""
    groups: dict[int, list[Finger]] = {}
    for finger in fingers:
        groups.setdefault(len(finger.bones), []).append(finger)
    return list(groups.values())


def _wrists(motion: Motion) -> Array:
    """Positions (T, 2, 3) of left and right wrist, metres."""
    return forward_kinematics(motion.rotations[:, _TO_WRISTS], motion.root, _ARMS)[:, -len(_WRISTS) :]


def measure_fingers(fit: Fit, fingers: Mapping[str, Sequence[str]], side: str) -> list[Finger]:
    """The fingers of a hand at rest, measured from the places of the bones, never from their rolls."""
    chains = {digit.partition(".")[0]: tuple(bones) for digit, bones in fingers.items() if digit.endswith(f".{side}")}
    heads = {digit: np.array([fit.rig[bone].head for bone in bones]) for digit, bones in chains.items()}
    knuckles = {digit: heads[digit][0] for digit in _FINGERS if digit in chains}
    if not knuckles:
        return []
    wrist = _wrist(fit, side)
    ahead = unit(np.mean(list(knuckles.values()), axis=0) - wrist)
    across = _across(fit, chains, knuckles, wrist, ahead)
    palm = cross(ahead, across) * (-1 if side == "L" else 1)
    tips = _tips(fit, [bones[-1] for bones in chains.values()])
    found = []
    for digit, bones in chains.items():
        directions, lengths = _sections(heads[digit], tips[bones[-1]])
        towards = unit(across + palm) if digit == "thumb" else palm
        axis = unit(cross(directions[0], towards))
        before = directions[0] if digit == "thumb" else unit(knuckles[digit] - wrist)
        flexion = _angles_about(axis, np.vstack([before, directions]))
        found.append(Finger(digit, bones, axis, flexion, lengths, directions, heads[digit][0]))
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


def _tips(fit: Fit, bones: Sequence[str]) -> dict[str, Array]:
    """Where each of these bones ends (3,), armature space: the middle of its children's heads, else its tail."""
    below: dict[str, list[Array]] = {bone: [] for bone in bones}
    for bone in fit.rig.values():
        if bone.parent in below:
            below[bone.parent].append(bone.head)
    tips = {bone: np.mean(heads, axis=0) for bone, heads in below.items() if heads}
    return {bone: fit.rig[bone].tail for bone in bones} | {
        bone: tip for bone, tip in tips.items() if np.any(tip != fit.rig[bone].head)
    }


def _sections(heads: Array, tip: Array) -> tuple[Array, Array]:
    """The directions (bones, 3), unit, and the lengths (bones,) of a finger's sections.

    heads: (bones, 3) of its bones from base to tip. tip: (3,) where the last bone ends, as the rig has it. The last
    section's length is _LAST times that of the one before.
    """
    ways = np.diff(np.vstack([heads, tip]), axis=0)
    lengths = np.linalg.norm(ways, axis=1)
    directions = ways / np.maximum(lengths, SHORTEST)[:, None]
    if len(heads) > 1:
        lengths[-1] = _LAST * lengths[-2]
        # Importers give last bones tails of their own choice.
        if directions[-1] @ directions[-2] < np.cos(np.radians(50)):
            directions[-1] = directions[-2]
    return directions, lengths


def palm_distance(lengths: Array, flexion: Array) -> Array:
    """How far (..., bones) the sections' ends of a finger are from the plane of the palm, on the palm's side.

    lengths: (bones,). flexion: (..., bones) degrees; a finger of flexion 0 lies in the plane.
    """
    ends: Array = np.cumsum(lengths * np.sin(np.radians(np.cumsum(flexion, axis=-1))), axis=-1)
    return ends


def off_the_palm(lengths: Array, flexion: Array) -> Array:
    """The flexion (..., bones), degrees, with less beyond the knuckle where the finger would enter the palm.

    lengths: (bones,), or (fingers, bones) for a flexion (K, fingers, bones). Fingers that are bent back from the palm
    stay as they are.
    """
    inside = _enters(lengths, flexion)
    if not inside.any():
        return flexion
    bent, lengths = flexion[inside], np.broadcast_to(lengths, flexion.shape)[inside]
    least, most = np.zeros(len(bent)), np.ones(len(bent))
    share = np.where(bent[:, :1] > 0, np.append(0.0, np.ones(bent.shape[1] - 1)), 0.0)
    for _ in range(12):
        middle = (least + most) / 2
        free = ~_enters(lengths, bent * (1 - share * (1 - middle[:, None])))
        least, most = np.where(free, middle, least), np.where(free, most, middle)
    clear = flexion.copy()
    clear[inside] = bent * (1 - share * (1 - least[:, None]))
    return clear


def _thumb_clear(hand: Iterable[tuple[Sequence[Finger], Array]], wrist: Array) -> Iterator[tuple[Finger, Array]]:
    """The turns (K, bones) of a hand's fingers, with less of the thumb's where it would touch the palm or a finger.

    hand: fingers of equally many bones, and their turns (K, fingers, bones). wrist: (3,).
    """
    others, thumbs = [], []
    for fingers, turns in hand:
        chosen = [finger.digit != "thumb" for finger in fingers]
        thumbs += [(finger, turns[:, at]) for at, finger in enumerate(fingers) if not chosen[at]]
        if any(chosen):
            kept = [finger for finger in fingers if finger.digit != "thumb"]
            yield from ((finger, turns[:, at]) for at, finger in enumerate(fingers) if chosen[at])
            joints = _joints(kept, turns[:, chosen])
            start = np.broadcast_to(wrist, (*joints.shape[:2], 1, 3))
            others.append(np.concatenate([start, joints], axis=2))
    yield from ((thumb, off_the_others(thumb, turns, others)) for thumb, turns in thumbs)


def off_the_others(thumb: Finger, turns: Array, others: Sequence[Array]) -> Array:
    """The greatest share of the thumb's turns (K, bones), degrees, that leaves it a finger's thickness from the others.

    others: the joints (K, joints, 3) of each other finger, from the wrist to the tip, or (K, fingers, joints, 3) of
    several. Where no share does, the one that takes it farthest from them.
    """
    lines = np.concatenate([_along(joints).reshape(len(turns), -1, 3) for joints in others], axis=1)
    sizes = [lengths(np.diff(joints[0, ..., 1:, :], axis=-2)).sum(axis=-1) for joints in others]
    thickness = _THICK * float(np.mean(np.hstack(sizes)))
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
    squares: Array = -2 * outer @ np.swapaxes(lines, 1, 2)
    squares += dots(outer, outer)[:, :, None]
    squares += dots(lines, lines)[:, None]
    distance: Array = np.sqrt(np.maximum(squares.min(axis=(1, 2)), 0))
    return distance


def _joints(fingers: Sequence[Finger], turns: Array) -> Array:
    """The joints (K, fingers, bones + 1, 3) of fingers of equally many bones after turns (K, fingers, bones)."""
    axes = np.stack([finger.axis for finger in fingers])[:, None]
    sections = np.stack([finger.directions * finger.lengths[:, None] for finger in fingers])
    angles = np.radians(np.cumsum(turns, axis=-1))[..., None]
    along = dots(sections, axes)[..., None] * axes
    joints = np.empty((*turns.shape[:2], turns.shape[2] + 1, 3))
    joints[:, :, 0] = [finger.base for finger in fingers]
    # Rodrigues' formula; matrices of so few numbers cost more.
    joints[:, :, 1:] = along + np.cos(angles) * (sections - along) + np.sin(angles) * cross(axes, sections)
    cumulated: Array = np.cumsum(joints, axis=2)
    return cumulated


def _along(joints: Array) -> Array:
    """Points (..., points, 3) along lines of joints (..., joints, 3): four a section."""
    sections = joints.shape[-2] - 1
    places = np.linspace(0, sections, 4 * sections + 1)
    weights = np.maximum(1 - np.abs(places[:, None] - np.arange(sections + 1)), 0)
    points: Array = weights @ joints
    return points


def _enters(lengths: Array, flexion: Array) -> Array:
    """Whether (...) a finger that is bent back over the palm comes nearer to it than its own flesh is thick.

    lengths, flexion: as in `off_the_palm`.
    """
    back = np.cumsum(flexion, axis=-1) > 90  # beyond, a section leads back from the knuckle over the palm
    near = palm_distance(lengths, flexion) < _FLESH * lengths.sum(axis=-1, keepdims=True)
    enters: Array = (back & near).any(axis=-1)
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


def _flexion(
    fingers: Sequence[Finger], settings: HandSettings, liveliness: tuple[Array, Array], frames: Array
) -> Array:
    """Flexion (K, fingers, bones), degrees, at frames (K,), within human range, of fingers of equally many bones.

    The little finger leads.
    """
    acceleration, phrase = liveliness
    thumb = np.array([finger.digit == "thumb" for finger in fingers])
    late = np.array([0.0 if one.digit == "thumb" else _LAG * (4 - _FINGERS.index(one.digit)) for one in fingers])
    every = np.arange(len(acceleration))
    acceleration, phrase = (np.interp(frames[:, None] - late, every, values) for values in (acceleration, phrase))
    gain = 1 + settings.life * (_PHRASE * phrase - _OPENING * acceleration)
    letters = np.array([len(finger.digit) for finger in fingers])
    sway = settings.life * _SWAY * np.sin(frames[:, None] / Motion.fps * 2.1 + letters)
    bones = len(fingers[0].bones)
    still = np.stack([intended_flexion(finger.digit, settings.style, bones) for finger in fingers])
    limits = np.where(thumb[:, None, None], _LIMITS["thumb"], _LIMITS["finger"])
    limits = limits[:, np.minimum(np.arange(bones), limits.shape[1] - 1)]
    flexion: Array = np.clip(gain[..., None] * still + sway[..., None], limits[..., 0], limits[..., 1])
    lengths_of = np.stack([finger.lengths for finger in fingers])
    flexion[:, ~thumb] = off_the_palm(lengths_of[~thumb], flexion[:, ~thumb])
    return flexion


def _angles_about(axis: Array, directions: Array) -> Array:
    """Degrees (n - 1,) of the turns about an axis (3,) from each direction (n, 3) to the next, seen along the axis."""
    flat: Array = directions - np.outer(directions @ axis, axis)
    sines = cross(flat[:-1], flat[1:]) @ axis
    angles: Array = np.degrees(np.arctan2(sines, dots(flat[:-1], flat[1:])))
    return angles
