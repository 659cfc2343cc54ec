"""Postprocessing of a sampled motion: beat alignment, smoothing, foot cleanup, placement at the origin.

A dance may arrive in pieces. Frames that were already shown are constraints for the beat alignment, smoothing and
cleanup of later ones.
"""

import math
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Self

import numpy as np

from ..diffusion.constraints import Constraint
from ..diffusion.edit_constraints import EditConstraints
from ..motion.beat_alignment import EDGE_S, align_to_beats
from ..motion.boundary_smoothing import EDITS, JOINS, smooth_boundaries
from ..motion.feet import FootSettings, clean_motion
from ..motion.motion import Motion, joined
from ..motion.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from ..motion.smoothing import smoothed
from ..numerics.array import Array

LOOK_AHEAD = 15  # last frames that are not shown yet while more are to come: contacts and stops depend on later frames
JOIN_EDGE_S = 0.05  # edge_s of joins, whose sides have changes of tempo up to their ends
LOOK_BACK = 150  # shown frames that are processed again, unchanged, together with later ones
TURN_BACK = 12  # frames over which the rotation offset at the last shown frame fades


@dataclass
class Postprocessor:
    """Postprocesses one dance, in one call or incrementally.

    beats: (n,) seconds from the first frame. edit: constraints and variation. on_beat: `amount` of align_to_beats.
    feet: settings of the foot cleanup. smoothness: `strength` of smoothed. meta: of the resulting Motion. sharp: as in
    `align_to_beats`, for dances of motion capture. begins_bar: (n,) bool, of the beats; default none. timed: whether
    the frames that `new_frames` gets are on their beats. to_audience: whether the dance faces the audience already.
    """

    beats: Array
    edit: EditConstraints
    on_beat: float
    feet: FootSettings
    smoothness: float
    meta: dict[str, object]
    sharp: bool = False
    begins_bar: Array | None = None
    timed: bool = False
    to_audience: bool = False
    _joins: Constraint | None = field(default=None, init=False)
    _count: int = field(default=0, init=False)  # of the frames that were shown
    _recent: Motion | None = field(default=None, init=False)  # the last LOOK_BACK of them, where they were sampled
    _shown: list[Motion] = field(default_factory=list, init=False)  # all of them, at their place
    _placement: "Placement | None" = field(default=None, init=False)

    def new_frames(self, sampled: Motion) -> Motion | None:
        """Postprocess the first frames of the sampled motion, more of them in each call.

        Returns those of them that follow the ones of the last call, and all beats up to their end; they do not change
        any more. None if too few are new. The time that it takes depends on the new frames alone.
        """
        upto = sampled.frames - LOOK_AHEAD
        if upto <= max(self._count, Motion.fps):  # the heading is a mean over the first second
            return None
        new = self._finished(sampled, upto, self._joins or self.edit.constraint, None)
        before = [self._recent] if self._recent else []
        self._recent = joined([*before, new]).part(slice(-LOOK_BACK, None))
        placed = self._placed(new)
        self._shown.append(placed)
        self._count = upto
        return self._described(placed, upto)

    def join(self, laid: Constraint) -> None:
        """From now on `new_frames` gets a dance of laid pieces; the borders of this constraint must not show in it."""
        self._joins = laid

    def whole(self, sampled: Motion, borders: Constraint | None = None, laid: Constraint | None = None) -> Motion:
        """Postprocess the whole sampled motion; frames that were shown are unchanged.

        borders: the constraint whose borders must not show in the end; None: the edit's. laid: one whose exact frames
        are on their beats.
        """
        rest = self._placed(self._finished(sampled, sampled.frames, borders or self.edit.constraint, laid))
        return self._described(joined([*self._shown, rest]), sampled.frames)

    def _finished(self, sampled: Motion, upto: int, borders: Constraint, laid: Constraint | None) -> Motion:
        """The frames before the frame `upto` that were not shown, not yet placed at the origin."""
        frames = sampled.frames
        first = max(self._count - LOOK_BACK, 0)
        part, edit = slice(first, frames), self.edit.part(slice(first, frames))
        shown_part = np.arange(first, frames) < self._count
        later = np.arange(first, frames) >= upto - (upto < frames)  # the last frame to be shown is not retimed
        constrained_time = self._fixed(laid or self._joins, part) | shown_part | later
        beats, begins = self._beats(first, frames)
        timed = align_to_beats(
            sampled.part(part), beats, self.on_beat, constrained_time, begins_bar=begins, sharp=self.sharp,
            edge_s=JOIN_EDGE_S if self.timed else EDGE_S,
        )  # fmt: skip
        exact_legs = edit.exact_legs()
        motion = self._joined(timed, exact_legs)
        constrained = shown_part[:, None]
        calm = smoothed(motion, self.smoothness, edit.exact_joints() | constrained)
        clean = clean_motion(calm, self._feet(first), exact_legs | constrained)
        if borders.any_exact:  # the foot cleanup may have bent legs beside constrained frames
            around = JOINS if borders.sampled else EDITS
            clean = smooth_boundaries(clean, borders.part(part).exact | constrained, borders.usual, around)
        return clean.part(slice(self._count - first, upto - first))

    def _fixed(self, laid: Constraint | None, part: slice) -> Array:
        """Which of these frames, (n,) bool, are not retimed."""
        constrained = (self.edit.constraint.weight[part] > 0).any(axis=1)
        return constrained | (self.timed if laid is None else laid.part(part).exact.all(axis=1))

    def _beats(self, first: int, end: int) -> tuple[Array, Array]:
        """The beats from frame `first` to before `end`, seconds from `first`, and which of them begin a bar."""
        inside = (self.beats >= first / Motion.fps) & (self.beats < end / Motion.fps)
        begins = np.zeros(len(self.beats), bool) if self.begins_bar is None else self.begins_bar
        return self.beats[inside] - first / Motion.fps, begins[inside]

    def _feet(self, first: int) -> FootSettings:
        contacts = (replace(one, start=one.start - first, end=one.end - first) for one in self.feet.contacts)
        return replace(self.feet, contacts=tuple(one for one in contacts if one.end >= 0))

    def _joined(self, motion: Motion, exact_legs: Array) -> Motion:
        """The motion with the recently shown frames in place of its first, and later ones that continue them.

        The foot cleanup changed root and legs of the shown frames. The root's offset is added to later frames, up to
        the first with a constraint; the joints' rotation offsets fade over TURN_BACK frames. exact_legs: (n, 24), of
        the motion's frames.
        """
        shown = self._recent
        if shown is None:
            return motion
        count = shown.frames
        constrained = np.flatnonzero(exact_legs[count:].any(axis=1))
        reach = np.arange(1, motion.frames - count + 1) / (constrained[0] + 1) if len(constrained) else 0.0
        share = np.broadcast_to(np.clip(1 - reach, 0, 1), motion.frames - count)[:, None]
        moved = (shown.root[-1] - motion.root[count - 1]) * share
        turned = matrix_to_axis_angle(shown.rotations[-1] @ motion.rotations[count - 1].swapaxes(-1, -2))
        fade = np.clip(1 - np.arange(1, motion.frames - count + 1) / TURN_BACK, 0, 1)[:, None, None]
        back = axis_angle_to_matrix(turned * (fade**2 * (3 - 2 * fade) * share[..., None]))
        coming = replace(
            motion.part(slice(count, None)),
            rotations=(back @ motion.rotations[count:]).astype(np.float32),
            root=motion.root[count:] + moved.astype(np.float32),
        )
        return joined([shown, coming])

    def _placed(self, motion: Motion) -> Motion:
        """The motion, which follows the shown frames, where it stands in the dance."""
        if self.edit.in_place:
            return motion
        self._placement = self._placement or Placement.at_origin(motion, turn=not self.to_audience)
        return self._placement.of(motion)

    def _described(self, motion: Motion, end: int) -> Motion:
        """The motion with all beats before the frame `end` and the metadata."""
        return replace(motion, beats=self._beats(0, end)[0].astype(np.float32), meta=self.meta)


