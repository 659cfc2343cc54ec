"""Beat alignment of a dance while it is sampled, before the dance of returning sections is taken from it."""

from dataclasses import dataclass, field

import numpy as np

from ..motion.beat_alignment import aligned_places, retimed
from ..motion.motion import Motion
from ..numerics.array import Array
from .postprocess import LOOK_BACK


@dataclass
class BeatTiming:
    """Aligns one dance with its beats, in one call or incrementally; frames that are final keep their timing.

    beats: (n,) seconds from the first frame. begins_bar: (n,) bool. amount: as in align_to_beats.
    """

    beats: Array
    begins_bar: Array
    amount: float
    _places: Array = field(default_factory=lambda: np.zeros(0), init=False)  # of the final frames

    def of(self, frames: Array) -> "BeatTiming":
        """The timing of the dance of these frames (T,) bool alone, one after the other."""
        at = (self.beats * Motion.fps).astype(int)
        inside = at < len(frames)
        inside[inside] = frames[at[inside]]
        before = np.cumsum(frames) - 1 - np.arange(len(frames))
        shift = before[at[inside]] / Motion.fps
        return BeatTiming(self.beats[inside] + shift, self.begins_bar[inside], self.amount)

    def aligned(self, sampled: Motion, final: int) -> Motion:
        """The sampled motion, more of it in each call, on its beats up to before the frame `final`; these are final."""
        known = len(self._places)
        places = np.arange(sampled.frames, dtype=np.float64)
        places[:known] = self._places
        if final > known:
            first = max(known - LOOK_BACK, 0)
            frame = np.arange(first, sampled.frames)
            fixed = (frame < known) | (frame >= final - (final < sampled.frames))  # the last final frame is not retimed
            inside = (self.beats >= first / Motion.fps) & (self.beats < sampled.frames / Motion.fps)
            beats = self.beats[inside] - first / Motion.fps
            found = aligned_places(sampled.part(slice(first, None)), beats, self.amount, fixed, self.begins_bar[inside])
            if found is not None:
                places[known:final] = first + found[known - first : final - first]
            self._places = places[:final]
        return retimed(sampled, places)
