"""Constraints: a mask with values over all frames of a dance, combined from simple pieces (numpy only).

    constraint = combine(
        frame_range(dance, first=0, frames=600),  # go on from here
        pose_at(pose, [450], frames=600, part=BODY_PARTS["left_arm"]),
        root_path(path, range(500, 600), frames=600).softened(0.5),
    )

Frames are counted from 0.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce

import numpy as np

from ..errors import EdgeError
from ..motion.contacts import CONTACT_JOINTS
from ..motion.representation import CHANNELS, CONTACTS, ROOT, ROTATIONS, unpack
from ..motion.rotations import matrix_to_axis_angle, matrix_to_rot6d
from ..motion.skeleton import Joint
from ..numerics.array import Array
from ..numerics.intervals import distance
from .body_parts import WHOLE, BodyPart

_SAME_ANGLE = np.radians(0.1)
_SAME_PLACE = 1e-3  # metres
_SAME_CONTACT = 1e-3
_ROTATION_ERROR = 1e-2
_PELVIS_HEIGHT = (-0.2, 3.0)  # metres; from lying on a floor that is not quite level to the top of a high jump
# Degrees from the rest pose that no body reaches: in mocap of dance every joint stays 9 or more below. Joints that are
# not here can come round to any angle: the pelvis turns in the world, arms turn about their own axis.
_LIMITS = {
    Joint.LEFT_HIP: 170, Joint.RIGHT_HIP: 170, Joint.LEFT_KNEE: 173, Joint.RIGHT_KNEE: 173,
    Joint.SPINE1: 90, Joint.SPINE2: 90, Joint.SPINE3: 90, Joint.NECK: 100, Joint.HEAD: 110,
    Joint.LEFT_ANKLE: 120, Joint.RIGHT_ANKLE: 120, Joint.LEFT_TOES: 110, Joint.RIGHT_TOES: 110,
    Joint.LEFT_COLLAR: 90, Joint.RIGHT_COLLAR: 90, Joint.LEFT_WRIST: 130, Joint.RIGHT_WRIST: 130,
}  # fmt: skip


@dataclass(frozen=True)
class Constraint:
    """What is fixed in a dance of T frames, and to which values.

    weight: (T, 151) float32, 0 = free, 1 = exactly, between them = softly (see constraint_guidance.WindowConstraint);
    the same for all six channels of a joint. values: (T, 151) float32, metres, z up, not normalised; read only where
    weight > 0. usual: 99th percentile of the joints' accelerations in the source dance, metres per frame squared; new
    frames beside a border are limited to it. Infinite without a source. Raises EdgeError: constraint_length where the
    shapes are not (T, 151); constraint_range for values that are not finite or that no body can take, naming the frame
    and the joint.
    """

    weight: Array
    values: Array
    usual: float = np.inf
    sampled: bool = False

    def __post_init__(self) -> None:
        if self.weight.shape != self.values.shape or self.weight.shape[1:] != (CHANNELS,):
            raise EdgeError(
                "constraint_length",
                f"A constraint has a mask {self.weight.shape} and values {self.values.shape}, not (T, {CHANNELS}).",
                "Make both as long as the dance.",
            )
        if not self.sampled:
            _check_numbers(self)
            _check_body(self)

    @property
    def frames(self) -> int:
        """How many frames the dance has."""
        return len(self.weight)

    @property
    def exact(self) -> Array:
        """(T, 151) bool: the channels with weight 1."""
        return self.weight >= 1

    @cached_property
    def any_exact(self) -> bool:
        """Whether a channel has the weight 1 anywhere."""
        return bool(self.exact.any())

    def part(self, frames: slice) -> "Constraint":
        """The constraint on these frames alone."""
        return replace(self, weight=self.weight[frames], values=self.values[frames])

    def softened(self, weight: float) -> "Constraint":
        """The constraint with every weight multiplied by `weight`, from 0 to 1."""
        return self if weight == 1 else replace(self, weight=self.weight * np.float32(weight))

    def fading(self, frames: int) -> "Constraint":
        """The constraint with weights that rise over the first `frames` frames of each stretch and fall over its last.

        Where a stretch reaches the beginning or the end of the dance, it keeps its weights there.
        """
        if frames == 0:
            return self
        rise = np.minimum(distance(self.weight == 0) / (frames + 1), 1)
        return replace(self, weight=self.weight * rise.astype(np.float32))


def free(frames: int) -> Constraint:
    """The empty constraint on a dance of `frames` frames."""
    return Constraint(np.zeros((frames, CHANNELS), np.float32), np.zeros((frames, CHANNELS), np.float32))


def pose_at(pose: Array, at: Iterable[int], frames: int, part: BodyPart = WHOLE) -> Constraint:
    """One pose, a motion vector (151,), at the frames `at` of a dance of `frames` frames."""
    chosen = _inside(at, frames)
    return _at_frames(np.broadcast_to(pose, (len(chosen), CHANNELS)), chosen, part.channels(), frames)


def frame_range(dance: Array, first: int, frames: int, part: BodyPart = WHOLE) -> Constraint:
    """Motion vectors (n, 151) at the frames first to first + n - 1 of a dance of `frames` frames."""
    return _at_frames(dance, _inside(range(first, first + len(dance)), frames), part.channels(), frames)


def root_path(path: Array, at: Sequence[int], frames: int) -> Constraint:
    """The root's position: path (n, 2) over the floor or (n, 3), metres, at the n frames `at`."""
    chosen = _inside(at, frames)
    axes = np.shape(path)[-1]
    vectors = np.zeros((len(chosen), CHANNELS), np.float32)
    vectors[:, ROOT.start : ROOT.start + axes] = path
    mask = np.zeros(CHANNELS, dtype=bool)
    mask[ROOT.start : ROOT.start + axes] = True
    return _at_frames(vectors, chosen, mask, frames)


