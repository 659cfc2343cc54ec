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
SLACK = (1.0, 1.04, 1.08, 1.12, 1.18, 1.25)  # times both; the first with which the model dances at most SHARE
SHARE = 0.15
BESIDE = 4  # frames of the phrases on each side of a path that look like a part of it
ROUGH = 1.4  # a path ends where they accelerate less than this, over the 99th percentile
CLOSE = 8  # frames on each side of a join; what a recording does there looks like a part of it, too
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
    for join, reach in _reaches(pieces, dance, usual).items():
        near = _near(join, reach)
        values[near] = without_jump(Motion.from_vectors(values[near]), join - near.start).vectors()
        weight[near] = np.minimum(weight[near], COARSE)
    return Constraint(np.broadcast_to(weight[:, None], values.shape).copy(), values, usual, sampled=True)


def _reaches(pieces: Sequence[Piece], dance: Motion, usual: float) -> dict[int, int]:
    """For each join, the frame after it, how many frames on each side of it the model fills in.

    The joins of phrases have easy paths, less easy ones where they are so many that the model danced more than SHARE.
    """
    joins = {piece.start: before.front or piece.front for before, piece in pairwise(pieces)}
    returns = {join: _reach(dance, join) for join, of_phrases in joins.items() if not of_phrases}
    paths = {join: _calm_paths(dance, join, usual) for join, of_phrases in joins.items() if of_phrases}
    new = sum(len(piece.at) for piece in pieces if not piece.front)
    found: dict[int, int] = {}
    for slack in SLACK if new < SHARE * dance.frames else SLACK[:1]:
        found = {join: _easy_reach(calm, usual, slack) for join, calm in paths.items()}
        if new + 2 * sum(found.values()) <= SHARE * dance.frames:
            break
    return returns | found


def _near(join: int, reach: int) -> slice:
    return slice(max(join - reach, 0), join + reach)


def _calm_paths(dance: Motion, join: int, usual: float) -> list[tuple[int, float]]:
    """The paths through a join of phrases: the frames on each side, and the largest acceleration in it.

    Where a recording accelerates beside the join, paths go on past it, if any can, else at least CLOSE frames, to where
    it does least. usual: of the dance, metres per frame squared, as the accelerations.
    """
    paths = [(reach, *_accelerations(dance, join, reach)) for reach in range(PHRASES[0], PHRASES[1] + 1)]
    calm = [(reach, inside) for reach, inside, beside in paths if beside <= ROUGH * usual]
    return calm or [min((path for path in paths if path[0] > CLOSE), key=lambda path: path[2])[:2]]


def _easy_reach(paths: Sequence[tuple[int, float]], usual: float, slack: float) -> int:
    """The fewest frames on each side of a join of phrases that make an easy path, of those of `_calm_paths`.

    Turns and crossing legs need more than poses alone tell. usual: as there. slack: one of SLACK.
    """
    enough = slack * max(EASY * usual, LEAST * min(inside for _, inside in paths))
    return next(reach for reach, inside in paths if inside <= enough)


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
