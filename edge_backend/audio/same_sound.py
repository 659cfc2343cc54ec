"""Samples as the key of what is worked out from them: two songs with the same sound are the same."""

import hashlib

import numpy as np

from .loading import Audio


class SameSound:
    """Equal where rate and samples are; the samples are let go when they have been taken."""

    def __init__(self, audio: Audio) -> None:
        self._audio: Audio | None = audio
        samples = np.ascontiguousarray(audio.samples).data
        self._digest = hashlib.blake2b(samples, person=str(audio.rate).encode()).digest()

    def take(self) -> Audio:
        """The audio, once: a cache that holds this key holds no samples."""
        audio, self._audio = self._audio, None
        assert audio is not None  # noqa: S101 - for the type checker: a cache works each song out once
        return audio

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameSound) and self._digest == other._digest

    def __hash__(self) -> int:
        return hash(self._digest)
