"""The steps of a plan as pieces of motion that fit the counts of the song and follow one another on the floor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..motion.beat_alignment import pulse, retimed
from ..motion.motion import Motion, joined
from ..motion.rotations import axis_angle_to_matrix
from ..motion.skeleton import Joint
from ..numerics.array import Array
from ..numerics.intervals import runs
from ..numerics.splines import monotone_spline
from ..schema.frames import FPS
from .plan import Plan, Step
from .slots import Slot

SAME_PLACE = 0.5  # frames; pieces whose material follows on within this are one
NEAR = 2  # frames; a phrase that begins within this of an earlier one is the same phrase
FRONT = np.radians(45)  # phrases of a library begin within this angle of the audience
TURN = np.radians(60)  # the most that a dancer turns towards the audience in a join


@dataclass(frozen=True)
class Piece:
    """Dance for the frames start to stop - 1 of the song.

    at: (n,) the frames of the material, with fractions, that are shown at these frames. originality: as in plan.Step.
    front: whether the dancer turns to the audience at its start, as in phrases of a library. lead: how many of its
    frames come before that start.
    """

    start: int
    at: Array
    mirrored: bool = False
    originality: float = 0.0
    front: bool = False
    lead: int = 0

    @property
    def stop(self) -> int:
        """The frame after its last."""
        return self.start + len(self.at)


def new_frames(plan: Plan, frames: int) -> Array:
    """Which frames (frames,) bool the model dances: those in no slot with a phrase or a return.

    A slot of which the dance has one frame alone, its last, is the model's too: nothing can be joined there.
    """
    new = np.ones(frames, dtype=bool)
    for step in plan:
        if (step.again >= 0 or step.phrase) and step.slot.start < frames - 1:
            new[step.slot.start : step.slot.stop] = False
    return new


def pieces_of(plan: Plan, material_at: Array, phrases: Mapping[str, Array] | None = None) -> list[Piece]:
    """The pieces of the whole dance, in order, without gaps; the plan may be of a longer one.

    material_at: (frames,) the frame of the material that the model danced for each frame of the dance, -1 where none.
    phrases: id -> (n + 1,) the material's frames at the counts of the phrase and at its end.
    """
    pieces = []
    new = material_at >= 0
    for step in plan:
        piece = piece_of(step, plan, material_at, phrases or {}) if step.slot.start < len(new) - 1 else None
        if piece is None:
            continue
        pieces.append(replace(piece, at=piece.at[: len(new) - piece.start]))
        new[step.slot.start : step.slot.stop] = False
    for first, stop in runs(new):
        pieces.append(Piece(first, material_at[first:stop].astype(np.float64)))
    return _merged(sorted(pieces, key=lambda piece: piece.start))


def with_clips_beside(pieces: Sequence[Piece], lead: int, rest: int) -> list[Piece]:
    """The pieces, of which the first phrase begins `lead` frames earlier, with what its material shows before it, and
    the last one ends `rest` frames later, with what its material shows after it.
    """
    found = list(pieces)
    phrases = [number for number, piece in enumerate(found) if piece.front]
    if lead:
        first = found[phrases[0]]
        before = first.at[0] + _tempo(first.at[: FPS + 1]) * np.arange(-lead, 0)
        at = np.concatenate([before, first.at])
        found[phrases[0]] = replace(first, start=first.start - lead, at=at, lead=lead)
    if rest:
        last = found[phrases[-1]]
        after = last.at[-1] + _tempo(last.at[-FPS - 1 :]) * np.arange(1, rest + 1)
        found[phrases[-1]] = replace(last, at=np.concatenate([last.at, after]))
    return found


def _tempo(at: Array) -> float:
    """Frames of the material for each frame of the song, on average; the pulse of a second hardly counts."""
    return float((at[-1] - at[0]) / (len(at) - 1))


def piece_of(step: Step, plan: Plan, material_at: Array, phrases: Mapping[str, Array]) -> Piece | None:
    """The piece of one step of a plan; None if the model dances it. For the arguments see `pieces_of`."""
    if step.phrase in phrases:
        counts = phrases[step.phrase]
        at = counts[0] + shown_at(step.slot, counts / FPS, pulsing=True)
        return Piece(step.slot.start, at, step.mirrored, step.originality, front=True)
    if step.again < 0:
        return None
    again, origin = plan[step.again], plan[step.again].slot
    if again.phrase and material_at[origin.start] < 0:
        return piece_of(
            replace(step, phrase=again.phrase, mirrored=step.mirrored != again.mirrored), plan, material_at, phrases
        )
    at = shown_at(step.slot, np.array(origin.counts)) + origin.counts[0] * FPS - origin.start
    return Piece(step.slot.start, material_at[origin.start] + at, step.mirrored, step.originality)


def shown_at(slot: Slot, counts: Array, *, pulsing: bool = False) -> Array:
    """The frames (n,), with fractions, after the first of `counts` (m + 1,), seconds, that a slot's n frames show.

    The counts of the slot show these counts, and the tempo between them changes smoothly; past the last that both have,
    time goes on at the speed of the song. pulsing: with a `pulse`, as new dance has it.
    """
    frames = np.arange(slot.start, slot.stop) / FPS
    if pulsing:
        frames = frames + pulse(frames, np.array(slot.counts))
    length = min(len(slot.counts), len(counts))
    here = np.array(slot.counts[:length])
    inside = frames.clip(here[0], here[-1])
    return (monotone_spline(here, counts[:length], inside) + frames - inside - counts[0]) * FPS


def _merged(pieces: list[Piece]) -> list[Piece]:
    """The pieces, where those whose material goes on from one to the next are joined."""
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
    """The dance of the pieces in order, each shifted to where the one before it ended.

    Pieces keep their headings, except that a phrase of a library is turned to begin as `to_the_front` says, and to its
    first heading when it comes again.
    """
    dance: list[Motion] = []
    place, facing = np.zeros(2), 0.0
    faced = np.full((2, material.frames), np.nan)  # as it is and mirrored, the heading of each frame when it came first
    for piece in pieces:
        motion = retimed(material, piece.at, sharp=piece.front)
        if piece.mirrored:
            motion = motion.mirrored()
        angle = 0.0
        known, begins = faced[int(piece.mirrored)], round(piece.at[piece.lead])
        if piece.front:
            before = known[max(begins - NEAR, 0) : begins + NEAR + 1]
            before = before[np.isfinite(before)]
            angle = float(before[0] if len(before) else to_the_front(np.array(facing)))
            angle -= float(heading(motion)[piece.lead])
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
    """Headings, radians, after a join for those before it: within FRONT of the audience, or turned TURN towards it."""
    wrapped = (facing + np.pi) % (2 * np.pi) - np.pi
    return wrapped + np.clip(np.clip(wrapped, -FRONT, FRONT) - wrapped, -TURN, TURN)


def heading(motion: Motion) -> Array:
    """Headings (T,) of the pelvis: radians from -y, -pi to pi, counterclockwise from above."""
    forward = motion.rotations[:, Joint.PELVIS, :2, 2]
    return np.arctan2(forward[:, 0], -forward[:, 1])


def moved(motion: Motion, shift: Array, angle: float = 0.0) -> Motion:
    """The motion turned by `angle`, radians, about the origin's vertical and then shifted (2,), metres."""
    rotations, root = motion.rotations.copy(), motion.root.copy()
    if angle:
        turn = axis_angle_to_matrix(np.array([0.0, 0.0, angle])).astype(np.float32)
        rotations[:, 0] = turn @ rotations[:, 0]
        root = root @ turn.T
    root[:, :2] += np.asarray(shift, np.float32)
    return replace(motion, rotations=rotations, root=root)
