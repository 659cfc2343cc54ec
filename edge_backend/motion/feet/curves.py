"""Smooth curves over the frames: fits, bridges between pinned frames, and envelopes."""

import numpy as np

from ..rotations import Array


def runs(mask: Array) -> list[tuple[int, int]]:
    """The stretches of True in a mask (T,): (first frame, frame after the last) of each."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def fit_curve(place_weight: Array, place: Array, step_weight: Array, step: Array, stiffness: float) -> Array:
    """The curve x (T, k) that minimises

        sum w_t |x_t - place_t|^2 + sum v_t |x_(t+1) - x_t - step_t|^2 + stiffness sum |x_(t+1) - 2 x_t + x_(t-1)|^2.

    place_weight: (T,), some above 0. place: (T, k). step_weight: (T - 1,). step: (T - 1, k). The last sum bounds the
    acceleration: features shorter than about (stiffness / w)^(1/4) frames are smoothed away.
    """
    frames = len(place)
    diagonal = place_weight.astype(np.float64)
    first, second = np.zeros(frames), np.zeros(frames)  # one and two beside the diagonal, at [t, t + 1] and [t, t + 2]
    nothing = np.zeros((1, place.shape[1]))
    pull = np.concatenate([nothing, step_weight[:, None] * step, nothing])
    right = place_weight[:, None] * place - np.diff(pull, axis=0)
    diagonal[:-1] += step_weight
    diagonal[1:] += step_weight
    first[:-1] = -step_weight
    if frames > 2:
        for offset, weight in enumerate((1, 4, 1)):
            diagonal[offset : frames - 2 + offset] += stiffness * weight
        first[:-2] -= 2 * stiffness
        first[1:-1] -= 2 * stiffness
        second[:-2] = stiffness
    return _solve_five_diagonals(diagonal, first, second, right)


def _solve_five_diagonals(diagonal: Array, first: Array, second: Array, right: Array) -> Array:
    """Solve A x = right for a symmetric positive definite A with two bands beside its diagonal, by A = L D L^T.

    Plain floats: in a recursion they are several times as fast as numpy's.
    """
    frames = len(diagonal)
    d, one, two = [1.0, 1.0], [0.0, 0.0], [0.0, 0.0]  # D, and L at [t + 1, t] and [t + 2, t]; two entries of padding
    for a, b, c in zip(diagonal.tolist(), first.tolist(), second.tolist(), strict=True):
        pivot = a - one[-1] ** 2 * d[-1] - two[-2] ** 2 * d[-2]
        below = (b - one[-1] * two[-1] * d[-1]) / pivot
        d.append(pivot)
        one.append(below)
        two.append(c / pivot)
    columns = []
    for column in right.T.tolist():
        x = [0.0, 0.0, *column, 0.0, 0.0]
        for t in range(2, frames + 2):
            x[t] -= one[t - 1] * x[t - 1] + two[t - 2] * x[t - 2]
        for t in range(frames + 1, 1, -1):
            x[t] = x[t] / d[t] - one[t] * x[t + 1] - two[t] * x[t + 2]
        columns.append(x[2:-2])
    return np.array(columns).T


def bridge(values: Array, pinned: Array, blend: int, acceleration: float, least: Array | float = -np.inf) -> Array:
    """Fill the frames that are not pinned.

    values: (T, k), read where pinned (T,) is True. Beside a pinned stretch the curve leaves with the stretch's own
    slope and fades to 0 over `blend` frames, longer where that would take more than `acceleration` (per frame
    squared); if the next pinned stretch comes sooner, the curve goes straight over to it. least: a number or (k,), the
    least slope per frame, away from the stretch, that the curve leaves with.
    """
    filled = np.where(pinned[:, None], values, 0.0)
    for start, end in runs(~pinned):
        before = _edge(values, pinned, start - 1, -1, least)
        after = _edge(values, pinned, end, 1, least)
        fade_out, fade_in = (_fade_frames(edge, blend, acceleration) for edge in (before, after))
        length = end - start + 1
        if before and after and fade_out + fade_in > length:
            filled[start:end] = _hermite(*before, *after, length)[1:-1]
            continue
        if before:
            n = min(fade_out, length)
            filled[start : start + n - 1] = _hermite(*before, *_still(before), n)[1:-1]
        if after:
            n = min(fade_in, length)
            filled[end - n + 1 : end] = _hermite(*_still(after), *after, n)[1:-1]
    return filled


Edge = tuple[Array, Array]  # value and slope per frame


def _edge(values: Array, pinned: Array, frame: int, inwards: int, least: Array | float) -> Edge | None:
    """Value and slope at the end of a pinned stretch; inwards: +1 if the stretch goes on to later frames."""
    if not 0 <= frame < len(values):
        return None
    inner = frame + inwards
    if not (0 <= inner < len(values) and pinned[inner]):
        return values[frame], np.zeros_like(values[frame])
    return values[frame], np.maximum(values[frame] - values[inner], least) * -inwards


def _still(edge: Edge) -> Edge:
    return np.zeros_like(edge[0]), np.zeros_like(edge[1])


def _fade_frames(edge: Edge | None, blend: int, acceleration: float) -> int:
    """A cubic from v to 0 over n frames accelerates by at most 6 v / n^2."""
    if edge is None:
        return 0
    return max(blend, int(np.ceil(np.sqrt(6 * np.linalg.norm(edge[0]) / acceleration))))


def _hermite(start: Array, start_slope: Array, end: Array, end_slope: Array, frames: int) -> Array:
    """Cubic Hermite curve (frames + 1, k) with the given values and slopes per frame at its ends."""
    u = np.linspace(0, 1, frames + 1)[:, None]
    return (
        (1 + 2 * u) * (1 - u) ** 2 * start
        + u * (1 - u) ** 2 * frames * start_slope
        + u**2 * (3 - 2 * u) * end
        - u**2 * (1 - u) * frames * end_slope
    )


def envelope(need: Array, reach: int) -> Array:
    """A smooth curve (T,) that is nowhere below `need` (T,): the maximum over +-reach frames, then a Hann-weighted mean
    over +-reach frames. It is 0 further than 2 reach from where something is needed."""
    if not need.any():
        return np.zeros_like(need)
    highest = need
    padded = np.pad(need, reach)
    for shift in range(2 * reach + 1):
        highest = np.maximum(highest, padded[shift : shift + len(need)])
    weights = np.hanning(2 * reach + 3)[1:-1]
    return np.convolve(np.pad(highest, reach, mode="edge"), weights / weights.sum(), mode="valid")


def rise(need: Array, fixed: Array, reach: int, late: float | Array) -> Array:
    """A smooth curve (T,) over what is needed (T,). It is 0 in fixed frames (T,), so beside them it may be late: up to
    `late`, a number or (T,), below the need."""
    need = np.where(fixed, 0.0, need)
    near = np.minimum(1, distance(fixed) / reach)
    smooth = envelope(need, reach) * near**2 * (3 - 2 * near)
    return np.maximum(smooth, need - late)


def distance(mask: Array) -> Array:
    """Frames (T,) to the nearest True of a mask (T,); infinite where there is none."""
    places = np.concatenate([[-np.inf], np.flatnonzero(mask), [np.inf]])
    frames = np.arange(len(mask))
    after = np.searchsorted(places, frames)
    return np.minimum(places[after] - frames, frames - places[after - 1])
