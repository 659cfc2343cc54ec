"""Dance the changed steps of a plan in a dance whose other frames stay as they are."""

from dataclasses import replace

import numpy as np

from ..diffusion.constraints import Constraint
from ..errors import EdgeError
from ..motion.beat_alignment import retimed
from ..motion.motion import Motion, joined
from ..motion.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from ..numerics.array import Array
from .joins import COARSE, PHRASES
from .library import Library, phrase_material
from .pieces import Piece, heading, moved, piece_of, to_the_front
from .plan import Plan

BLENDED = PHRASES[1]  # frames at each end of a piece that are blended into the kept dance and filled in by the model


def filled(kept: Constraint, plan: Plan, library: Library | None = None) -> Constraint:
    """The constraint `kept` with the pieces of the plan in the frames that it does not keep exactly.

    Exact frames stay, and are the material of steps that return. The weight of a piece is 1 - originality, or at most
    COARSE in the BLENDED frames at each end, where it is blended into the kept dance. What the model dances stays as in
    `kept`. library: has the plan's phrases.
    Raises EdgeError phrase_unknown, phrases_unreadable; plan_fixed if a slot that should return is not kept.
    """
    whole = kept.exact.all(axis=1)
    steps = [step for step in plan if not whole[step.slot.start : step.slot.stop].all()]
    first = kept.frames
    clips, phrases = phrase_material(tuple(steps), library, first)
    material = joined([_kept_motion(kept, whole), *clips])
    weight, values, known = kept.weight.copy(), kept.values.copy(), whole.copy()
    for step in steps:
        piece = piece_of(step, plan, np.arange(first, dtype=np.float64), phrases)
        if piece is None:
            continue
        if not step.phrase and not whole[plan[step.again].slot.start : plan[step.again].slot.stop].all():
            raise EdgeError(
                "plan_fixed", f"Bars {step.again + 1} are changed, and are to return in others at the same time.",
                "Dance them first.",
            )  # fmt: skip
        stop = min(piece.stop, first)
        before = _pose(values, piece.start - 1) if piece.start and known[piece.start - 1] else None
        behind = _pose(values, stop) if stop < first and whole[stop] else None
        dance = _blended(_placed(piece, material, before, behind).part(slice(stop - piece.start)), before, behind)
        inside = slice(piece.start, stop)
        free = ~whole[inside]
        values[inside][free] = dance.vectors()[free]
        weight[inside][free] = _weights(len(free), 1 - piece.originality, before, behind)[free, None]
        if before and not whole[piece.start - 1]:  # the end of the piece before it
            near = slice(max(piece.start - BLENDED, 0), piece.start)
            weight[near] = np.where(whole[near, None], weight[near], np.minimum(weight[near], COARSE))
        known[inside] = True
    return Constraint(weight, values, kept.usual, sampled=True)


def _kept_motion(kept: Constraint, whole: Array) -> Motion:
    """The kept dance; frames that are not kept show the last kept pose before them, or the first."""
    frame = np.arange(kept.frames)
    last = np.maximum.accumulate(np.where(whole, frame, -1))
    shown = np.where(last < 0, int(np.argmax(whole)), last)
    return Motion.from_vectors(kept.values[shown])


def _pose(values: Array, frame: int) -> Motion:
    return Motion.from_vectors(values[frame : frame + 1])


def _placed(piece: Piece, material: Motion, before: Motion | None, behind: Motion | None) -> Motion:
    """The motion of the piece, moved to begin where `before` stands and to end where `behind` does.

    Where both are given, the frames between are shifted over the floor gradually. Phrases turn as `to_the_front` says.
    """
    motion = retimed(material, piece.at, sharp=piece.front)
    if piece.mirrored:
        motion = motion.mirrored()
    if piece.front:
        facing = heading(before) if before else np.zeros(1)
        motion = moved(motion, np.zeros(2), float(to_the_front(facing)[0] - heading(motion)[0]))
    if before:
        motion = moved(motion, before.root[-1, :2] - motion.root[0, :2])
    elif behind:
        motion = moved(motion, behind.root[0, :2] - motion.root[-1, :2])
    if before and behind:
        share = np.linspace(0, 1, motion.frames)[:, None]
        root = motion.root.copy()
        root[:, :2] += share**2 * (3 - 2 * share) * (behind.root[0, :2] - motion.root[-1, :2])
        motion = replace(motion, root=root.astype(np.float32))
    return motion


def _blended(motion: Motion, before: Motion | None, behind: Motion | None) -> Motion:
    """The motion with its first and last BLENDED frames blended into the poses before and after it."""
    rotations, root = motion.rotations.astype(np.float64), motion.root.astype(np.float64)
    reach = min(BLENDED, motion.frames // 2)
    for pose, edge, frames in ((before, 0, slice(0, reach)), (behind, -1, slice(-1, -reach - 1, -1))):
        if pose is None:
            continue
        share = 1 - (np.arange(reach) + 0.5) / reach
        share = share**2 * (3 - 2 * share)
        turn = matrix_to_axis_angle(pose.rotations[0].astype(np.float64) @ rotations[edge].swapaxes(-1, -2))
        shift = pose.root[0].astype(np.float64) - root[edge]
        rotations[frames] = axis_angle_to_matrix(share[:, None, None] * turn) @ rotations[frames]
        root[frames] += share[:, None] * shift
    return replace(motion, rotations=rotations.astype(np.float32), root=root.astype(np.float32))


def _weights(frames: int, weight: float, before: Motion | None, behind: Motion | None) -> Array:
    """The weights (frames,) of a piece: at most COARSE in the BLENDED frames beside the kept dance."""
    weights = np.full(frames, weight, np.float32)
    reach = min(BLENDED, frames // 2)
    if before:
        weights[:reach] = min(weight, COARSE)
    if behind:
        weights[frames - reach :] = min(weight, COARSE)
    return weights