def contacts_at(joints: Iterable[Joint], at: Iterable[int], frames: int, down: bool = True) -> Constraint:
    """Joints of CONTACT_JOINTS in contact with the floor (down) or not, at the frames `at`."""
    mask = np.zeros(CHANNELS, dtype=bool)
    mask[[CONTACTS.start + CONTACT_JOINTS.index(joint) for joint in joints]] = True
    chosen = _inside(at, frames)
    return _at_frames(np.full((len(chosen), CHANNELS), float(down), np.float32), chosen, mask, frames)


def combine(*constraints: Constraint) -> Constraint:
    """The union of constraints. Where two fix the same channel, the greater weight counts.

    Raises EdgeError constraint_length for different lengths, constraint_contradiction where two fix a channel exactly
    to different values, naming the frame and the joint.
    """
    return reduce(_combine_two, constraints)


def check_length(constraint: Constraint, frames: int) -> None:
    """Raises EdgeError constraint_length unless the constraint is for a dance of `frames` frames."""
    if constraint.frames != frames:
        raise EdgeError(
            "constraint_length",
            f"The constraint is for {constraint.frames} frames, the dance has {frames}.",
            "Make the constraint as long as the dance.",
        )


def _at_frames(vectors: Array, at: list[int], mask: Array, frames: int) -> Constraint:
    weight = np.zeros((frames, CHANNELS), np.float32)
    values = np.zeros((frames, CHANNELS), np.float32)
    weight[at] = mask
    values[at] = np.where(mask, vectors, 0)
    return Constraint(weight, values)


def _inside(at: Iterable[int], frames: int) -> list[int]:
    chosen = list(at)
    outside = [frame for frame in chosen if not 0 <= frame < frames]
    if outside:
        raise EdgeError(
            "constraint_length",
            f"Frame {outside[0]} is to be constrained, but the dance has the frames 0 to {frames - 1}.",
            "Constrain frames inside the dance, or make it longer.",
        )
    return chosen


def _combine_two(one: Constraint, other: Constraint) -> Constraint:
    check_length(other, one.frames)
    _check_agreement(one, other)
    stronger = other.weight > one.weight
    return Constraint(
        np.where(stronger, other.weight, one.weight),
        np.where(stronger, other.values, one.values),
        min(one.usual, other.usual),
    )


