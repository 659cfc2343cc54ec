"""Constraints on a new dance, taken from another one, as requests. Standard library only: Blender imports it.

Frames are those of the new dance, 0 at the song's start, 30 a second; `stop` is the first frame after a range. Motions
are given as paths of motion files in the world of the new dance: metres, z up, floor at z = 0.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Part = Literal["whole", "upper", "lower", "left_arm", "right_arm", "left_leg", "right_leg", "legs", "head"]
JointName = Literal[
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
    "spine3", "left_toes", "right_toes", "neck", "left_collar", "right_collar", "head", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hand", "right_hand",
]  # fmt: skip
Foot = Literal["left_foot", "right_foot", "left_heel", "right_heel", "left_toes", "right_toes"]

PARTS: tuple[Part, ...] = get_args(Part)
JOINTS: tuple[JointName, ...] = get_args(JointName)
FEET: tuple[Foot, ...] = get_args(Foot)


@dataclass(frozen=True, slots=True)
class Source:
    """A motion from which values are taken.

    motion: path of a motion file. first: the new dance's frame at which its frame 0 is; may be negative.
    """

    motion: str
    first: int = 0


@dataclass(frozen=True, slots=True)
class KeepBody:
    """Constrain poses in the frames start to stop - 1; a single pose if stop = start + 1.

    part: of the body. whole and lower also constrain the root's position and the feet's contacts, other parts only
    rotations. joints: the joints whose rotations are constrained, instead of a part. without: joints that are excluded,
    with the contacts of a foot whose leg is among them.
    source: None = the edit's. weight: 1 is exact; a weight w < 1 leaves as much freedom as a variation of strength
    1 - w. fade: frames at both ends of the range over which the weight rises and falls.
    """

    start: int
    stop: int
    part: Part = "whole"
    joints: tuple[JointName, ...] = ()
    without: tuple[JointName, ...] = ()
    source: Source | None = None
    weight: float = 1.0
    fade: int = 0


@dataclass(frozen=True, slots=True)
class KeepPath:
    """Constrain the root's position in the frames start to stop - 1. source, weight, fade: as in KeepBody.

    points: (x, y) or (x, y, z) in metres, world, equally spaced in time from the first frame to the last and joined by
    a smooth curve; with as many points as frames, one for each. Without points, the source's root positions are used.
    height: with a source, constrain z too; with points, that follows from their dimension.
    """

    start: int
    stop: int
    points: tuple[tuple[float, ...], ...] = ()
    height: bool = False
    source: Source | None = None
    weight: float = 1.0
    fade: int = 0


@dataclass(frozen=True, slots=True)
class KeepContacts:
    """Constrain feet to be in contact with the floor in the frames start to stop - 1, or not, with down = False.

    weight, fade: as in KeepBody. These override contacts that come with poses; exact ones also override the foot
    cleanup's contact detection.
    """

    start: int
    stop: int
    feet: tuple[Foot, ...]
    down: bool = True
    weight: float = 1.0
    fade: int = 0


@dataclass(frozen=True, slots=True)
class EditRequest:
    """The constraints on a new dance; none by default. Where two constrain the same value, the larger weight counts.

    source: the motion from which values are taken. vary: sample a variation of the source with this strength, 0 = the
    source to 1 = a new dance; the source must then cover the new dance.
    """

    source: Source | None = None
    vary: float | None = None
    bodies: tuple[KeepBody, ...] = ()
    paths: tuple[KeepPath, ...] = ()
    contacts: tuple[KeepContacts, ...] = ()


def going_on(source: Source, length: int) -> EditRequest:
    """Constrain the dance to a source of `length` frames; it continues after the source's end."""
    return EditRequest(source, bodies=(KeepBody(max(source.first, 0), source.first + length),))


def varied(source: Source, strength: float) -> EditRequest:
    """A variation of the source with a strength between 0 and 1."""
    return EditRequest(source, vary=strength)


def regenerated(source: Source, frames: int, start: int, stop: int, joints: Iterable[JointName] = ()) -> EditRequest:
    """Regenerate the frames start to stop - 1 of the source, which has `frames` frames like the new dance.

    joints: only these are regenerated there; all if empty.
    """
    bodies = [KeepBody(first, behind) for first, behind in ((0, start), (stop, frames)) if first < behind]
    if chosen := tuple(joints):
        bodies.append(KeepBody(start, stop, without=chosen))
    return EditRequest(source, bodies=tuple(bodies))


def between(*poses: tuple[int, str, int]) -> EditRequest:
    """Constrain single poses: (frame of the new dance, motion file, frame in that file)."""
    return EditRequest(bodies=tuple(KeepBody(at, at + 1, source=Source(file, at - frame)) for at, file, frame in poses))
