"""Where a border cuts through a quick stroke, the new frames take the stroke up and let it run out (numpy only)."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from ..numerics.array import Array
from ..numerics.intervals import distance
from .kinematics import forward_kinematics, global_rotations
from .representation import ROOT, ROTATIONS, pack, unpack
from .rotations import axis_angle_to_matrix, cross_product_matrix
from .skeleton import SMPL

# Frames on each side of what is held that are posed anew, and what is left there, of the usual, for them to be.
REACHES = ((8, 1.0), (14, 1.2))
ROWS = 5  # accelerations on the free side of a border that are looked at
ROUNDS = 8
STEEPEST = 4.0  # by how much a weight grows in a round, at most
LONGEST_STEP = 0.2  # radians or metres in a round; further, the slopes are no longer true
STILL = 1e-3  # metres per frame squared, as a leaf falls: less is no jolt in the stillest dance
_DATA_WEIGHT = 1e-3  # square metres to a square radian: what turns and moves nothing stays
_PRECISION = 1e-12
_PARENTS = np.array(SMPL.parents)
_IS_ANCESTOR = np.zeros((24, 24), dtype=bool)  # [joint, what it hangs on]
for _joint, _parent in enumerate(SMPL.parents[1:], start=1):
    _IS_ANCESTOR[_joint] = _IS_ANCESTOR[_parent]
    _IS_ANCESTOR[_joint, _parent] = True


def smooth_boundaries(vectors: Array, held: Array, usual: float = np.inf) -> Array:
    """Motion vectors (T, 151), metres, in which nothing accelerates more at a border than the dance does elsewhere.

    held: (T, 151) bool, what stays. usual: what 99 % of the edited dance's accelerations stay below, where that is
    known; where the new dance is calmer, its own count.
    An arm that swings round beside a border would be stopped or started at once by frames that know nothing of the
    swing. There the free frames beside the border are posed anew: the turns w of their joints and the moves of their
    root minimise, over the joints' places p in the world,

        sum u |second differences of p|^2 + sum (d / reach)^4 |p - p before|^2 + _DATA_WEIGHT sum |w|^2

    d frames from what is held, by Gauss and Newton's method. The weights u grow from round to round where a joint
    accelerates more than `usual` (iteratively reweighted least squares), so that the stroke runs out evenly, the
    quickest over more frames. Borders that are no quicker than that stay as they are.
    """
    borders = np.flatnonzero((held[1:, ROOT.start :] != held[:-1, ROOT.start :]).any(axis=1)) + 1
    if len(vectors) < 3 or not len(borders):
        return vectors
    contacts, root, rotations = unpack(vectors.astype(np.float64))
    usual = max(min(usual, usual_acceleration(forward_kinematics(rotations, root))), STILL)
    touched = np.zeros(held.shape, dtype=bool)
    for border, (reach, enough) in product(borders, REACHES):
        near = _near(border, held, reach)
        if near is None:
            continue
        poses = rotations[near.frames], root[near.frames]
        if near.worst(*poses) > enough * usual:
            rotations[near.frames], root[near.frames] = _calmed(near, *poses, usual)
            touched[near.frames, ROTATIONS] |= np.repeat(near.free[:, :-3:3], 6, axis=1)
            touched[near.frames, ROOT] |= near.free[:, -3:]
    return np.where(touched, pack(contacts, root, rotations), vectors)


def usual_acceleration(joints: Array) -> float:
    """What 99 % of the joints' accelerations stay below, metres per frame squared. joints: (T, 24, 3), T >= 3."""
    return float(np.percentile(_sizes(np.diff(joints.astype(np.float64), n=2, axis=0)), 99))


@dataclass(frozen=True)
class _Near:
    """The surroundings of a border, n frames.

    free: (n, 75) bool, turns of joints and moves of the root that may be made. points: numbers of the joints whose
    places count, those that hang on what the border holds. data_weight: (n,) to where these are. rows: accelerations
    that are looked at; row i is of the frames i, i + 1 and i + 2.
    """

    frames: slice
    free: Array
    points: Array
    data_weight: Array
    rows: Array

    def worst(self, rotations: Array, root: Array) -> float:
        """The largest acceleration that is looked at, metres per frame squared."""
        places = forward_kinematics(rotations, root)[:, self.points]
        return float(_sizes(np.diff(places, n=2, axis=0))[self.rows].max())


