"""A set of dances, such as those of one weights file: its metrics with intervals, against reference motions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..motion.motion import Motion
from ..numerics.array import Array
from .clips import CLIP, clips
from .distances import Normal, frechet_distance, mean_distance, normalised, pair_distances
from .geometric import geometric_features
from .intervals import Estimate, bootstrap
from .kinetic import kinetic_features, published_kinetic_features
from .measure import measure

FEATURES = {"k": kinetic_features, "k_published": published_kinetic_features, "g": geometric_features}


@dataclass(frozen=True, slots=True)
class Measured:
    """One dance. features: by kind, (clips, width), of its whole 5 s clips."""

    name: str
    seconds: float
    metrics: dict[str, float]
    features: dict[str, Array]


@dataclass(frozen=True, slots=True)
class SetResult:
    """label: what the dances share. estimates: by metric name."""

    label: str
    dances: list[Measured]
    estimates: dict[str, Estimate]


def measure_dance(name: str, motion: Motion) -> Measured:
    """Everything about one dance that comparisons need; its music's beats are those that it carries."""
    return Measured(name, motion.frames / Motion.fps, measure(motion), clip_features(motion.joints()))


def clip_features(joints: Array) -> dict[str, Array]:
    """The features of each kind, (clips, width); a motion below 5 s has no clip. joints: (T, 24, 3) m, z up, 30 fps."""
    whole = [clip for clip in clips(joints) if len(clip) == CLIP]
    return {
        kind: np.stack([of(clip) for clip in whole]) if whole else np.zeros((0, len(of(np.zeros((4, 24, 3))))))
        for kind, of in FEATURES.items()
    }


def summarise(label: str, dances: Sequence[Measured], reference: dict[str, Array]) -> SetResult:
    """Means of the dances' own metrics, and the set's variety and distance from the reference, all with intervals.

    reference: features by kind, (clips, width), of the motions that FID compares with and that features are scaled by.
    """
    names = dict.fromkeys(name for dance in dances for name in dance.metrics)
    estimates = {name: _mean(np.array([dance.metrics.get(name, np.nan) for dance in dances])) for name in names}
    owner = np.concatenate([np.full(len(dance.features["k"]), i) for i, dance in enumerate(dances)])
    clips_of = [np.flatnonzero(owner == i) for i in range(len(dances))]
    for kind, known in reference.items():
        found = normalised(np.concatenate([dance.features[kind] for dance in dances]), known)
        estimates |= _variety(kind, found, normalised(known, known), clips_of)
    return SetResult(label, list(dances), estimates)


def _mean(values: Array) -> Estimate:
    """Of the dances that have the metric."""
    values = values[np.isfinite(values)]
    return bootstrap(lambda chosen: float(values[chosen].mean()) if len(values) else float("nan"), len(values))


def _variety(kind: str, found: Array, known: Array, clips_of: list[Array]) -> dict[str, Estimate]:
    distances, real = pair_distances(found), Normal.through(known)

    def clips_in(chosen: Array) -> Array:
        return np.concatenate([clips_of[dance] for dance in chosen])

    return {
        f"dist_{kind}": bootstrap(lambda chosen: mean_distance(distances, clips_in(chosen)), len(clips_of)),
        f"fid_{kind}": bootstrap(lambda chosen: frechet_distance(found[clips_in(chosen)], real), len(clips_of)),
    }
