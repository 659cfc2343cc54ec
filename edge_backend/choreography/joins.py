"""The joins between pieces of dance, which the model fills in."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ..diffusion.constraints import Constraint
from ..motion.boundary_smoothing import usual_acceleration
from ..motion.inertialisation import without_jump
from ..motion.motion import Motion, joined
from .pieces import Piece

# The fewest and the most frames on each side of a join that the model fills in. A dance of phrases has many joins, one
# whose sections return has few.
PHRASES, RETURNS = (6, 14), (12, 24)
EASY = 1.3  # a path through a join of phrases that accelerates less, over the 99th percentile in them, is not longer
LEAST = 1.1  # nor one that accelerates at most this much more than the least of all
BESIDE = 3  # frames of the phrases on each side of a path that look like a part of it
ROUGH = 1.4  # a path ends where they accelerate less than this, over the 99th percentile
LONGEST = max(PHRASES + RETURNS)
COARSE = 0.95  # weight of the path through a join, which the model follows in its coarse steps only
APART = (0.1, 0.4)  # metres between the joints, on average, of poses that are alike and of poses that are not


def joining(pieces: Sequence[Piece], dance: Motion) -> Constraint:
    """The constraint under which the model joins pieces into one dance.

    dance: the pieces as `laid` put them. The weight is 1 - originality; near the joins, where the dance is blended, it
    is at most COARSE.
    """
    weight, values = np.ones(dance.frames, np.float32), dance.vectors()
    jumps = [piece.start for piece in pieces[1:]]
    usual = usual_acceleration(dance.joints(), jumps) if dance.frames > 2 else np.inf
    for piece in pieces:
        weight[piece.start : piece.stop] = 1 - piece.originality
    for before, piece in pairwise(pieces):
        of_phrases = before.front or piece.front
        reach = _easy_reach(dance, piece.start, usual) if of_phrases else _reach(dance, piece.start)
        near = _near(piece.start, reach)
        values[near] = without_jump(Motion.from_vectors(values[near]), piece.start - near.start).vectors()
        weight[near] = np.minimum(weight[near], COARSE)
    return Constraint(np.broadcast_to(weight[:, None], values.shape).copy(), values, usual, sampled=True)


def _near(join: int, reach: int) -> slice:
    return slice(max(join - reach, 0), join + reach)


def _easy_reach(dance: Motion, join: int, usual: float) -> int:
    """How many frames on each side of a join of phrases the model fills in: the fewest that make an easy path.

    Turns and crossing legs need more than poses alone tell, and where a recording accelerates beside the join, the path
    goes on past it, if it can. usual: of the dance, metres per frame squared.
    """
    paths = [(reach, *_accelerations(dance, join, reach)) for reach in range(PHRASES[0], PHRASES[1] + 1)]
    calm = [path for path in paths if path[2] <= ROUGH * usual] or paths
    enough = max(EASY * usual, LEAST * min(inside for _, inside, _ in calm))
    return next(reach for reach, inside, _ in calm if inside <= enough)


def _accelerations(dance: Motion, join: int, reach: int) -> tuple[float, float]:
    """The largest acceleration, metres per frame squared, in a path through a join, and in BESIDE frames beside it."""
    near, around = _near(join, reach), _near(join, reach + BESIDE)
    path = without_jump(dance.part(near), join - near.start)
    seen = joined([dance.part(slice(around.start, near.start)), path, dance.part(slice(near.stop, around.stop))])
    sizes = np.linalg.norm(np.diff(seen.joints().astype(np.float64), n=2, axis=0), axis=-1).max(axis=-1)
    frames = around.start + 1 + np.arange(len(sizes))
    inside = (near.start <= frames) & (frames < near.stop)
    return float(sizes[inside].max(initial=0.0)), float(sizes[~inside].max(initial=0.0))


def _reach(dance: Motion, join: int) -> int:
    """How many frames on each side of a join of what returns the model fills in, by its poses before and after it."""
    before, behind = dance.part(slice(join - 1, join + 1)).joints().astype(np.float64)
    return round(float(np.interp(np.linalg.norm(behind - before, axis=-1).mean(), APART, RETURNS)))
