"""Measures speed, jitter and floor work of each style in a training pack.

The values are stored with the weights. generation.energy uses them to give energies the same meaning in every style,
and to smooth a style to the jitter of its data.
"""

from typing import Any

import numpy as np
import torch

from ..evaluation.smoothness import jitter, low_share
from ..model.controls import ANY_STYLE, STYLES
from ..motion.motion import Motion
from ..numerics.array import Array
from .pack import DanceSet

QUANTILES = 11  # at equal distances, from 0 to 1
_VARIANTS = 40  # of a style, at most, whose jitter is measured


def captured_speeds(dances: DanceSet) -> dict[str, dict[str, Any]]:
    """Measurements of the training part by style, without "any".

    Style -> "captured": quantiles of the speeds, m/s; "jitter": m/s^3; "low": share of frames with a low pelvis.
    """
    frame_style = torch.repeat_interleave(dances.style, dances.length)
    train = ~torch.repeat_interleave(dances.holdout, dances.length)
    found: dict[str, dict[str, Any]] = {}
    for number, style in enumerate(STYLES):
        speeds = dances.speed[train & (frame_style == number)]
        if style != ANY_STYLE and len(speeds):
            variants = torch.nonzero((dances.style == number) & ~dances.holdout)[:, 0].tolist()
            found[style] = {"captured": quantiles(speeds.cpu().numpy())} | _means(dances, variants)
    return found


def quantiles(speeds: Array) -> list[float]:
    """QUANTILES quantiles of speeds (n,), to a tenth of a millimetre per second."""
    return [round(float(value), 4) for value in np.quantile(speeds, np.linspace(0, 1, QUANTILES))]


def _means(dances: DanceSet, variants: list[int]) -> dict[str, float]:
    """Jitter and low share over at most _VARIANTS of the variants, each weighted by its length."""
    found, frames = [], []
    for variant in variants[:: -(-len(variants) // _VARIANTS)]:
        start, length = int(dances.start[variant]), int(dances.length[variant])
        joints = Motion.from_vectors(dances.vectors[start : start + length].cpu().numpy()).joints()
        found.append((jitter(joints), low_share(joints)))
        frames.append(length)
    means = np.average(found, axis=0, weights=frames)
    return {"jitter": round(float(means[0]), 1), "low": round(float(means[1]), 4)}
