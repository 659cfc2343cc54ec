"""Metrics with intervals of a set of dances, such as those of one weights file, compared with reference motions."""

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
    """The metrics of one dance. features: kind -> (clips, width), of its complete 5 s clips."""

    name: str
    seconds: float
    metrics: dict[str, float]
    features: dict[str, Array]


@dataclass(frozen=True, slots=True)
class SetResult:
    """The metrics of a set.

    label: the set's name. estimates: metric name -> estimate. real: whether it is motion capture.
    """

    label: str
    dances: list[Measured]
    estimates: dict[str, Estimate]
    real: bool = False


def measure_dance(name: str, motion: Motion) -> Measured:
    """The metrics and features of one dance; the music's beats are motion.beats."""
    return Measured(name, motion.frames / Motion.fps, measure(motion), clip_features(motion.joints()))


def clip_features(joints: Array) -> dict[str, Array]:
    """Kind -> features (clips, width) of 5 s clips, 0 clips if the motion is shorter.

    joints: (T, 24, 3) metres, z up, 30 fps.
    """
    whole = [clip for clip in clips(joints) if len(clip) == CLIP]
    return {
        kind: np.stack([of(clip) for clip in whole]) if whole else np.zeros((0, len(of(np.zeros((4, 24, 3))))))
        for kind, of in FEATURES.items()
    }


def summarise(label: str, dances: Sequence[Measured], reference: dict[str, Array]) -> SetResult:
    """Means of the dances' metrics, and the set's Dist and FID, all with intervals.

    reference: kind -> features (clips, width), by which features are standardised and from which FID is computed.
    """
    estimates = mean_metrics(dances)
    owner = np.concatenate([np.full(len(dance.features["k"]), i) for i, dance in enumerate(dances)])
    clips_of = [np.flatnonzero(owner == i) for i in range(len(dances))]
    for kind, known in reference.items():
        found = normalised(np.concatenate([dance.features[kind] for dance in dances]), known)
        estimates |= _variety(kind, found, normalised(known, known), clips_of)
    return SetResult(label, list(dances), estimates)


def mean_metrics(dances: Sequence[Measured]) -> dict[str, Estimate]:
    """Mean of each metric over the dances that have it, with interval; metric name -> estimate."""
    names = dict.fromkeys(name for dance in dances for name in dance.metrics)
    return {name: _mean(np.array([dance.metrics.get(name, np.nan) for dance in dances])) for name in names}


def _mean(values: Array) -> Estimate:
    """Mean with interval over the dances that have the metric."""
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
