"""Tests whether the style of a dance can be predicted from its rendered music, which it must not: users choose it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_backend.audio.rhythm import CHANNELS

Array = NDArray[np.floating]

_PREDICTORS = [CHANNELS.index(name) for name in ("tempo", "onset_low", "onset_mid", "onset_high", "loudness")]


def style_accuracy(songs: Sequence[Array], styles: Sequence[str], pieces: Sequence[int]) -> float:
    """Accuracy with which tempo, density and loudness predict the style, mean over styles; chance is 1 / styles.

    songs: rhythm channels (frames, 12) each. styles, pieces: of each song. A Gaussian for each style (quadratic
    discriminant with a common floor of variance), fitted on all songs but those of the same piece.
    """
    values = np.array([song[:, _PREDICTORS].mean(axis=0) for song in songs], dtype=np.float64)
    values = (values - values.mean(axis=0)) / (values.std(axis=0) + 1e-9)
    names, style = np.unique(styles, return_inverse=True)
    right: list[list[bool]] = [[] for _ in names]
    for piece in np.unique(pieces):
        own = np.asarray(pieces) == piece
        likelihoods = [_log_likelihood(values[own], values[~own & (style == k)]) for k in range(len(names))]
        for truth, named in zip(style[own], np.argmax(likelihoods, axis=0), strict=True):
            right[truth].append(bool(truth == named))
    return float(np.mean([np.mean(found) for found in right]))


def _log_likelihood(values: Array, known: Array) -> Array:
    """Of values (n, d) under a Gaussian with independent dimensions through known (m, d); -inf without any."""
    if not len(known):
        return np.full(len(values), -np.inf)
    variance = known.var(axis=0) + 0.05
    found: Array = -0.5 * (((values - known.mean(axis=0)) ** 2 / variance) + np.log(variance)).sum(axis=1)
    return found
