"""The stretches of 5 s that dances are compared on, as in the EDGE paper."""

from ..numerics.array import Array
from ..schema.frames import FPS

CLIP, STRIDE = 5 * FPS, 5 * FPS // 2  # frames


def clips(joints: Array) -> list[Array]:
    """Stretches of 5 s, 2.5 s apart, of joints (T, 24, 3); the whole where it is shorter than 5 s."""
    starts = range(0, len(joints) - CLIP + 1, STRIDE)
    return [joints[start : start + CLIP] for start in starts] or [joints]