class Placement(NamedTuple):
    """Where a sampled dance stands. start: (2,) metres, what becomes x = y = 0. about_z: (3, 3), turns it about z."""

    start: Array
    about_z: Array

    @classmethod
    def at_origin(cls, motion: Motion, *, turn: bool) -> Self:
        """As `place_at_origin` places the motion, of which one second is enough."""
        forward = motion.rotations[: Motion.fps, 0, :2, 2].mean(axis=0)  # x and y of the pelvis' z axis, world
        turns = turn and np.linalg.norm(forward) > 1e-3
        angle = -np.pi / 2 - math.atan2(forward[1], forward[0]) if turns else 0.0
        about_z = axis_angle_to_matrix(np.array([0.0, 0.0, angle])).astype(np.float32)
        return cls(motion.root[0, :2].copy(), about_z)

    def of(self, motion: Motion) -> Motion:
        """The motion, placed."""
        rotations, root = motion.rotations.copy(), motion.root.copy()
        rotations[:, 0] = self.about_z @ rotations[:, 0]
        root[:, :2] -= self.start
        return replace(motion, rotations=rotations, root=root @ self.about_z.T)


def place_at_origin(motion: Motion, *, turn: bool = True) -> Motion:
    """The motion translated, and rotated about z if `turn`, so that its root starts at x = y = 0 and it faces -y.

    The heading is that of the pelvis' forward direction, projected to the floor, averaged over the first second; it is
    not changed if that projection vanishes, as for a dancer who lies down.
    """
    return Placement.at_origin(motion, turn=turn).of(motion)
