"""Postprocessing of a sampled motion: beat alignment, smoothing, foot cleanup, placement at the origin.

A dance may arrive in pieces. Frames that were already shown are constraints for the beat alignment, smoothing and
cleanup of later ones.
"""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from ..diffusion.constraints import Constraint
from ..diffusion.edit_constraints import EditConstraints
from ..motion.beat_alignment import EDGE_S, align_to_beats
from ..motion.boundary_smoothing import EDITS, JOINS, smooth_boundaries
from ..motion.feet import FootSettings, clean_motion
from ..motion.motion import Motion
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
    the frames that `beginning` gets are on their beats. to_audience: whether the dance faces the audience already.
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
    _shown: Motion | None = field(default=None, init=False)

    def beginning(self, sampled: Motion) -> Motion | None:
        """Postprocess the first frames of the sampled motion, more of them in each call.

        Returns the beginning of the dance, whose frames do not change any more, or None if too few frames are new.
        """
        shown = self._count()
        upto = sampled.frames - LOOK_AHEAD
        if upto <= max(shown, Motion.fps):  # the heading is a mean over the first second
            return None
        self._shown = self._finished(sampled, upto, self._joins or self.edit.constraint, None)
        return self._placed(self._shown)

    def join(self, laid: Constraint) -> None:
        """From now on `beginning` gets a dance of laid pieces; the borders of this constraint must not show in it."""
        self._joins = laid

    def whole(self, sampled: Motion, borders: Constraint | None = None, laid: Constraint | None = None) -> Motion:
        """Postprocess the whole sampled motion; frames that were shown are unchanged.

        borders: the constraint whose borders must not show in the end; None: the edit's. laid: one whose exact frames
        are on their beats.
        """
        return self._placed(self._finished(sampled, sampled.frames, borders or self.edit.constraint, laid))

    def _count(self) -> int:
        return self._shown.frames if self._shown else 0

    def _finished(self, sampled: Motion, upto: int, borders: Constraint, laid: Constraint | None) -> Motion:
        """The first `upto` frames, not yet placed at the origin."""
        shown, frames = self._count(), sampled.frames
        first = max(shown - LOOK_BACK, 0)
        part = slice(first, frames)
        shown_part = np.zeros(frames - first, dtype=bool)
        shown_part[: shown - first] = True
        later = np.arange(first, frames) >= upto - (upto < frames)  # the last frame to be shown is not retimed
        constrained_time = self._fixed(laid or self._joins)[part] | shown_part | later
        beats, begins = self._beats(first, frames)
        timed = align_to_beats(
            sampled.part(part), beats, self.on_beat, constrained_time, begins_bar=begins, sharp=self.sharp,
            edge_s=JOIN_EDGE_S if self.timed else EDGE_S,
        )  # fmt: skip
        motion = self._joined(timed, first)
        constrained = shown_part[:, None]
        calm = smoothed(motion, self.smoothness, self.edit.exact_joints()[part] | constrained)
        clean = clean_motion(calm, self._feet(first), self.edit.exact_legs()[part] | constrained)
        if borders.exact.any():  # the foot cleanup may have bent legs beside constrained frames
            around = JOINS if borders.sampled else EDITS
            clean = smooth_boundaries(clean, borders.exact[part] | constrained, borders.usual, around)
        return self._appended(clean, first, upto)

    def _fixed(self, laid: Constraint | None) -> Array:
        """Which frames (T,) bool of the dance are not retimed."""
        constrained = (self.edit.constraint.weight > 0).any(axis=1)
        return constrained | (self.timed if laid is None else laid.exact.all(axis=1))

    def _beats(self, first: int, end: int) -> tuple[Array, Array]:
        """The beats from frame `first` to before `end`, seconds from `first`, and which of them begin a bar."""
        inside = (self.beats >= first / Motion.fps) & (self.beats < end / Motion.fps)
        begins = np.zeros(len(self.beats), bool) if self.begins_bar is None else self.begins_bar
        return self.beats[inside] - first / Motion.fps, begins[inside]

    def _feet(self, first: int) -> FootSettings:
        contacts = (replace(one, start=one.start - first, end=one.end - first) for one in self.feet.contacts)
        return replace(self.feet, contacts=tuple(one for one in contacts if one.end >= 0))

    def _joined(self, motion: Motion, first: int) -> Motion:
        """The motion, which starts at frame `first`, with the shown frames in it, and later ones that continue them.

        The foot cleanup changed root and legs of the shown frames. The root's offset is added to later frames, up to
        the first with a constraint; the joints' rotation offsets fade over TURN_BACK frames.
        """
        if self._shown is None:
            return motion
        count = self._shown.frames - first
        constrained = np.flatnonzero(self.edit.exact_legs()[self._shown.frames : first + motion.frames].any(axis=1))
        reach = np.arange(1, motion.frames - count + 1) / (constrained[0] + 1) if len(constrained) else 0.0
        share = np.broadcast_to(np.clip(1 - reach, 0, 1), motion.frames - count)[:, None]
        moved = (self._shown.root[-1] - motion.root[count - 1]) * share
        turned = matrix_to_axis_angle(self._shown.rotations[-1] @ motion.rotations[count - 1].swapaxes(-1, -2))
        fade = np.clip(1 - np.arange(1, motion.frames - count + 1) / TURN_BACK, 0, 1)[:, None, None]
        back = axis_angle_to_matrix(turned * (fade**2 * (3 - 2 * fade) * share[..., None]))
        coming = (back @ motion.rotations[count:]).astype(np.float32)
        return replace(
            motion,
            rotations=np.concatenate([self._shown.rotations[first:], coming]),
            root=np.concatenate([self._shown.root[first:], motion.root[count:] + moved.astype(np.float32)]),
            contacts=np.concatenate([self._shown.contacts[first:], motion.contacts[count:]]),
        )

    def _appended(self, motion: Motion, first: int, upto: int) -> Motion:
        """The shown frames followed by the motion's frames up to `upto`. The motion starts at frame `first`."""
        new = slice(self._count() - first, upto - first)
        before = self._shown or motion.part(slice(0))
        return Motion(
            np.concatenate([before.rotations, motion.rotations[new]]),
            np.concatenate([before.root, motion.root[new]]),
            np.concatenate([before.contacts, motion.contacts[new]]),
            self._beats(0, upto)[0].astype(np.float32),
            self.meta,
        )

    def _placed(self, motion: Motion) -> Motion:
        return motion if self.edit.in_place else place_at_origin(motion, turn=not self.to_audience)


def place_at_origin(motion: Motion, *, turn: bool = True) -> Motion:
    """The motion translated, and rotated about z if `turn`, so that its root starts at x = y = 0 and it faces -y.

    The heading is that of the pelvis' forward direction, projected to the floor, averaged over the first second; it is
    not changed if that projection vanishes, as for a dancer who lies down.
    """
    forward = motion.rotations[: Motion.fps, 0, :2, 2].mean(axis=0)  # x and y of the pelvis' z axis, world
    turns = turn and np.linalg.norm(forward) > 1e-3
    angle = -np.pi / 2 - math.atan2(forward[1], forward[0]) if turns else 0.0
    about_z = axis_angle_to_matrix(np.array([0.0, 0.0, angle])).astype(np.float32)
    rotations = motion.rotations.copy()
    rotations[:, 0] = about_z @ rotations[:, 0]
    root = (motion.root - motion.root[0] * np.array([1, 1, 0], np.float32)) @ about_z.T
    return replace(motion, rotations=rotations, root=root)
