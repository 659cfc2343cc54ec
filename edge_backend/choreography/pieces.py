"""Pieces of dance in the song: a plan's steps as a motion, in time with the music, in one place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..motion.beat_alignment import retimed
from ..motion.motion import Motion, joined
from ..motion.rotations import axis_angle_to_matrix
from ..motion.skeleton import Joint
from ..numerics.array import Array
from ..schema.frames import FPS
from .plan import Plan, Step
from .slots import Slot

SAME_PLACE = 0.5  # frames; pieces whose material is as near to going on are one
NEAR = 2  # frames; a phrase that comes again begins as near to where it began
FRONT = np.radians(45)  # from the audience, within which a phrase of a library begins
TURN = np.radians(60)  # most that a dancer turns to it in a join


@dataclass(frozen=True)
class Piece:
    """Dance for the frames start to stop - 1 of the song.

    at: (n,) frames, with fractions, of the material that is shown at these frames. originality: as in plan.Step.
    front: whether it is turned such that it begins to the audience, as phrases of a library are.
    """

    start: int
    at: Array
    mirrored: bool = False
    originality: float = 0.0
    front: bool = False

    @property
    def stop(self) -> int:
        """The frame behind its last."""
        return self.start + len(self.at)


def new_frames(plan: Plan, frames: int) -> Array:
    """(frames,) bool: the frames of the song that the model dances, all but those of slots with other dance."""
    new = np.ones(frames, dtype=bool)
    for step in plan:
        if step.again >= 0 or step.phrase:
            new[step.slot.start : step.slot.stop] = False
    return new


def pieces_of(plan: Plan, material_at: Array, phrases: Mapping[str, Array] | None = None) -> list[Piece]:
    """The song as pieces, ascending, without gaps between them.

    material_at: (frames,) number of the material's frame that was danced for each frame of the song; -1 where none was.
    phrases: id -> (n + 1,) the material's frames at the counts of the phrase and at its end.
    """
    pieces = []
    new = material_at >= 0
    for step in plan:
        piece = piece_of(step, plan, material_at, phrases or {})
        if piece is None:
            continue
        pieces.append(piece)
        new[step.slot.start : step.slot.stop] = False
    edges = np.flatnonzero(np.diff(np.concatenate([[False], new, [False]]).astype(int)))
    for first, stop in edges.reshape(-1, 2):
        pieces.append(Piece(int(first), material_at[first:stop].astype(np.float64)))
    return _merged(sorted(pieces, key=lambda piece: piece.start))


def piece_of(step: Step, plan: Plan, material_at: Array, phrases: Mapping[str, Array]) -> Piece | None:
    """The piece that a step of the plan takes from the material; None where the model dances. See `pieces_of`."""
    if step.phrase in phrases:
        counts = phrases[step.phrase]
        at = counts[0] + shown_at(step.slot, counts / FPS)
        return Piece(step.slot.start, at, step.mirrored, step.originality, front=True)
    if step.again < 0:
        return None
    origin = plan[step.again].slot
    at = shown_at(step.slot, np.array(origin.counts)) + origin.counts[0] * FPS - origin.start
    return Piece(step.slot.start, material_at[origin.start] + at, step.mirrored, step.originality)


def shown_at(slot: Slot, counts: Array) -> Array:
    """(frames of the slot,): for each how many frames after the first of `counts` (n + 1,), seconds, it falls.

    Frames between two counts lie between the same two of the other. Where the numbers of counts differ, both begin
    together and keep their tempo as far as both go.
    """
    frames = np.arange(slot.start, slot.stop) / FPS
    length = min(len(slot.counts), len(counts))
    there = np.interp(frames, slot.counts[:length], counts[:length])
    beyond = np.maximum(frames - slot.counts[length - 1], 0.0) + np.minimum(frames - slot.counts[0], 0.0)
    return (there + beyond - counts[0]) * FPS


def _merged(pieces: list[Piece]) -> list[Piece]:
    """The pieces, those together whose material goes on from one to the next."""
    found = pieces[:1]
    for piece in pieces[1:]:
        last = found[-1]
        goes_on = abs(piece.at[0] - last.at[-1] - 1) <= SAME_PLACE and piece.start == last.stop
        alike = (piece.mirrored, piece.originality) == (last.mirrored, last.originality)
        if goes_on and alike:
            found[-1] = replace(last, at=np.concatenate([last.at, piece.at]))
        else:
            found.append(piece)
    return found


def laid(pieces: Sequence[Piece], material: Motion) -> Motion:
    """The dance of pieces one behind the other; each goes on from where the last one stood.

    Pieces are moved over the floor and keep the side of the room that they face: the audience stays where it is. A
    phrase of a library begins as the last piece faces, see `to_the_front`; where it comes again, it faces as it did.
    """
    dance: list[Motion] = []
    place, facing = np.zeros(2), 0.0
    faced = np.full((2, material.frames), np.nan)  # as it is and mirrored, the heading of each frame when it came first
    for piece in pieces:
        motion = retimed(material, piece.at)
        if piece.mirrored:
            motion = motion.mirrored()
        angle = 0.0
        known, begins = faced[int(piece.mirrored)], round(piece.at[0])
        if piece.front:
            before = known[max(begins - NEAR, 0) : begins + NEAR + 1]
            before = before[np.isfinite(before)]
            angle = float(before[0] if len(before) else to_the_front(np.array(facing))) - float(heading(motion)[0])
        if dance or piece.front:
            turned = moved(motion, np.zeros(2), angle)
            motion = moved(turned, place - turned.root[0, :2])
        headings, shown = heading(motion), np.round(piece.at).astype(int).clip(0, material.frames - 1)
        place, facing = motion.root[-1, :2], float(headings[-1])
        new = np.isnan(known[shown])
        known[shown[new]] = headings[new]
        dance.append(motion)
    return joined(dance)


def to_the_front(facing: Array) -> Array:
    """Headings, radians, behind a join for those before it: within FRONT of the audience, or TURN nearer to it."""
    wrapped = (facing + np.pi) % (2 * np.pi) - np.pi
    return wrapped + np.clip(np.clip(wrapped, -FRONT, FRONT) - wrapped, -TURN, TURN)


def heading(motion: Motion) -> Array:
    """(T,) radians, -pi to pi, by which the pelvis faces away from -y, counterclockwise."""
    forward = motion.rotations[:, Joint.PELVIS, :2, 2]
    return np.arctan2(forward[:, 0], -forward[:, 1])


def moved(motion: Motion, shift: Array, angle: float = 0.0) -> Motion:
    """The motion turned by `angle`, radians, about the vertical axis and then shifted (2,), metres, over the floor."""
    rotations, root = motion.rotations.copy(), motion.root.copy()
    if angle:
        turn = axis_angle_to_matrix(np.array([0.0, 0.0, angle])).astype(np.float32)
        rotations[:, 0] = turn @ rotations[:, 0]
        root = root @ turn.T
    root[:, :2] += np.asarray(shift, np.float32)
    return replace(motion, rotations=rotations, root=root)
