"""Cuts motions into the 5 s clips on which metrics are computed, as in the EDGE paper."""

from ..numerics.array import Array
from ..schema.frames import FPS

CLIP, STRIDE = 5 * FPS, 5 * FPS // 2  # frames


def clips(joints: Array) -> list[Array]:
    """Clips (150, 24, 3) of joints (T, 24, 3), starting every 2.5 s; joints themselves if they are shorter than 5 s."""
    starts = range(0, len(joints) - CLIP + 1, STRIDE)
    return [joints[start : start + CLIP] for start in starts] or [joints]
