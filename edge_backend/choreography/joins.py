"""Where one piece of dance becomes another: the frames that are left to the model."""

from collections.abc import Sequence

import numpy as np

from ..diffusion.constraints import Constraint
from ..motion.boundary_smoothing import usual_acceleration
from ..motion.motion import Motion
from ..motion.representation import pack, unpack
from ..motion.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from ..numerics.array import Array
from .pieces import Piece

# Frames on each side of a join that the model dances: where poses are alike, and where they are not. A dance of phrases
# has many joins, one whose sections return has few.
PHRASES, RETURNS = (6, 13), (10, 15)
LONGEST = max(PHRASES + RETURNS)
COARSE = 0.5  # weight of the way through a join: the model fills it in, and does not turn round on it
APART = (0.1, 0.4)  # metres between the joints of both poses, on average, for these


def joining(pieces: Sequence[Piece], dance: Array) -> Constraint:
    """The constraint under which the model joins pieces into one dance.

    dance: (frames, 151), metres, of the pieces as they were laid. Exact but for some frames on both sides of each
    join, where the model keeps to a way from one to the other in its coarse steps alone; pieces of some originality
    have a weight that leaves the model as much freedom.
    """
    weight, way = np.ones(len(dance), np.float32), dance.copy()
    for piece in pieces:
        weight[piece.start : piece.stop] = 1 - piece.originality
    for piece in pieces[1:]:
        reach = _reach(dance[piece.start - 1 : piece.start + 1], PHRASES if piece.front else RETURNS)
        near = slice(max(piece.start - reach, 0), piece.start + reach)
        way[near] = _way(way[near], piece.start - near.start)
        weight[near] = np.minimum(weight[near], COARSE)
    usual = usual_acceleration(Motion.from_vectors(dance).joints()) if len(dance) > 2 else np.inf
    return Constraint(np.broadcast_to(weight[:, None], dance.shape).copy(), way, usual, sampled=True)


def _way(vectors: Array, join: int) -> Array:
    """Motion vectors (n, 151), metres, through a join before frame `join`: the jump there is shared out to both sides,
    as in inertialised blending (Bollo 2018), by the shorter way round.
    """
    contacts, root, rotations = unpack(vectors.astype(np.float64))
    frame = np.arange(len(vectors)) + 0.5
    share = np.where(frame < join, frame / join, -(len(vectors) - frame) / max(len(vectors) - join, 1))
    share = 0.5 * np.sign(share) * share**2 * (3 - 2 * np.abs(share))
    turn = matrix_to_axis_angle(rotations[join] @ rotations[join - 1].swapaxes(-1, -2))
    rotations = axis_angle_to_matrix(share[:, None, None] * turn) @ rotations
    return pack(contacts, root + share[:, None] * (root[join] - root[join - 1]), rotations)


def _reach(poses: Array, reaches: tuple[int, int]) -> int:
    """Free frames on each side of a join. poses: (2, 151), metres, before and behind it."""
    before, behind = Motion.from_vectors(poses).joints().astype(np.float64)
    return round(float(np.interp(np.linalg.norm(behind - before, axis=-1).mean(), APART, reaches)))
