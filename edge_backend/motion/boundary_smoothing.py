"""Bounds the acceleration at the borders between constrained and generated frames, by nonlinear least squares."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from ..numerics.array import Array
from ..numerics.banded import solve_block_chain
from ..numerics.intervals import distance
from .kinematics import forward_kinematics, global_rotations
from .motion import Motion
from .representation import CHANNELS, ROOT, ROTATIONS
from .rotations import axis_angle_to_matrix, cross_product_matrix, rows_to_matrix
from .skeleton import SMPL

ROUNDS = 8
STEEPEST = 4.0  # the largest factor of a weight in one round
LONGEST_STEP = 0.2  # radians or metres in one round; the linearisation does not hold for longer steps
STILL = 1e-3  # metres per frame squared: the least value of `usual`, for dances that hardly move
_DATA_WEIGHT = 1e-3  # square metres per square radian: keeps rotations that move no point near their values
_PRECISION = 1e-12
_PARENTS = np.array(SMPL.parents)
_IS_ANCESTOR = np.zeros((24, 24), dtype=bool)  # [joint, ancestor]
for _joint, _parent in enumerate(SMPL.parents[1:], start=1):
    _IS_ANCESTOR[_joint] = _IS_ANCESTOR[_parent]
    _IS_ANCESTOR[_joint, _parent] = True


@dataclass(frozen=True)
class Surroundings:
    """What belongs to a border.

    stages: frames beside a constrained range that are changed, and the acceleration, over the usual, from which on they
    are. rows: how many accelerations on each side are compared with the usual.
    """

    stages: tuple[tuple[int, float], ...]
    rows: int


EDITS = Surroundings(((8, 1.0), (14, 1.2)), rows=5)
JOINS = Surroundings((*EDITS.stages, (24, 1.2)), rows=24)
"""Of joins, whose free frames, 48 at most, lie between two borders."""


def smooth_boundaries(
    motion: Motion, constrained: Array, usual: float = np.inf, around: Surroundings = EDITS
) -> Motion:
    """A motion of T frames whose accelerations at borders of constraints do not exceed the usual ones.

    constrained: (T, 151) bool, channels of the motion vector that are not changed. usual: metres per frame squared, the
    99th percentile of the edited dance's joint accelerations where it is known; the lesser of it and the 99th
    percentile of `motion` counts. around: what belongs to a border.
    Generated frames need not continue a quick movement that a constrained range cuts through. At borders with larger
    accelerations than the usual, the rotations w of the joints and the shifts of the root in the free frames beside the
    border minimise, over the world positions p of the joints,

        sum u |second differences of p|^2 + sum (d / reach)^4 |p - p before|^2 + _DATA_WEIGHT sum |w|^2

    where d is the distance in frames from constrained values, by Gauss-Newton steps. Between steps the weights u grow
    where a joint accelerates more than `usual` (iteratively reweighted least squares). Other borders are unchanged.
    """
    borders = np.flatnonzero((constrained[1:, ROOT.start :] != constrained[:-1, ROOT.start :]).any(axis=1)) + 1
    if motion.frames < 3 or not len(borders):
        return motion
    rotations = rows_to_matrix(motion.rotations[..., :2, :].astype(np.float64))  # whose transposes are their inverses
    root = motion.root.astype(np.float64)
    usual = max(min(usual, usual_acceleration(forward_kinematics(rotations, root))), STILL)
    touched = np.zeros((motion.frames, CHANNELS), dtype=bool)
    for border, (reach, enough) in product(borders, around.stages):
        near = _near(border, borders, constrained, reach, around.rows)
        if near is None:
            continue
        poses = rotations[near.frames], root[near.frames]
        if near.worst(*poses) > enough * usual:
            calmed = _calmed(near, *poses, usual)
            if near.worst(*calmed, near.all_rows) > near.worst(*poses, near.all_rows):
                continue  # it would be at the cost of a border close by
            rotations[near.frames], root[near.frames] = calmed
            touched[near.frames, ROTATIONS] |= np.repeat(near.free[:, :-3:3], 6, axis=1)
            touched[near.frames, ROOT] |= near.free[:, -3:]
    smooth = replace(motion, rotations=rotations.astype(np.float32), root=root.astype(np.float32))
    return motion.with_values(touched, smooth)


def usual_acceleration(joints: Array, jumps: Sequence[int] = ()) -> float:
    """The 99th percentile of the joints' accelerations, metres per frame squared. joints: (T, 24, 3) metres, T >= 3.

    jumps: numbers of frames before which the motion jumps; accelerations over a jump are not counted.
    """
    sizes = _sizes(np.diff(joints.astype(np.float64), n=2, axis=0))
    over = np.add.outer(np.array(jumps, dtype=int), [-2, -1]).ravel()
    return float(np.percentile(np.delete(sizes, over[(over >= 0) & (over < len(sizes))], axis=0), 99))


@dataclass(frozen=True)
class _Near:
    """The n frames around a border.

    free: (n, 75) bool, variables of the least squares: 3 for each joint's rotation, 3 for the root's shift. points:
    numbers of the joints whose positions are compared. data_weight: (n,), of their distance from where they were.
    rows: numbers of the accelerations that are compared; row i is that of the frames i, i + 1 and i + 2. all_rows:
    those at other borders within these frames, too.
    """

    frames: slice
    free: Array
    points: Array
    data_weight: Array
    rows: Array
    all_rows: Array

    def worst(self, rotations: Array, root: Array, rows: Array | None = None) -> float:
        """The largest of the compared accelerations, metres per frame squared, or of those with the numbers `rows`.

        rotations: (n, 24, 3, 3) local. root: (n, 3).
        """
        places = forward_kinematics(rotations, root)[:, self.points]
        return float(_sizes(np.diff(places, n=2, axis=0))[self.rows if rows is None else rows].max())


def _near(border: int, borders: Array, constrained: Array, reach: int, rows: int) -> _Near | None:
    """The frames around the border before the frame `border`; None where no value near it is free.

    borders: of all borders. constrained: as for smooth_boundaries. reach, rows: of Surroundings.
    """
    first, last = max(border - reach - 2, 0), min(border + reach + 2, len(constrained))
    frame = np.arange(first, last)
    away = np.where(
        constrained[border] != constrained[border - 1], _distances(constrained, first, last, reach), np.inf
    )[:, ROOT.start :]
    free = (away > 0) & (away <= reach) & (np.abs(frame - border + 0.5) < reach)[:, None]
    moves, turns = free[:, :3], free[:, 3::6] & (_IS_ANCESTOR.any(axis=0))
    points = np.isin(_PARENTS, np.flatnonzero(turns.any(axis=0)))
    points[0] = moves.any()
    new = free.any(axis=1)
    changed = new[:-2] | new[1:-1] | new[2:]
    from_border = frame[:-2, None] - np.array([border, *borders])
    at_border = changed[:, None] & (from_border >= -rows) & (from_border < rows - 2)
    looked_at = at_border[:, 0]
    if not looked_at.any() or not points.any():
        return None
    data_weight = np.where(new, np.where(free, away, np.inf).min(axis=1) / reach, 0) ** 4
    free = np.concatenate([np.repeat(turns, 3, axis=1), moves], axis=1)
    compared = np.flatnonzero(looked_at), np.flatnonzero(at_border.any(axis=1))
    return _Near(slice(first, last), free, np.flatnonzero(points), data_weight, *compared)


def _distances(constrained: Array, first: int, last: int, reach: int) -> Array:
    """Frames to the nearest constrained value of the channel, for frames first to last - 1; exact up to `reach`."""
    start = max(first - reach, 0)
    return distance(constrained[start : last + reach])[first - start : last - start]


def _calmed(near: _Near, rotations: Array, root: Array, usual: float) -> tuple[Array, Array]:
    """Rotations (n, 24, 3, 3) and root (n, 3) of the iteration with the least of the largest accelerations."""
    start = forward_kinematics(rotations, root)[:, near.points]
    second = np.diff(np.eye(len(root)), n=2, axis=0)
    weight = np.ones((len(second), len(near.points)))
    changed = np.zeros(near.free.shape)
    moving, channels = (near.free.any(axis=axis) for axis in (1, 0))
    variables = np.ix_(moving, channels)
    tried = [(rotations, root)]
    for _ in range(ROUNDS):
        rotations, root = tried[-1]
        places = forward_kinematics(rotations, root)
        bends = np.diff(places[:, near.points], n=2, axis=0)
        weight = weight * np.clip(_sizes(bends) / usual, 1, STEEPEST)
        strayed = near.data_weight[:, None, None] * (places[:, near.points] - start)
        pull = np.tensordot(second, weight[..., None] * bends, axes=(0, 0)) + strayed
        together = np.tensordot(second, second[..., None] * weight[:, None], axes=(0, 0))  # (n, n, points)
        together += np.diag(near.data_weight)[..., None]
        # Where a variable is not free, its equation is step = 0.
        slopes = np.where(near.free[:, None], _slopes(places, near.points), 0)[moving][..., channels]
        right = (slopes.swapaxes(1, 2) @ pull[moving].reshape(len(slopes), -1, 1))[..., 0]
        step = np.zeros(near.free.shape)
        step[variables] = -_solved(slopes, together[moving][:, moving], right + _DATA_WEIGHT * changed[variables])
        step *= min(1, LONGEST_STEP / np.abs(step).max())
        changed = changed + step
        tried.append((_turned(rotations, step[:, :-3]), root + step[:, -3:]))
    return min(tried, key=lambda poses: near.worst(*poses))


def _solved(slopes: Array, together: Array, right: Array) -> Array:
    """The solution (n, m) of the normal equations. Only frames at most two apart meet in them: pairs form a chain.

    slopes: (n, points * 3, m), columns of `_slopes`, 0 for variables that are not free. together: (n, n, points), the
    weight of the product of two frames' positions; 0 where they are more than two frames apart. right: (n, m).
    """
    frames, variables = right.shape
    pairs = -(-frames // 2)
    blocks = np.zeros((2, pairs, 2, variables, 2, variables))  # of a pair by itself, and by the next pair
    for one in range(frames):
        for other in range(one - one % 2, min(one + 3, frames)):
            weights = np.repeat(together[one, other], 3)[:, None]
            place = other // 2 - one // 2, one // 2, one % 2, slice(None), other % 2
            blocks[place] = slopes[one].T @ (weights * slopes[other])
    own, later = blocks.reshape(2, pairs, 2 * variables, -1)
    # The data term, not less than what a double resolves beside the largest weights.
    own += max(_DATA_WEIGHT, _PRECISION * float(own.max())) * np.eye(2 * variables)
    padded = np.zeros((2 * pairs, variables))
    padded[:frames] = right
    return solve_block_chain(own, later, padded.reshape(pairs, -1)).reshape(-1, variables)[:frames]


def _slopes(places: Array, points: Array) -> Array:
    """Jacobian (n, points * 3, 75) of the points' positions by the joints' rotations and the root's shift.

    places: (n, 24, 3) metres, world. points: joint numbers. A rotation w of a joint, axis-angle in the world, moves its
    descendants by w x arm.
    """
    arms = places[:, points, None] - places[:, None]
    by_turn = np.where(_IS_ANCESTOR[points][..., None, None], -cross_product_matrix(arms), 0).swapaxes(2, 3)
    by_move = np.broadcast_to(np.eye(3), (*by_turn.shape[:3], 3))
    slopes = np.concatenate([by_turn.reshape(*by_turn.shape[:3], -1), by_move], axis=-1)
    return slopes.reshape(len(places), -1, slopes.shape[-1])


def _turned(rotations: Array, turns: Array) -> Array:
    """Local rotations (n, 24, 3, 3) after rotating each joint by turns (n, 72), axis-angle vectors in the world."""
    above = global_rotations(rotations)[:, _PARENTS]
    above[:, 0] = np.eye(3)
    return above.swapaxes(-1, -2) @ axis_angle_to_matrix(turns.reshape(-1, 24, 3)) @ above @ rotations


def _sizes(vectors: Array) -> Array:
    return np.linalg.norm(vectors, axis=-1)
