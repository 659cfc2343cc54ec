"""Where one piece of dance becomes another: the frames that are left to the model."""

from collections.abc import Sequence

import numpy as np

from ..diffusion.constraints import Constraint
from ..motion.boundary_smoothing import usual_acceleration
from ..motion.motion import Motion
from ..numerics.array import Array
from .pieces import Piece

REACHES = (6, 10)  # frames on each side of a join that the model dances: where poses are alike, where they are not
APART = (0.1, 0.3)  # metres between the joints of both poses, on average, for these


def joining(pieces: Sequence[Piece], dance: Array) -> Constraint:
    """The constraint under which the model joins pieces into one dance.

    dance: (frames, 151), metres, of the pieces as they were laid. Exact but for some frames on both sides of each
    join, which are free; pieces of some originality have a weight that leaves the model as much freedom.
    """
    weight = np.ones(len(dance), np.float32)
    for piece in pieces:
        weight[piece.start : piece.stop] = 1 - piece.originality
    for piece in pieces[1:]:
        reach = _reach(dance[piece.start - 1 : piece.start + 1])
        weight[max(piece.start - reach, 0) : piece.start + reach] = 0
    usual = usual_acceleration(Motion.from_vectors(dance).joints()) if len(dance) > 2 else np.inf
    return Constraint(np.broadcast_to(weight[:, None], dance.shape).copy(), dance, usual, sampled=True)


def _reach(poses: Array) -> int:
    """Free frames on each side of a join. poses: (2, 151), metres, before and behind it."""
    before, behind = Motion.from_vectors(poses).joints().astype(np.float64)
    return round(float(np.interp(np.linalg.norm(behind - before, axis=-1).mean(), APART, REACHES)))
