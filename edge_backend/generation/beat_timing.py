"""Beat alignment of a dance while it is sampled, before the dance of returning sections is taken from it."""

from dataclasses import dataclass, field

import numpy as np

from ..motion.beat_alignment import motion_beats, places_on_the_beat, pulse, retimed
from ..motion.motion import Motion, joined
from ..numerics.array import Array
from .postprocess import LOOK_BACK

BESIDE = 2  # frames before a place that interpolation uses


@dataclass
class BeatTiming:
    """Aligns one dance with its beats, in one call or incrementally; frames that are final keep their timing.

    beats: (n,) seconds from the first frame. begins_bar: (n,) bool. amount: as in align_to_beats.
    """

    beats: Array
    begins_bar: Array
    amount: float
    _places: Array = field(default_factory=lambda: np.zeros(0), init=False)  # of the final frames, without the pulse
    _final: Motion | None = field(default=None, init=False)

    def of(self, frames: Array) -> "BeatTiming":
        """The timing of the dance of these frames (T,) bool alone, one after the other."""
        at = (self.beats * Motion.fps).astype(int)
        inside = at < len(frames)
        inside[inside] = frames[at[inside]]
        before = np.cumsum(frames) - 1 - np.arange(len(frames))
        shift = before[at[inside]] / Motion.fps
        return BeatTiming(self.beats[inside] + shift, self.begins_bar[inside], self.amount)

    def aligned(self, sampled: Motion, final: int) -> Motion:
        """The sampled motion, more of it in each call, on its beats; those before the frame `final` are final."""
        if not self.amount or not len(self.beats):
            return sampled
        known, places = len(self._places), self._found(sampled)
        seconds = np.arange(sampled.frames) / Motion.fps
        shown = places + Motion.fps * pulse(seconds, self.beats) - seconds * Motion.fps
        at = (seconds * Motion.fps + self.amount * shown)[known:]
        first = max(int(at.min(initial=known)) - BESIDE, 0)
        later = retimed(sampled.part(slice(first, None)), at - first)
        motion = joined([self._final, later]) if self._final else later
        final = max(final, known)
        self._places, self._final = places[:final], motion.part(slice(final))
        return motion

    def _found(self, sampled: Motion) -> Array:
        """Places as of `places_on_the_beat`, of all frames, which continue those of the final ones."""
        known = len(self._places)
        first = max(known - LOOK_BACK, 0)
        frame = np.arange(first, sampled.frames)
        part = sampled.part(slice(first, None))
        inside = (self.beats >= first / Motion.fps) & (self.beats < sampled.frames / Motion.fps)
        found = places_on_the_beat(
            motion_beats(part.joints()) if part.frames > 2 else np.zeros(0),
            self.beats[inside] - first / Motion.fps,
            frame < known,
            self.begins_bar[inside],
            known=self._places[first:] - first,
        )
        return np.concatenate([self._places, first + (frame if found is None else found)[known - first :]])