def _check_agreement(one: Constraint, other: Constraint) -> None:
    both = one.exact & other.exact
    frames = np.flatnonzero(both.any(axis=1))
    contacts, root, rotations = unpack(one.values[frames])
    other_contacts, other_root, other_rotations = unpack(other.values[frames])
    turn = np.linalg.norm(matrix_to_axis_angle(rotations @ np.swapaxes(other_rotations, -1, -2)), axis=-1)
    differs = np.zeros((len(frames), CHANNELS), dtype=bool)
    differs[:, CONTACTS] = np.abs(contacts - other_contacts) > _SAME_CONTACT
    differs[:, ROOT] = np.abs(root - other_root) > _SAME_PLACE
    differs[:, ROTATIONS] = np.repeat(turn > _SAME_ANGLE, 6, axis=1)
    found = np.argwhere(differs & both[frames])
    if len(found):
        frame, channel = frames[found[0, 0]], found[0, 1]
        raise EdgeError(
            "constraint_contradiction",
            f"At frame {frame} two constraints give {_name(channel)} different values.",
            "Remove one of them, or give it a weight below 1.",
        )


def _check_numbers(constraint: Constraint) -> None:
    weight, values = constraint.weight, constraint.values
    constrained = weight > 0
    _refuse(~np.isfinite(weight) | (weight < 0) | (weight > 1), "the weight on {} is not between 0 and 1")
    _refuse(constrained & ~np.isfinite(values), "{} is constrained to something that is not a number")
    contacts = np.zeros_like(constrained)
    contacts[:, CONTACTS] = (values[:, CONTACTS] < 0) | (values[:, CONTACTS] > 1)
    _refuse(constrained & contacts, "{} is not between 0 and 1")


def _check_body(constraint: Constraint) -> None:
    constrained = constraint.weight > 0
    frames = np.flatnonzero(constrained.any(axis=1))
    constrained, values = constrained[frames], np.where(constrained[frames], constraint.values[frames], 0)

    low, high = _PELVIS_HEIGHT
    height = np.zeros_like(constrained)
    height[:, ROOT.stop - 1] = (values[:, ROOT.stop - 1] < low) | (values[:, ROOT.stop - 1] > high)
    _refuse(constrained & height, f"the pelvis is constrained to a height above {high:g} m or below {low:g} m", frames)

    _, _, rotations = unpack(values)
    error = np.abs(matrix_to_rot6d(rotations) - values[:, ROTATIONS].reshape(-1, len(Joint), 6)).max(axis=-1)
    _refuse(
        constrained & _per_channel(error > _ROTATION_ERROR), "{} is constrained to numbers that are no rotation", frames
    )

    limits = np.array([_LIMITS.get(joint, np.inf) for joint in Joint])
    angles = np.degrees(np.linalg.norm(matrix_to_axis_angle(rotations), axis=-1))
    _refuse(constrained & _per_channel(angles > limits), "{} is bent further than any body bends it", frames)


def _refuse(wrong: Array, words: str, frames: Array | None = None) -> None:
    """Raise constraint_range for the first True of wrong (T, 151); row i is frame frames[i]."""
    if not wrong.any():
        return
    row, channel = np.argwhere(wrong)[0]
    frame = row if frames is None else frames[row]
    raise EdgeError(
        "constraint_range", f"At frame {frame} {words.format(_name(channel))}.", "Look at the pose there, or free it."
    )


def _per_channel(joints: Array) -> Array:
    """(T, 151) from one value for each joint's rotation (T, 24); False elsewhere."""
    channels = np.zeros((len(joints), CHANNELS), dtype=bool)
    channels[:, ROTATIONS] = np.repeat(joints, 6, axis=1)
    return channels


def _name(channel: int) -> str:
    """The name of a channel of the motion vector, for error messages."""
    if channel < CONTACTS.stop:
        return f"the contact of {_words(CONTACT_JOINTS[channel])}"
    if channel < ROOT.stop:
        return "the place of the pelvis"
    return _words(Joint((channel - ROTATIONS.start) // 6))


def _words(joint: Joint) -> str:
    return "the " + joint.name.lower().replace("_", " ")
