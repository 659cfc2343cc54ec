"""What an animator keeps of a dance while the rest is made anew. Standard library only: Blender imports it.

Frames are those of the new dance, 0 at the song's start, 30 a second; `stop` is the first frame behind a range. Motions
travel as paths of motion files, whose world is that of the new dance: metres, z up, floor at z = 0.
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
    """Where values come from. motion: path of a motion file. first: where its frame 0 stands; may be below 0."""

    motion: str
    first: int = 0


@dataclass(frozen=True, slots=True)
class KeepBody:
    """Poses over the frames start to stop - 1; start + 1 = stop is a single pose.

    part: what of the body. whole and lower hold the root's place and the feet's contacts too, the other parts rotations
    alone. joints: these joints' rotations instead of a part. without: joints that stay free all the same, and the
    contacts of a foot whose leg is among them.
    source: None = the edit's. weight: 1 = exactly; a weight w below 1 leaves as much freedom as varying by the strength
    1 - w. fade: frames over which the weight rises and falls inside the range.
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
    """Where the root is over the frames start to stop - 1. source, weight, fade: as in KeepBody.

    points: (x, y) or (x, y, z) in metres, at equal times from the first frame to the last; a smooth curve leads through
    them, so that as many points as frames are one for each. Without points the source's root is kept.
    height: with a source, its height too; points say it by their length.
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
    """Feet that stand on the floor over the frames start to stop - 1, or with down = False do not.

    weight, fade: as in KeepBody. They overrule the contacts that come along with poses; exact ones also overrule the
    foot cleanup's own judgement.
    """

    start: int
    stop: int
    feet: tuple[Foot, ...]
    down: bool = True
    weight: float = 1.0
    fade: int = 0


@dataclass(frozen=True, slots=True)
class EditRequest:
    """What holds in the new dance; nothing by default. Where two speak of the same thing, the greater weight counts.

    source: the dance that values come from. vary: start from the source instead of from noise, and leave it by this
    strength, 0 = not at all to 1 = altogether; the source then has to cover the new dance.
    """

    source: Source | None = None
    vary: float | None = None
    bodies: tuple[KeepBody, ...] = ()
    paths: tuple[KeepPath, ...] = ()
    contacts: tuple[KeepContacts, ...] = ()


def going_on(source: Source, length: int) -> EditRequest:
    """A source of `length` frames is kept; the dance goes on where it ends."""
    return EditRequest(source, bodies=(KeepBody(max(source.first, 0), source.first + length),))


def varied(source: Source, strength: float) -> EditRequest:
    """The source again, but different by a strength between 0 and 1."""
    return EditRequest(source, vary=strength)


def regenerated(source: Source, frames: int, start: int, stop: int, joints: Iterable[JointName] = ()) -> EditRequest:
    """The source, of `frames` frames as the new dance, with the frames start to stop - 1 made anew.

    joints: only these are made anew there.
    """
    kept = [KeepBody(first, behind) for first, behind in ((0, start), (stop, frames)) if first < behind]
    if chosen := tuple(joints):
        kept.append(KeepBody(start, stop, without=chosen))
    return EditRequest(source, bodies=tuple(kept))


def between(*poses: tuple[int, str, int]) -> EditRequest:
    """Poses to dance through: (frame of the new dance, motion file, frame in that file)."""
    return EditRequest(bodies=tuple(KeepBody(at, at + 1, source=Source(file, at - frame)) for at, file, frame in poses))
