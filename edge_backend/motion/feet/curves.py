"""Smooth curves over time: least-squares fits, interpolation between pinned frames, and upper envelopes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...numerics.array import Array
from ...numerics.banded import add_bending, solve_pentadiagonal
from ...numerics.hermite import hermite_basis
from ...numerics.intervals import distance, runs


def fit_curve(place_weight: Array, place: Array, step_weight: Array, step: Array, stiffness: float) -> Array:
    """The curve x (T, k) that minimises

        sum w_t |x_t - place_t|^2 + sum v_t |x_(t+1) - x_t - step_t|^2 + stiffness sum |x_(t+1) - 2 x_t + x_(t-1)|^2.

    place_weight: (T,) w, some above 0. place: (T, k). step_weight: (T - 1,) v. step: (T - 1, k). The last sum penalises
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
    add_bending(diagonal, first, second, stiffness)
    return solve_pentadiagonal(diagonal, first, second, right)


def bridge(values: Array, pinned: Array, blend: int, acceleration: float, least: Array | float = -np.inf) -> Array:
    """Values (T, k) with the frames that are not pinned filled by cubics.

    values: (T, k), read where pinned, bool (T,), is True. Beside a pinned interval the curve starts with the interval's
    own slope and fades to 0 over `blend` frames, or more frames if that would take more than `acceleration` (per frame
    squared). If the next pinned interval comes sooner, one cubic connects the two. least: a number or (k,), a lower
    bound of the slope per frame, away from the interval, with which the curve starts.
    """
    filled = np.where(pinned[:, None], values, 0.0)
    cubics: list[_Cubic] = []
    for start, end in runs(~pinned):
        before = _edge(values, pinned, start - 1, -1, least)
        after = _edge(values, pinned, end, 1, least)
        fade_out, fade_in = (_fade_frames(edge, blend, acceleration) for edge in (before, after))
        length = end - start + 1
        if before and after and fade_out + fade_in > length:
            cubics.append(_Cubic(start - 1, length, *before, *after))
            continue
        if before:
            cubics.append(_Cubic(start - 1, min(fade_out, length), *before, *_still(before)))
        if after:
            frames = min(fade_in, length)
            cubics.append(_Cubic(end - frames, frames, *_still(after), *after))
    if cubics:
        _draw(filled, cubics)
    return filled


Edge = tuple[Array, Array]  # value and slope per frame


class _Cubic(NamedTuple):
    """A cubic over `frames` frames from frame `first`: values and slopes per frame (k,) at both ends."""

    first: int
    frames: int
    start: Array
    start_slope: Array
    end: Array
    end_slope: Array


def _draw(values: Array, cubics: Sequence[_Cubic]) -> None:
    """Evaluate cubics between their ends and write them into values (T, k), all at once."""
    first, frames = np.array([(cubic.first, cubic.frames) for cubic in cubics]).T
    number = np.repeat(np.arange(len(cubics)), frames - 1)
    place = np.arange(len(number)) - np.repeat(np.cumsum(frames - 1) - (frames - 1), frames - 1) + 1
    start, start_slope, end, end_slope = (np.array(ends)[number] for ends in list(zip(*cubics, strict=True))[2:])
    length = frames[number, None]
    here, there, slope_here, slope_there = hermite_basis(place[:, None] / length)
    values[first[number] + place] = (
        here * start + there * end + slope_here * length * start_slope + slope_there * length * end_slope
    )


def _edge(values: Array, pinned: Array, frame: int, inwards: int, least: Array | float) -> Edge | None:
    """Value and slope per frame at the end of a pinned interval. inwards: +1 if the interval is later than `frame`."""
    if not 0 <= frame < len(values):
        return None
    inner = frame + inwards
    if not (0 <= inner < len(values) and pinned[inner]):
        return values[frame], np.zeros_like(values[frame])
    return values[frame], np.maximum(values[frame] - values[inner], least) * -inwards


def _still(edge: Edge) -> Edge:
    return np.zeros_like(edge[0]), np.zeros_like(edge[1])


def _fade_frames(edge: Edge | None, blend: int, acceleration: float) -> int:
    """The length of a fade to 0. A cubic from v to 0 over n frames has an acceleration of at most 6 v / n^2."""
    if edge is None:
        return 0
    return max(blend, int(np.ceil(np.sqrt(6 * np.linalg.norm(edge[0]) / acceleration))))


def envelope(need: Array, reach: int) -> Array:
    """A smooth curve (T,) >= need (T,): the maximum over +-reach frames, then a Hann-weighted mean over +-reach frames.

    need: (T,), >= 0. The curve is 0 at more than 2 reach frames from a non-zero need.
    """
    if not need.any():
        return np.zeros_like(need)
    highest = need
    padded = np.pad(need, reach)
    for shift in range(2 * reach + 1):
        highest = np.maximum(highest, padded[shift : shift + len(need)])
    weights = np.hanning(2 * reach + 3)[1:-1]
    return np.convolve(np.pad(highest, reach, mode="edge"), weights / weights.sum(), mode="valid")


def rise(need: Array, pinned: Array, reach: int, late: float | Array) -> Array:
    """A smooth curve (T,), like `envelope`, that is 0 in pinned frames.

    need: (T,), >= 0. pinned: bool (T,). Beside pinned frames the curve may be below the need by up to late, a number or
    (T,), so that it can start at 0.
    """
    need = np.where(pinned, 0.0, need)
    near = np.minimum(1, distance(pinned) / reach)
    smooth = envelope(need, reach) * near**2 * (3 - 2 * near)
    return np.maximum(smooth, need - late)
