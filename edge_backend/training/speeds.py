"""How fast and how jerkily the styles of a training pack are danced.

Weights carry it, so that an energy means the same in every style, and no style is noisier than its dancers were.
"""

from typing import Any

import numpy as np
import torch

from ..evaluation.smoothness import jitter
from ..model.controls import ANY_STYLE, STYLES
from ..motion.motion import Motion
from ..numerics.array import Array
from .pack import DanceSet

QUANTILES = 11  # at equal distances, from 0 to 1
_VARIANTS = 40  # of a style, at most, whose jitter is measured


def captured_speeds(dances: DanceSet) -> dict[str, dict[str, Any]]:
    """Style -> "captured", quantiles of the speeds, m/s, and "jitter", m/s^3, of the part that is trained on.

    The style "any" has none.
    """
    frame_style = torch.repeat_interleave(dances.style, dances.length)
    train = ~torch.repeat_interleave(dances.holdout, dances.length)
    found: dict[str, dict[str, Any]] = {}
    for number, style in enumerate(STYLES):
        speeds = dances.speed[train & (frame_style == number)]
        if style != ANY_STYLE and len(speeds):
            variants = torch.nonzero((dances.style == number) & ~dances.holdout)[:, 0].tolist()
            found[style] = {"captured": quantiles(speeds.cpu().numpy()), "jitter": _jitter(dances, variants)}
    return found


def quantiles(speeds: Array) -> list[float]:
    """QUANTILES quantiles of speeds (n,), to a tenth of a millimetre per second."""
    return [round(float(value), 4) for value in np.quantile(speeds, np.linspace(0, 1, QUANTILES))]


def _jitter(dances: DanceSet, variants: list[int]) -> float:
    """Mean jerk of all joints, m/s^3, over at most _VARIANTS of the variants, each weighted by its length."""
    total, frames = 0.0, 0
    for variant in variants[:: -(-len(variants) // _VARIANTS)]:
        start, length = int(dances.start[variant]), int(dances.length[variant])
        motion = Motion.from_vectors(dances.vectors[start : start + length].cpu().numpy())
        total, frames = total + jitter(motion.joints()) * length, frames + length
    return round(total / frames, 1)
