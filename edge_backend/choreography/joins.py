"""The joins between pieces of dance, which the model fills in."""

from collections.abc import Sequence

import numpy as np

from ..diffusion.constraints import Constraint
from ..motion.boundary_smoothing import usual_acceleration
from ..motion.inertialisation import without_jump
from ..motion.motion import Motion
from .pieces import Piece

# Frames on each side of a join that the model fills in, for poses that are alike and for poses that are not. A dance
# of phrases has many joins, one whose sections return has few.
PHRASES, RETURNS = (6, 11), (12, 24)
LONGEST = max(PHRASES + RETURNS)
COARSE = 0.95  # weight of the path through a join, which the model follows in its coarse steps only
APART = (0.1, 0.4)  # metres between the joints, on average, of poses that are alike and of poses that are not


def joining(pieces: Sequence[Piece], dance: Motion) -> Constraint:
    """The constraint under which the model joins pieces into one dance.

    dance: the pieces as `laid` put them. The weight is 1 - originality; near the joins, where the dance is blended, it
    is at most COARSE.
    """
    weight, values = np.ones(dance.frames, np.float32), dance.vectors()
    for piece in pieces:
        weight[piece.start : piece.stop] = 1 - piece.originality
    for piece in pieces[1:]:
        poses = dance.part(slice(piece.start - 1, piece.start + 1))
        reach = _reach(poses, PHRASES if piece.front else RETURNS)
        near = slice(max(piece.start - reach, 0), piece.start + reach)
        values[near] = without_jump(Motion.from_vectors(values[near]), piece.start - near.start).vectors()
        weight[near] = np.minimum(weight[near], COARSE)
    usual = usual_acceleration(dance.joints()) if dance.frames > 2 else np.inf
    return Constraint(np.broadcast_to(weight[:, None], values.shape).copy(), values, usual, sampled=True)


def _reach(poses: Motion, reaches: tuple[int, int]) -> int:
    """How many frames on each side of a join the model fills in. poses: the frames before and after the join."""
    before, behind = poses.joints().astype(np.float64)
    return round(float(np.interp(np.linalg.norm(behind - before, axis=-1).mean(), APART, reaches)))