def _near(border: int, held: Array, reach: int) -> _Near | None:
    """What is near the border before the frame `border`; None where nothing can change."""
    first, last = max(border - reach - 2, 0), min(border + reach + 2, len(held))
    frame = np.arange(first, last)
    away = np.where(held[border] != held[border - 1], _distances(held, first, last, reach), np.inf)[:, ROOT.start :]
    free = (away > 0) & (away <= reach) & (np.abs(frame - border + 0.5) < reach)[:, None]
    moves, turns = free[:, :3], free[:, 3::6] & (_IS_ANCESTOR.any(axis=0))
    points = np.isin(_PARENTS, np.flatnonzero(turns.any(axis=0)))
    points[0] = moves.any()
    new = free.any(axis=1)
    looked_at = (new[:-2] | new[1:-1] | new[2:]) & (frame[:-2] >= border - ROWS) & (frame[:-2] < border + ROWS - 2)
    if not looked_at.any() or not points.any():
        return None
    data_weight = np.where(new, np.where(free, away, np.inf).min(axis=1) / reach, 0) ** 4
    free = np.concatenate([np.repeat(turns, 3, axis=1), moves], axis=1)
    return _Near(slice(first, last), free, np.flatnonzero(points), data_weight, np.flatnonzero(looked_at))


def _distances(held: Array, first: int, last: int, reach: int) -> Array:
    """Frames to what is held of each channel, for the frames first to last - 1; right up to `reach`."""
    start = max(first - reach, 0)
    return distance(held[start : last + reach])[first - start : last - start]


def _calmed(near: _Near, rotations: Array, root: Array, usual: float) -> tuple[Array, Array]:
    """Rotations (n, 24, 3, 3) and root (n, 3) of the round in which the points accelerated least."""
    start = forward_kinematics(rotations, root)[:, near.points]
    second = np.diff(np.eye(len(root)), n=2, axis=0)
    weight = np.ones((len(second), len(near.points)))
    changed = np.zeros(near.free.shape)
    tried = [(rotations, root)]
    for _ in range(ROUNDS):
        rotations, root = tried[-1]
        places = forward_kinematics(rotations, root)
        bends = np.diff(places[:, near.points], n=2, axis=0)
        weight = weight * np.clip(_sizes(bends) / usual, 1, STEEPEST)
        strayed = near.data_weight[:, None, None] * (places[:, near.points] - start)
        pull = np.einsum("rf,rp,rpi->fpi", second, weight, bends) + strayed
        together = np.einsum("rf,rg,rp->fgp", second, second, weight) + np.diag(near.data_weight)[..., None]
        slopes = _slopes(places, near.points)
        right = np.einsum("fpiv,fpi->fv", slopes, pull) + _DATA_WEIGHT * changed
        step = np.zeros(near.free.shape)
        step[near.free] = -np.linalg.solve(_normal(slopes, together, near.free), right[near.free])
        step *= min(1, LONGEST_STEP / np.abs(step).max())
        changed = changed + step
        tried.append((_turned(rotations, step[:, :-3]), root + step[:, -3:]))
    return min(tried, key=lambda poses: near.worst(*poses))


def _normal(slopes: Array, together: Array, free: Array) -> Array:
    """The normal equations' matrix (m, m) of the free turns and moves, free (n, 75).

    slopes: as _slopes has them. together: (n, n, points), how two frames' places weigh together; 0 where they are more
    than two frames apart.
    """
    frames, channels = free.shape
    flat = slopes.reshape(frames, -1, channels)
    matrix = np.zeros((frames, channels, frames, channels))
    for one in range(frames):
        for other in range(max(one - 2, 0), min(one + 3, frames)):
            matrix[one, :, other] = flat[one].T @ (np.repeat(together[one, other], 3)[:, None] * flat[other])
    chosen = free.ravel()
    normal: Array = matrix.reshape(free.size, free.size)[chosen][:, chosen]
    # Loyalty to the pose, and more of it where the largest weights would leave nothing of it in a double.
    return normal + max(_DATA_WEIGHT, _PRECISION * float(normal.max())) * np.eye(len(normal))


def _slopes(places: Array, points: Array) -> Array:
    """How points move, (n, points, 3, 75), with each joint's turn and each move of the root. places: (n, 24, 3).

    A joint that turns by w in the world takes what hangs on it along by w x arm.
    """
    arms = places[:, points, None] - places[:, None]
    by_turn = np.where(_IS_ANCESTOR[points][..., None, None], -cross_product_matrix(arms), 0).swapaxes(2, 3)
    by_move = np.broadcast_to(np.eye(3), (*by_turn.shape[:3], 3))
    return np.concatenate([by_turn.reshape(*by_turn.shape[:3], -1), by_move], axis=-1)


def _turned(rotations: Array, turns: Array) -> Array:
    """Local rotations (n, 24, 3, 3) after each joint has turned by turns (n, 72), axis-angle vectors in the world."""
    above = global_rotations(rotations)[:, _PARENTS]
    above[:, 0] = np.eye(3)
    return above.swapaxes(-1, -2) @ axis_angle_to_matrix(turns.reshape(-1, 24, 3)) @ above @ rotations


def _sizes(vectors: Array) -> Array:
    return np.linalg.norm(vectors, axis=-1)
