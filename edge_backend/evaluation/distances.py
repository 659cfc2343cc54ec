"""How varied a set of dances is, and how far it is from another set. Features are (clips, width)."""

import numpy as np
from scipy.spatial.distance import pdist, squareform

from ..motion.rotations import Array

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


def frechet_distance(features: Array, reference: Array) -> float:
    """FID (Heusel et al. 2017): squared Frechet distance of the normals through two sets; NaN below 2 clips.

    |m1 - m2|^2 + tr(S1 + S2 - 2 (S1^(1/2) S2 S1^(1/2))^(1/2)).
    """
    if min(len(features), len(reference)) < 2:
        return float("nan")
    means = features.mean(axis=0) - reference.mean(axis=0)
    one, other = (np.atleast_2d(np.cov(values, rowvar=False)) for values in (features, reference))
    values, vectors = np.linalg.eigh(one)
    root = vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
    cross = np.linalg.eigvalsh(root @ other @ root)
    return float(means @ means + np.trace(one) + np.trace(other) - 2 * np.sqrt(np.maximum(cross, 0.0)).sum())
