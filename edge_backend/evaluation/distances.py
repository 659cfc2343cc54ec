"""Diversity of a set of dances (Dist), and its distance from another set (FID). Features are (clips, width)."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.spatial.distance import pdist, squareform

from ..numerics.array import Array

CONSTANT = 1e-6  # features with a smaller standard deviation in the reference are omitted


def normalised(features: Array, reference: Array) -> Array:
    """Features (clips, width) standardised by mean and deviation of the reference, without those constant there."""
    spread = reference.std(axis=0)
    varying = spread > CONSTANT
    return (features[:, varying] - reference[:, varying].mean(axis=0)) / spread[varying]


def pair_distances(features: Array) -> Array:
    """Euclidean distances (clips, clips) between all pairs of clips."""
    return squareform(pdist(features))


def mean_distance(distances: Array, chosen: Array) -> float:
    """Dist (Li et al. 2021; Tseng et al. 2023): mean distance over pairs of the chosen clips; NaN without a pair.

    distances: (clips, clips). chosen: (n,) clip numbers, possibly with repeats; a clip is not paired with itself.
    """
    pairs = chosen[:, None] != chosen
    return float(distances[np.ix_(chosen, chosen)].sum() / pairs.sum()) if pairs.any() else float("nan")


@dataclass(frozen=True, slots=True)
class Normal:
    """A normal distribution fitted to features. mean: (width,). covariance and its square root: (width, width)."""

    mean: Array
    covariance: Array
    root: Array

    @classmethod
    def through(cls, features: Array) -> Self:
        """Fit to features of at least two clips."""
        covariance = _covariance(features)
        values, vectors = np.linalg.eigh(covariance)
        return cls(features.mean(axis=0), covariance, vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T)


def frechet_distance(features: Array, reference: Normal) -> float:
    """FID (Heusel et al. 2017): squared Frechet distance of normal distributions; NaN with fewer than 2 clips.

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
