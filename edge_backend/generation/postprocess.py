"""From sampled motion vectors to the finished dance: beat alignment, smoothing, foot cleanup, place on the stage.

A dance may arrive in pieces. Frames that have been shown stay as they are, and new ones are joined to them: they are
retimed, smoothed and cleaned with the shown frames fixed.
"""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from ..diffusion.edit_constraints import EditConstraints
from ..motion.beat_alignment import align_to_beats
from ..motion.boundary_smoothing import smooth_boundaries
from ..motion.feet import FootSettings, clean_motion
from ..motion.motion import Motion
from ..motion.representation import unpack
from ..motion.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from ..motion.smoothing import smoothed
from ..numerics.array import Array

LOOK_AHEAD = 15  # frames that are kept back while more are to come: feet and stops are judged by what follows
LOOK_BACK = 150  # shown frames that are looked at when more come
TURN_BACK = 12  # frames over which joints leave what was shown


@dataclass
class Postprocessor:
    """Finishes one dance, in one call or piece by piece.

    beats: seconds from the first frame. on_beat: as in motion.beat_alignment. feet: how to clean them. smoothness: as
    in smoothing. meta: of the dance.
    """

    beats: Array
    kept: EditConstraints
    on_beat: float
    feet: FootSettings
    smoothness: float
    meta: dict[str, object]
    _shown: Motion | None = field(default=None, init=False)

    def beginning(self, vectors: Array) -> Motion | None:
        """The dance's beginning, from its first frames (n, 151) in metres, n more each time; None while they are too
        few. The rest of the dance will not change it."""
        shown = self._count()
        upto = len(vectors) - LOOK_AHEAD
        if upto <= max(shown, Motion.fps):  # where the dancer faces is told by the first second
            return None
        self._shown = self._finished(vectors, upto)
        return self._placed(self._shown)

    def whole(self, vectors: Array) -> Motion:
        """The whole dance, from all its frames (T, 151)."""
        return self._placed(self._finished(vectors, len(vectors)))

    def _count(self) -> int:
        return self._shown.frames if self._shown else 0

    def _finished(self, vectors: Array, upto: int) -> Motion:
        """The first `upto` frames, not yet on the stage."""
        shown, frames = self._count(), len(vectors)
        first = max(shown - LOOK_BACK, 0)
        part = slice(first, frames)
        stays = np.zeros(frames - first, dtype=bool)
        stays[: shown - first] = True
        later = np.arange(first, frames) >= upto - (upto < frames)  # the last frame that is shown keeps its time
        fixed = (self.kept.constraint.weight[part] > 0).any(axis=1) | stays | later
        beats = self._beats(frames)
        timed = align_to_beats(
            vectors[part], beats[beats >= first / Motion.fps] - first / Motion.fps, self.on_beat, fixed
        )
        motion = self._joined(Motion.from_vectors(timed), first)
        held = stays[:, None]
        calm = smoothed(motion, self.smoothness, self.kept.exact_joints()[part] | held)
        clean = clean_motion(calm, self._feet(first), self.kept.exact_legs()[part] | held)
        return self._appended(self._joining(clean, self.kept.constraint.exact[part] | held), first, upto)

    def _joining(self, motion: Motion, held: Array) -> Motion:
        """The motion with borders of what is kept that are no jolts where the cleanup bent legs beside them.

        held: bool (T, 151).
        """
        if not self.kept.constraint.exact.any():
            return motion
        vectors = motion.vectors()
        joined = smooth_boundaries(vectors, held, self.kept.constraint.usual)
        new = (joined != vectors).any(axis=1)
        rotations, root = motion.rotations.copy(), motion.root.copy()
        _, root[new], rotations[new] = unpack(joined[new])
        return replace(motion, rotations=rotations, root=root)

    def _beats(self, frames: int) -> Array:
        return self.beats[(self.beats >= 0) & (self.beats < frames / Motion.fps)]

    def _feet(self, first: int) -> FootSettings:
        contacts = (replace(one, start=one.start - first, end=one.end - first) for one in self.feet.contacts)
        return replace(self.feet, contacts=tuple(one for one in contacts if one.end >= 0))

    def _joined(self, motion: Motion, first: int) -> Motion:
        """The motion, which begins at frame `first`, with what has been shown in it, and going on from there.

        Cleaning the feet has moved the root and turned the legs. The frames that come move along, up to the first that
        is held; their joints turn back over TURN_BACK frames.
        """
        if self._shown is None:
            return motion
        count = self._shown.frames - first
        held = np.flatnonzero(self.kept.exact_legs()[self._shown.frames : first + motion.frames].any(axis=1))
        reach = np.arange(1, motion.frames - count + 1) / (held[0] + 1) if len(held) else 0.0
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
        """What has been shown, and behind it the motion's frames up to `upto`; the motion begins at `first`."""
        new = slice(self._count() - first, upto - first)
        before = self._shown or Motion(motion.rotations[:0], motion.root[:0], motion.contacts[:0])
        return Motion(
            np.concatenate([before.rotations, motion.rotations[new]]),
            np.concatenate([before.root, motion.root[new]]),
            np.concatenate([before.contacts, motion.contacts[new]]),
            self._beats(upto).astype(np.float32),
            self.meta,
        )

    def _placed(self, motion: Motion) -> Motion:
        return motion if self.kept.in_place else on_stage(motion)


def on_stage(motion: Motion) -> Motion:
    """The whole dance moved and turned about the vertical, so that it begins at x = y = 0 and faces -y.

    Facing is the pelvis's forward direction, projected to the floor, over the first second; a dancer who lies down then
    keeps the heading.
    """
    forward = motion.rotations[: Motion.fps, 0, :2, 2].mean(axis=0)  # the pelvis's z axis, as x and y of the world
    angle = -np.pi / 2 - math.atan2(forward[1], forward[0]) if np.linalg.norm(forward) > 1e-3 else 0.0
    turn = axis_angle_to_matrix(np.array([0.0, 0.0, angle])).astype(np.float32)
    rotations = motion.rotations.copy()
    rotations[:, 0] = turn @ rotations[:, 0]
    root = (motion.root - motion.root[0] * np.array([1, 1, 0], np.float32)) @ turn.T
    return replace(motion, rotations=rotations, root=root)
