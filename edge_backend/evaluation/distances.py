"""How varied a set of dances is, and how far it is from another set. Features are (clips, width)."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.spatial.distance import pdist, squareform

from ..numerics.array import Array

CONSTANT = 1e-6  # a feature whose standard deviation in the reference is below this tells nothing, and is left out


def normalised(features: Array, reference: Array) -> Array:
    """The features in standard deviations of the reference around its mean, without those that are constant there."""
    spread = reference.std(axis=0)
    kept = spread > CONSTANT
    return (features[:, kept] - reference[:, kept].mean(axis=0)) / spread[kept]


def pair_distances(features: Array) -> Array:
    """Distances (clips, clips) of every clip from every other."""
    return squareform(pdist(features))


def mean_distance(distances: Array, chosen: Array) -> float:
    """Dist (Li et al. 2021; Tseng et al. 2023): mean distance of pairs among the chosen clips; NaN without a pair.

    distances: (clips, clips). chosen: clip numbers, some perhaps several times; a clip and itself are no pair.
    """
    pairs = chosen[:, None] != chosen
    return float(distances[np.ix_(chosen, chosen)].sum() / pairs.sum()) if pairs.any() else float("nan")


@dataclass(frozen=True, slots=True)
class Normal:
    """The normal distribution through a set. root: of its covariance."""

    mean: Array
    covariance: Array
    root: Array

    @classmethod
    def through(cls, features: Array) -> Self:
        """Through at least two clips."""
        covariance = _covariance(features)
        values, vectors = np.linalg.eigh(covariance)
        return cls(features.mean(axis=0), covariance, vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T)


def frechet_distance(features: Array, reference: Normal) -> float:
    """FID (Heusel et al. 2017): squared Frechet distance of the normals through two sets; NaN below 2 clips.

    |m1 - m2|^2 + tr(S1 + S2 - 2 (S1^(1/2) S2 S1^(1/2))^(1/2)).
    """
    if len(features) < 2:
        return float("nan")
    apart = features.mean(axis=0) - reference.mean
    covariance = _covariance(features)
    cross = np.linalg.eigvalsh(reference.root @ covariance @ reference.root)
    shared = np.sqrt(np.maximum(cross, 0.0)).sum()
    return float(apart @ apart + np.trace(covariance) + np.trace(reference.covariance) - 2 * shared)


def _covariance(features: Array) -> Array:
    return np.atleast_2d(np.cov(features, rowvar=False))
